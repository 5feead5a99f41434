"""Data sets, loaders and data modules are data: read once, in order, by components and by boosting."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)

from adagan import AdaGAN
from adagan.components import ClassConditional, Gaussian, Memoriser, Wrapped
from adagan.components.critics.exact_critic import ExactCritic
from adagan.components.training.data_sources import tensors_of
from adagan.mixtures.errors import UserError, UserTypeError

POINTS = torch.arange(12.0).reshape(6, 2)
LABELS = torch.tensor([0, 0, 0, 1, 1, 1])


class Items(Dataset[Any]):
    """A data set of what a list holds."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


class Module(LightningDataModule):
    """What a user of Lightning has: data that are there after two hooks."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__()
        self.loader, self.calls = loader, list[str]()

    def prepare_data(self) -> None:
        self.calls.append("prepare")

    def setup(self, stage: str) -> None:
        self.calls.append(f"setup {stage}")
        self.points = TensorDataset(POINTS, LABELS)

    def train_dataloader(self) -> Any:
        return self.loader or DataLoader(self.points, batch_size=4, shuffle=True, drop_last=True)

    def teardown(self, stage: str) -> None:
        self.calls.append(f"teardown {stage}")


def doubled(rows: list[Any]) -> Any:
    return torch.stack([2 * x for x, _ in rows]), torch.tensor([int(y) for _, y in rows])


PAIRS = [(point, int(label)) for point, label in zip(POINTS, LABELS, strict=True)]
SOURCES: dict[str, tuple[Any, Tensor, Tensor | None]] = {
    "tensors": (TensorDataset(POINTS), POINTS, None),
    "tensors and labels": (TensorDataset(POINTS, LABELS), POINTS, LABELS),
    "items": (Items(list(POINTS)), POINTS, None),
    "items alone in a tuple": (Items([(point,) for point in POINTS]), POINTS, None),
    "pairs": (Items(PAIRS), POINTS, LABELS),
    "arrays": (Items([(point.double().numpy(), np.int64(label)) for point, label in PAIRS]), POINTS.double(), LABELS),
    "names for labels": (Items([(point, "left") for point in POINTS]), POINTS, None),
    "some labels": (Items([*PAIRS[:3], *((point, None) for point in POINTS[3:])]), POINTS, None),
    "subset": (Subset(TensorDataset(POINTS, LABELS), [4, 0, 2]), POINTS[[4, 0, 2]], LABELS[[4, 0, 2]]),
    "both": (ConcatDataset([Items(PAIRS[:2]), Items(PAIRS[2:])]), POINTS, LABELS),
    "loader": (DataLoader(TensorDataset(POINTS, LABELS), batch_size=4, shuffle=True, drop_last=True), POINTS, LABELS),
    "loader of rows": (DataLoader(TensorDataset(POINTS), batch_size=None), POINTS, None),
    "loader with a form": (DataLoader(Items(PAIRS), batch_size=4, collate_fn=doubled), 2 * POINTS, LABELS),
    "module": (Module(), POINTS, LABELS),
    "a tensor": (POINTS, POINTS, None),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_rows_come_in_order(kind: str) -> None:
    source, points, labels = SOURCES[kind]
    read, paired = tensors_of(source)
    assert read.dtype == points.dtype
    assert torch.equal(read, points)
    assert (paired is None) == (labels is None)
    assert labels is None or torch.equal(paired, labels)


def test_the_hooks_of_a_module_are_called() -> None:
    module = Module()
    tensors_of(module)
    assert module.calls == ["prepare", "setup fit", "teardown fit"]


def test_what_is_random_comes_out_the_same_and_no_global_state_moves() -> None:
    class Noisy(Dataset[Tensor]):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Tensor:
            return torch.randn(2) + random.random() + float(np.random.rand())  # noqa: NPY002

    class Split(Module):
        def setup(self, stage: str) -> None:
            self.points = random_split(TensorDataset(POINTS), [4, 2])[0]

    # the fixture over all tests sees to the global states
    for source in (Noisy(), DataLoader(Noisy(), shuffle=True), Split()):
        assert torch.equal(tensors_of(source)[0], tensors_of(source)[0])


class Endless(IterableDataset[Tensor]):
    def __iter__(self) -> Iterator[Tensor]:
        raise AssertionError("must not be read")


REFUSED: dict[str, tuple[Any, str]] = {
    "empty": (Items([]), "data: Items is empty; expected at least one item"),
    "no tensors": (TensorDataset(POINTS[:0]), "data: TensorDataset is empty"),
    "ragged": (
        Items([torch.zeros(2), torch.zeros(2), torch.zeros(3)]),
        r"data: item 2 of Items is torch.float32 of shape \(3,\), the first one torch.float32 of shape \(2,\); all",
    ),
    "dtypes": (Items([torch.zeros(2), torch.zeros(2).long()]), r"item 1 of Items is torch.int64 of shape \(2,\)"),
    "dictionaries": (
        Items([{"x": POINTS[0]}]),
        r"data: item 0 of Items is a dict; expected x or a pair \(x, y\)",
    ),
    "triples": (TensorDataset(POINTS, POINTS, LABELS), "data: TensorDataset: its tensors is a tuple of 3 entries"),
    "text": (
        Items(["one"]),
        "data: item 0 of Items holds builtins.str; expected numbers: give the",
    ),
    "stream": (Endless(), "data: Endless has no rows by number.*give a Dataset with __len__ and __getitem__"),
    "loader of a stream": (DataLoader(Endless()), "data: Endless has no rows by number"),
    "sampler": (
        DataLoader(Items(PAIRS), sampler=WeightedRandomSampler([1.0] * 6, 6)),
        "data: the WeightedRandomSampler of the DataLoader would be left out, .*; pass its Dataset.* and weights=",
    ),
    "several loaders": (Module({"a": DataLoader(Items(PAIRS))}), "data: train_dataloader of Module returns dict"),
    "form": (
        DataLoader(Items(PAIRS), batch_size=4, collate_fn=lambda rows: torch.zeros(3, 2)),
        r"data: what collate_fn makes of items 0 to 3 of Items has shape \(3, 2\); expected 4 rows",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused(kind: str) -> None:
    source, message = REFUSED[kind]
    with pytest.raises(UserError, match=message) as refused:
        tensors_of(source)
    assert "\n" not in str(refused.value)


class Foreign:
    """Somebody's own generator."""

    def fit(self, data: Any) -> Foreign:
        self.data = data
        return self

    def sample(self, num_samples: int) -> Any:
        return self.data[:1].repeat(num_samples, 0)


@pytest.mark.parametrize(
    "make", [Gaussian, Memoriser, lambda: Wrapped(Foreign())], ids=["gaussian", "memoriser", "wrapped"]
)
@pytest.mark.parametrize("kind", ["tensors and labels", "pairs", "loader", "module"])
def test_components_take_them_and_leave_out_labels_that_they_do_not_learn(make: Any, kind: str) -> None:
    weights = torch.tensor([3.0, 1, 1, 1, 1, 1])
    ours, theirs = (make().fit(data, weights=weights) for data in (POINTS, SOURCES[kind][0]))
    seeds = [torch.Generator().manual_seed(0) for _ in range(2)]
    assert torch.equal(ours.sample(9, generator=seeds[0]), theirs.sample(9, generator=seeds[1]))


def test_labels_in_pairs_are_learnt_unless_others_are_passed() -> None:
    make = partial(ClassConditional, partial(Gaussian, 1e-3))
    component = make().fit(TensorDataset(POINTS, LABELS))
    assert component.class_shares_.tolist() == [0.5, 0.5]
    assert make().fit(TensorDataset(POINTS, LABELS), labels=[0, 1, 2, 2, 2, 2]).classes_ == (0, 1, 2)
    with pytest.raises(UserError, match="labels: ClassConditional learns classes, so it needs the class"):
        make().fit(TensorDataset(POINTS))
    with pytest.raises(UserTypeError, match="labels: Gaussian"):
        Gaussian().fit(TensorDataset(POINTS, LABELS), labels=LABELS)


def boosted(component: Any, data: Any, **options: Any) -> AdaGAN:
    critic = partial(ExactCritic, lambda x: torch.zeros(len(x)))
    return AdaGAN(component, rounds=1, critic=critic, coarse_critic=critic, seed=100).fit(data, **options)


def test_boosting_takes_them(generator: torch.Generator) -> None:
    labels = torch.arange(60) % 2
    points = 0.1 * torch.randn(60, 2, generator=generator) + 4.0 * labels[:, None]
    dataset = TensorDataset(points, labels)
    sources = (points, dataset, DataLoader(dataset, shuffle=True), Items(list(points)))
    models = [boosted(partial(Gaussian, 0.1), data) for data in sources]
    first, *others = (model.sample(5, torch.Generator().manual_seed(1)) for model in models)
    assert all(torch.equal(first, other) for other in others)
    conditional = boosted(partial(ClassConditional, partial(Gaussian, 0.1)), dataset)
    assert conditional.sample(4, condition=1).shape == (4, 2)
    with pytest.raises(UserError, match="weights: expected 60 weights"):
        boosted(Gaussian, dataset, weights=torch.ones(3))
    with pytest.raises(UserError, match=r"data: expected shape \(N, \*event\) with N > 0, got \(60,\)"):
        boosted(Gaussian, TensorDataset(points[:, 0]))


def test_components_take_arrays_and_lists() -> None:
    rows = [[0.0, 1.0], [2.0, 3.0], [4.0, 6.0]]
    fits = [Gaussian().fit(data) for data in (torch.tensor(rows), np.array(rows, dtype=np.float32), rows)]  # type: ignore[arg-type]
    assert all(torch.allclose(fit.mean_.double(), fits[0].mean_.double()) for fit in fits)
