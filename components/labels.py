"""Labels, checked: the classes of points, from 0, and −1 for points without one."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.components.contract import learns_labels, name_of
from adagan.mixtures.errors import UserError, UserTypeError

FEW_CLASSES = 10_000
"""So many classes may be numbered with gaps, whatever the number of points: each takes memory."""
UNLABELLED = -1
"""The label of a point whose class is not known."""


def as_classes(labels: Tensor | None, num_points: int, name: str) -> Tensor:
    """Labels as int64, shape (N,), checked; `name` is the component's, for the messages.

    Raises:
        ValueError: No labels, a wrong number of them, no whole numbers from −1, or nothing but −1.
    """
    if labels is None:
        raise UserError(
            f"labels: {name} learns classes, so it needs the class of every point, {UNLABELLED} where it is not known; "
            "pass labels=, shape (N,)"
        )
    given = torch.as_tensor(labels)
    if given.shape != (num_points,):
        raise UserError(f"labels: expected {num_points} labels, one per row of data, got shape {tuple(given.shape)}")
    whole = given.to(torch.int64)
    if given.is_complex() or not torch.equal(whole.to(given.dtype), given):
        raise UserError("labels: expected classes as whole numbers from 0; encode names or fractions as such first")
    lowest, highest = (int(extreme) for extreme in whole.aminmax())
    if lowest < UNLABELLED:
        raise UserError(f"labels: expected classes from 0, and {UNLABELLED} for unlabelled rows, got {lowest}")
    if highest == UNLABELLED:
        raise UserError(
            f"labels: every row is unlabelled, so there is no class to learn; {name} needs some that are not"
        )
    if highest >= max(len(whole), FEW_CLASSES):
        raise UserError(
            f"labels: expected classes numbered from 0 without large gaps, got {highest} among {len(whole)} labels; "
            "number them by numpy.unique(labels, return_inverse=True)[1]"
        )
    return whole


def refuse_labels(component: object, labels: object) -> None:
    """Makes sure that labels, if there are any, have somebody to learn from them.

    Raises:
        TypeError: The component does not declare ``learns_labels = True``.
    """
    if labels is not None and not learns_labels(component):
        name = name_of(component)
        said = f" (Wrapped({name}(), labels=...) does)" if hasattr(component, "generator") else ""
        raise UserTypeError(
            f"labels: {name} learns nothing from labels, it does not declare learns_labels = True{said}; leave labels "
            f"out, or take a conditional component, such as ClassConditional({name})"
        )


def check_num_classes(labels: Tensor, num_classes: int | None) -> int:
    """The number of classes: what is expected, or one more than the largest label where nothing is.

    Args:
        labels: From −1, whole numbers, shape (N,).
        num_classes: C, if labels from C on are to be refused.

    Raises:
        ValueError: A label from C on.
    """
    found = int(labels.max()) + 1
    if num_classes is not None and found > num_classes:
        raise UserError(
            f"labels: expected classes from 0 to {num_classes - 1}, the last of num_classes; got {found - 1}"
        )
    return num_classes or found


def shares_by_weight(labels: Tensor, weights: Tensor, num_classes: int = 0) -> Tensor:
    """The classes' shares of the weight, sum 1, on the CPU; points without a class, −1, do not count.

    Args:
        labels: From −1, whole numbers, shape (N,).
        weights: Non-negative, shape (N,).
        num_classes: C at least; classes above the largest label have the share 0.

    Raises:
        ValueError: All the weight lies on such points.
    """
    mass = torch.bincount(labels.clamp(min=0), weights.masked_fill(labels < 0, 0.0), num_classes).cpu()
    if float(mass.sum()) == 0:
        raise UserError(
            "weights: all the weight lies on unlabelled points, so that no class can be learnt; label more of the "
            "points, or give the labelled ones more weight"
        )
    return mass / mass.sum()
