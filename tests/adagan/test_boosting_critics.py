"""Boosting takes any critic that keeps the protocol, and stores those that can be stored."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from clusters import DATA, model, seeded
from torch import Tensor

from adagan import Mixture
from adagan.components import BinaryCritic, Calibration, ClassConditional, ExactCritic, Gaussian, KernelCritic
from adagan.components.critics.calibration import calibration_record
from adagan.mixtures import Constant, Star
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")


class Densities:
    """A critic that is no torch module: the components' densities over that of one Gaussian on the data."""

    component_log_ratios_: Tensor
    weights_: Tensor
    calibration_: Calibration

    def fit(self, data: Tensor, mixture: Mixture, *, weights: Any = None) -> "Densities":
        self.components, self.data = mixture.components, Gaussian().fit(data, weights=weights)
        self.component_log_ratios_ = self.component_log_ratios(data)
        return self.reweigh(mixture.weights)

    @property
    def log_ratio_(self) -> Tensor:
        return mixture_log_ratio(self.component_log_ratios_, self.weights_)

    def reweigh(self, weights: Any) -> "Densities":
        self.weights_ = torch.as_tensor(weights).double().clone()
        self.calibration_ = calibration_record(self.log_ratio_, -self.log_ratio_, temperature=1.0)
        return self

    def component_log_ratios(self, x: Tensor) -> Tensor:
        columns = [component.log_prob(x) - self.data.log_prob(x) for component in self.components]
        return torch.stack(columns, dim=1).double()

    def log_ratio(self, x: Tensor) -> Tensor:
        return mixture_log_ratio(self.component_log_ratios(x), self.weights_)


class Opaque:
    """A component without a density, which is not to be trained."""

    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "Opaque":
        raise AssertionError("trained")

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.zeros(num_samples, 2)


BINARY: dict[str, Any] = {
    "binary": BinaryCritic,
    "kernels": partial(KernelCritic, binary=True),
    "exact": lambda: ExactCritic(Gaussian().fit(DATA)),
}


@pytest.mark.parametrize("name", BINARY)
def test_a_critic_that_needs_densities_says_so_before_training(name: str) -> None:
    for critics in ({"critic": BINARY[name]}, {"coarse_critic": BINARY[name]}):
        with pytest.raises(TypeError, match=r"critic: the component \(Opaque\) has no log_prob"):
            model(Opaque, rounds=3, **critics).fit(DATA)


def test_one_component_alone_needs_no_density() -> None:
    for critics, rounds in (({"critic": BinaryCritic}, 1), ({"coarse_critic": BinaryCritic}, 2)):
        with pytest.raises(AssertionError, match="trained"):
            model(Opaque, rounds=rounds, **critics).fit(DATA)


def test_components_whose_density_comes_with_the_fit_are_taken() -> None:
    labels = (DATA[:, 0] > 0).long()
    critics = {
        "critic": partial(BinaryCritic, width=8, max_steps=25),
        "coarse_critic": partial(KernelCritic, binary=True),
    }
    fitted = model(partial(ClassConditional, Gaussian), rounds=2, **critics).fit(DATA, labels=labels)
    assert len(fitted.rounds_) == 2


def test_a_blurred_binary_critic_is_refused_before_training() -> None:
    coarse = partial(BinaryCritic, noise=0.1)
    with pytest.raises(ValueError, match="noise: a binary critic of several components takes their ratios from log_"):
        model(Gaussian, rounds=3, coarse_critic=coarse).fit(DATA)
    with pytest.raises(AssertionError, match="trained"):
        model(Opaque, rounds=2, coarse_critic=coarse).fit(DATA)


def test_a_critic_needs_no_base_class() -> None:
    boosted = model(Gaussian, rounds=3, critic=Densities, coarse_critic=Densities, target=Constant(0.3)).fit(DATA)
    second = Densities().fit(DATA, boosted.mixture_[:2])
    expected = Star()(second.log_ratio_, 0.3).values
    assert torch.allclose(boosted.data_weights_[2].values, expected, atol=1e-9)
    assert torch.equal(boosted.critic_.weights_, boosted.mixture_.weights)
    assert boosted.refined(0.5).sample(20, generator=seeded(0)).shape == (20, 2)
    ratio = Densities().fit(DATA, boosted.mixture_).log_ratio_
    assert boosted.missing().value == pytest.approx(float((-torch.expm1(ratio)).clamp(min=0).mean()))


def test_a_critic_that_cannot_be_stored_is_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="Densities"):
        model(Gaussian, rounds=1, critic=Densities, folder=tmp_path / "run").fit(DATA)
    assert list(tmp_path.iterdir()) == []
