"""What a newcomer is given besides the data weights, and what it leaves in the record."""

from typing import Any

import numpy as np
import pytest
import torch
from clusters import DATA, model
from torch import Tensor

from adagan.components import ClassConditional, Gaussian

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")

CLASSES = torch.tensor([0, 0, 0, 1, 1, -1])[torch.arange(len(DATA)) % 6]


class Labelled(Gaussian):
    """Remembers the labels that it was given."""

    learns_labels = True

    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> "Labelled":
        self.labels = None if labels is None else labels.clone()
        super().fit(data, weights=weights)
        return self


@pytest.mark.parametrize(
    "given", [CLASSES, CLASSES.numpy(), CLASSES.tolist(), CLASSES.float()], ids=lambda y: str(type(y))
)
def test_labels_reach_every_component(given: Any) -> None:
    boosted = model(Labelled, rounds=2).fit(DATA, labels=given)
    for component in boosted.mixture_.components:
        assert component.labels.dtype == torch.int64
        assert torch.equal(component.labels, CLASSES)


def test_without_labels_none_are_given() -> None:
    assert model(Labelled, rounds=1).fit(DATA).mixture_.components[0].labels is None


def test_labels_are_part_of_what_a_run_is_resumed_with(tmp_path: Any) -> None:
    model(Labelled, rounds=1, folder=tmp_path / "run").fit(DATA, labels=CLASSES)
    for other, says in ((None, "other labels"), (CLASSES.flip(0), "other labels")):
        with pytest.raises(ValueError, match=f"labels: the run in .* began with {says}; resume it with the same"):
            model(Labelled, rounds=2, folder=tmp_path / "run").resume(DATA, labels=other)
    resumed = model(Labelled, rounds=2, folder=tmp_path / "run").resume(DATA, labels=CLASSES)
    assert torch.equal(resumed.mixture_.components[1].labels, CLASSES)


def test_a_boosted_conditional_component_samples_the_class_that_is_wanted() -> None:
    boosted = model(lambda: ClassConditional(Gaussian), rounds=2).fit(DATA, labels=CLASSES)
    generator = torch.Generator().manual_seed(0)
    for wanted, centre in ((0, -4.0), (1, 4.0)):
        drawn = boosted.sample(200, generator, condition=wanted)
        # the clusters of the two classes are 27 of their standard deviations apart
        assert bool(((drawn[:, 0] - centre).abs() < 3).all())


class Talkative(Gaussian):
    """Has something to say about its training."""

    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "Talkative":
        super().fit(data, weights=weights)
        self.training_notes_ = ("the discriminator won; lower its learning rate",)
        return self


def test_notes_on_the_training_are_in_the_record_and_warned_of() -> None:
    with pytest.warns(UserWarning, match="round 2: the discriminator won; lower its learning rate"):
        boosted = model(Talkative, rounds=2).fit(DATA)
    assert all("the discriminator won; lower its learning rate" in record.notes for record in boosted.rounds_)


def test_weights_that_a_component_cannot_take_become_rows_drawn_by_weight() -> None:
    class Plain:
        """Knows arrays only, and no weights."""

        def fit(self, data: np.ndarray) -> None:
            self.rows = data

        def sample(self, num_samples: int) -> np.ndarray:
            return self.rows[:num_samples]

    weights = torch.zeros(len(DATA))
    weights[3::6] = 1
    boosted = model(Plain, rounds=1).fit(DATA, weights=weights)
    assert bool((torch.from_numpy(boosted.mixture_.components[0].generator.rows)[:, 0] > 2).all())
