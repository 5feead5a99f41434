"""Data sets, loaders and data modules, read once, large ones into a file: boosting weighs rows, so it knows all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Protocol, TypeAlias, TypeVar, cast, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    default_collate,
)

from adagan.components.contract import learns_labels
from adagan.mixtures.arguments import shared
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.large_arrays import PART, filled, give_back, room
from adagan.mixtures.randomness import isolated_randomness


@runtime_checkable
class DataModule(Protocol):
    """What is asked of a ``LightningDataModule``, said here so that Lightning need not be imported for it."""

    def prepare_data(self) -> None: ...

    def setup(self, stage: str) -> None: ...

    def train_dataloader(self) -> Any: ...

    def teardown(self, stage: str) -> None: ...


DataSource: TypeAlias = Dataset[Any] | DataLoader[Any] | DataModule
"""What holds rows and is no array."""
Block: TypeAlias = tuple[Tensor, Tensor | None]
"""Points (B, *event), and the second entries of pairs (B, ...) if they are numbers."""
SEED = 0
"""Of splits, transforms and the like: a run goes on with the data that it began with."""
Fit = TypeVar("Fit", bound=Callable[..., Any])


def takes_data_sources(fit: Fit) -> Fit:
    """Lets the ``fit`` of a component take a data source as ``data``.

    Of pairs (x, y), the y are the labels of a component that learns labels, where none are passed by name; for all
    others they are left out, as data sets come with labels whether they are wanted or not.
    """

    @wraps(fit)
    def taking(self: Any, data: Any, *, weights: Any = None, labels: Any = None) -> Any:
        points, own = tensors_of(data)
        if isinstance(points, np.ndarray | list | tuple):
            points = shared(np.asarray(points))
            points = points if points.is_floating_point() else filled(Tensor.float, points)
        if labels is None and learns_labels(self):
            labels = own
        return fit(self, points, weights=weights, labels=labels)

    return cast(Fit, taking)


def tensors_of(data: Any) -> tuple[Any, Tensor | None]:
    """The points of a data source, shape (N, *event), and what they are paired with; other data as they are.

    Every item is read once, in the order of the data set, so that weights and labels that are passed by name belong to
    it: of a loader the data set and the ``collate_fn`` are taken, not the order and not the size of minibatches. Of a
    data module it is the loader of ``train_dataloader``. Whatever is random in that has one seed: a source reads the
    same every time.

    Args:
        data: A map-style ``Dataset`` whose items are points or pairs (x, y), a ``DataLoader`` of one, or a
            ``LightningDataModule``; tensors, arrays and tables are handed on.

    Raises:
        TypeError: Items that are no numbers, neither points nor pairs; a data set that cannot be indexed.
        ValueError: No items, items of different shapes, a sampler that chooses among the rows.
    """
    if not isinstance(data, Dataset | DataLoader | DataModule):
        return data, None
    with isolated_randomness(SEED):
        if isinstance(data, DataModule):
            return _of_module(data)
        return _of_loader(data) if isinstance(data, DataLoader) else _read(data, None, 1)


def _of_module(module: DataModule) -> Block:
    module.prepare_data()
    module.setup("fit")
    loader = module.train_dataloader()
    if not isinstance(loader, DataLoader):
        raise UserTypeError(
            f"data: train_dataloader of {type(module).__name__} returns {type(loader).__name__}; expected one "
            "DataLoader"
        )
    read = _of_loader(loader)
    module.teardown("fit")
    return read


def _of_loader(loader: DataLoader[Any]) -> Block:
    if isinstance(loader.dataset, IterableDataset):
        return _read(loader.dataset, None, 1)
    for sampler, known in ((loader.sampler, RandomSampler | SequentialSampler), (loader.batch_sampler, BatchSampler)):
        if sampler is not None and type(sampler) not in getattr(known, "__args__", (known,)):
            raise UserError(
                f"data: the {type(sampler).__name__} of the DataLoader would be left out, as rows are drawn by their "
                "data weights; pass its Dataset, or a Subset, and weights= by name"
            )
    collate = None if loader.collate_fn is default_collate or loader.batch_size is None else loader.collate_fn
    return _read(loader.dataset, collate, loader.batch_size or 1)


def _read(dataset: Dataset[Any], collate: Callable[[list[Any]], Any] | None, batch_size: int) -> Block:
    name = type(dataset).__name__
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        raise UserTypeError(
            f"data: {name} has no rows by number, which could be weighed; give a Dataset with __len__ and __getitem__, "
            "or read it into a tensor"
        )
    count = len(dataset)
    if count == 0:
        raise UserError(f"data: {name} is empty; expected at least one item")
    if type(dataset) is TensorDataset and collate is None:
        return _parts(dataset.tensors, f"{name}: its tensors")
    return _joined(_blocks(dataset, count, collate, batch_size), count)


def _blocks(
    dataset: Dataset[Any], count: int, collate: Callable[[list[Any]], Any] | None, batch_size: int
) -> Iterator[tuple[str, Block]]:
    name = type(dataset).__name__
    if collate is None:
        for index in range(count):
            x, y = _parts(_item(dataset, index), f"item {index} of {name}")
            yield f"item {index} of {name}", (x[None], None if y is None else y[None])
        return
    for begin in range(0, count, batch_size):
        rows = range(begin, min(begin + batch_size, count))
        where = f"what collate_fn makes of items {rows[0]} to {rows[-1]} of {name}"
        x, y = _parts(collate([_item(dataset, index) for index in rows]), where)
        if x.ndim == 0 or len(x) != len(rows):
            raise UserError(f"data: {where} has shape {tuple(x.shape)}; expected {len(rows)} rows")
        yield where, (x, y if y is not None and y.ndim and len(y) == len(rows) else None)


def _item(dataset: Dataset[Any], index: int) -> Any:
    try:
        return dataset[index]
    except UserError:
        raise
    except Exception as error:  # whatever the user's own code raises
        raise UserError(
            f"data: item {index} of {type(dataset).__name__}, which says that it has {len(dataset)}, "  # type: ignore[arg-type]
            f"raises {type(error).__name__}: {error}; mend or leave out this row"
        ) from error


def _joined(blocks: Iterator[tuple[str, Block]], count: int) -> Block:
    """The blocks in one tensor, and in one more if all of them have labels of one shape."""
    points = labels = None
    done = 0
    for where, (x, y) in blocks:
        if points is None:
            points = room(count, *x.shape[1:], dtype=x.dtype, device=x.device)
            labels = None if y is None else room(count, *y.shape[1:], dtype=y.dtype, device=y.device)
        if x.shape[1:] != points.shape[1:] or x.dtype != points.dtype:
            raise UserError(
                f"data: {where} is {x.dtype} of shape {tuple(x.shape[1:])}, the first one {points.dtype} of shape "
                f"{tuple(points.shape[1:])}; all items need one shape and one dtype"
            )
        if y is None or labels is None or y.shape[1:] != labels.shape[1:] or y.dtype != labels.dtype:
            labels = None
        points[done : done + len(x)] = x
        if y is not None and labels is not None:
            labels[done : done + len(x)] = y
        done += len(x)
        if done % PART < len(x):
            give_back()
    assert points is not None  # an empty data set was refused
    return points, labels


def _parts(item: Any, where: str) -> Block:
    """The point, and what it is paired with."""
    parts = tuple(item) if isinstance(item, tuple | list) else (item,)
    if isinstance(item, Mapping) or not 1 <= len(parts) <= 2:
        what = f"a {type(item).__name__}" + (f" of {len(parts)} entries" if len(parts) != 1 else "")
        raise UserTypeError(
            f"data: {where} is {what}; expected x or a pair (x, y): wrap the data set in one whose items are such"
        )
    x, *pair = parts
    if not _is_number(x):
        raise UserTypeError(
            f"data: {where} holds {type(x).__module__}.{type(x).__name__}; expected numbers: give the data set a "
            "transform that makes tensors"
        )
    y = torch.as_tensor(pair[0]) if pair and _is_number(pair[0]) else None
    return torch.as_tensor(x), y


def _is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuf"
    return isinstance(value, Tensor | int | float)
