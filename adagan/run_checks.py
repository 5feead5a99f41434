"""Whether the parts of a run folder are what they are to be, and fit each other: anybody may have written them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import lowest, parts, summed
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.sampling.sampler import evaluating
from adagan.mixtures.storage.records import LARGEST
from adagan.mixtures.storage.restoring import PROBES, draws

MOST_ENTRIES = 2**31
"""Of an event: more do not fit anywhere."""
FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "seed": int,
    "num_points": int,
    "event_shape": list,
    "data": str,
    "weights": str,
    "labels": (str, type(None)),
    "rounds": list,
}
OPTIONAL: Mapping[str, type | tuple[type, ...]] = {
    "made_with": (dict, type(None)),
    "critic": dict,
    "kept": int,
    "stopped": str,
    "is_refined": bool,
    "refinement": str,
    "wanted": (int, str),
    "encoding": dict,
    "names": list,
}


def check_fields(content: Mapping[str, Any], path: Path) -> None:
    """Makes sure that ``run.json`` says what it is to say.

    Raises:
        UserError: It lacks something, or has something else in its place.
    """
    lacking = [name for name in FIELDS if name not in content]
    if lacking:
        raise UserError(f"{path} is damaged: it lacks {', '.join(lacking)}")
    for name, kind in {**FIELDS, **OPTIONAL}.items():
        if name in content and (
            not isinstance(content[name], kind) or isinstance(content[name], bool) != (kind is bool)
        ):
            raise _damaged(path, name, content[name])
    shape, rounds = content["event_shape"], content["rounds"]
    for name in ("seed", "num_points"):
        if not 0 <= content[name] < LARGEST:
            raise _damaged(path, name, content[name])
    entries = 1
    for size in shape:
        if not isinstance(size, int) or isinstance(size, bool) or not 0 < size * entries < MOST_ENTRIES:
            raise _damaged(path, "event_shape", shape)
        entries *= size
    if "kept" in content and not 1 <= content["kept"] <= len(rounds):
        raise _damaged(path, "kept", content["kept"])


def _damaged(path: Path, name: str, value: Any) -> UserError:
    return UserError(f"{path} is damaged: its {name} is {value!r:.60}; restore it from a copy")


def _tensor(tensors: Mapping[str, Tensor], name: str, path: Path, shape: Sequence[int | None]) -> Tensor:
    """A stored tensor of a shape, of which ``None`` is any size; finite where it is no whole number."""
    found = tensors.get(name)
    if found is None:
        raise UserError(f"{path} is damaged: it lacks {name}")
    fits = found.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, found.shape, strict=True))
    if not fits:
        raise UserError(
            f"{path} does not fit the run: its {name} has shape {tuple(found.shape)}; files of different runs lie in "
            "one folder"
        )
    if found.is_complex() or (found.is_floating_point() and any(bool(part.isnan().any()) for (part,) in parts(found))):
        raise UserError(f"{path} is damaged: its {name} has values that are no real numbers; restore it from a copy")
    return found


def checked_preview(
    tensors: Mapping[str, Tensor], path: Path, num_points: int, event_shape: tuple[int, ...]
) -> tuple[Tensor, Tensor, Tensor]:
    """The preview's points, their row numbers and their weights."""
    rows = _tensor(tensors, "rows", path, (None,))
    data = _tensor(tensors, "data", path, (len(rows), *event_shape))
    weights = _tensor(tensors, "weights", path, (len(rows),))
    inside = len(rows) > 0 and rows.dtype == torch.int64 and int(rows.min()) >= 0 and int(rows.max()) < num_points
    if not inside or not data.is_floating_point() or not bool(torch.isfinite(data).all()):
        raise UserError(f"{path} is damaged: its points are no rows of the run's data; restore it from a copy")
    if not bool((weights >= 0).all()):
        raise UserError(f"{path} is damaged: its weights are negative; restore it from a copy")
    return data, rows, weights


def checked_weights(tensors: Mapping[str, Tensor], path: Path, num_points: int) -> Tensor:
    """A round's data weights, shape (num_points,)."""
    values = _tensor(tensors, "values", path, (num_points,))
    are_shares = values.dtype == torch.float64 and bool(lowest(values) >= 0)
    if not are_shares or not abs(float(summed(torch.sum, values)) - 1) < 1e-3:
        raise UserError(f"{path} is damaged: its data weights are no shares; restore it from a copy")
    return values


def checked_ratios(tensors: Mapping[str, Tensor], path: Path, shape: tuple[int, int]) -> Tensor:
    """A round's log ratios at the preview's points."""
    return _tensor(tensors, "preview_log_ratios", path, shape)


def check_draws(components: Sequence[Any], event_shape: tuple[int, ...], folder: Path) -> None:
    """Makes sure that what was restored draws events like the run's data.

    Raises:
        UserError: A component draws something else, or fails.
    """
    for index, component in enumerate(components, start=1):
        name = f"{folder}: component {index}, {type(component).__name__},"
        try:
            with evaluating(component), isolated_randomness(0), torch.no_grad():
                drawn = draws(component)[0]
        except Exception as error:  # whatever a class does with values that are not its own
            raise UserError(f"{name} does not draw when restored ({error}); restore the file from a copy") from error
        if drawn.shape != (PROBES, *event_shape):
            raise UserError(
                f"{name} draws events of shape {tuple(drawn.shape[1:])}, the run's data have {event_shape}; files of "
                "different runs lie in one folder"
            )
        if not bool(torch.isfinite(drawn).all()):
            raise UserError(f"{name} draws NaN or infinite values; restore its file from a copy")
