"""The flow: densities that are exact, refusals before training, and ratios of boosted flows without a learnt critic."""

import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, MultivariateNormal

from adagan import AdaGAN
from adagan.components import BinaryCritic, Critic, ExactCritic, Flow
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import isolated_randomness

zuko = pytest.importorskip("zuko")

TINY: dict[str, Any] = {"width": 8, "transforms": 1, "max_steps": 60, "batch_size": 64}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def two_blobs(count: int = 600) -> Tensor:
    centre = torch.tensor([[3.0, -1.0]]) * torch.tensor([-1.0, 1.0])[torch.arange(count) % 2][:, None]
    return 5 + centre + 0.5 * torch.randn(count, 2, generator=seeded(100))


@pytest.fixture(scope="module")
def fitted() -> Flow:
    return Flow(seed=100, **TINY).fit(two_blobs())


def test_the_density_integrates_to_one(fitted: Flow) -> None:
    # a square far beyond the data, in cells of 0.1
    axis = torch.arange(-5.0, 15.0, 0.1) + 0.05
    total = fitted.log_prob(torch.cartesian_prod(axis, axis)).exp().sum() * 0.1**2
    assert float(total) == pytest.approx(1, abs=0.01)


def test_the_density_is_that_of_the_samples(fitted: Flow) -> None:
    """The entropy's two estimates: from the density on a grid, and from samples (six standard errors, below 1e-8)."""
    axis = torch.arange(-5.0, 15.0, 0.1) + 0.05
    log = fitted.log_prob(torch.cartesian_prod(axis, axis))
    expected = float((log.exp() * log).sum() * 0.1**2)
    drawn = fitted.log_prob(fitted.sample(20_000, generator=seeded(0)))
    assert drawn.dtype == torch.float64
    assert abs(float(drawn.mean()) - expected) < 6 * float(drawn.std()) / 20_000**0.5 + 0.02


def test_an_affine_flow_is_the_normal_distribution() -> None:
    """One affine autoregressive step without training: log p(x) = log N((x − m)/s) − Σ log s, by torch's own."""

    def make() -> nn.Module:
        flow: nn.Module = zuko.flows.MAF(2, transforms=1, hidden_features=(4,))
        for parameter in flow.parameters():
            nn.init.zeros_(parameter)
        return flow

    data = two_blobs()
    fitted = Flow(make, max_steps=1, batch_size=64, learning_rate=1e-12, seed=100).fit(data)
    truth = MultivariateNormal(data.mean(dim=0), torch.diag(data.var(dim=0, correction=0)))
    torch.testing.assert_close(fitted.log_prob(data), truth.log_prob(data).double(), rtol=1e-4, atol=1e-4)


def test_weights_are_those_of_repeated_points() -> None:
    """All weight on one blob: the density at the other is small."""
    data = two_blobs()
    weights = (torch.arange(600) % 2 == 0).double() / 300
    log = Flow(seed=100, **TINY).fit(data, weights=weights).log_prob(data)
    assert float(log[0::2].mean()) > float(log[1::2].mean()) + 3


def test_images_need_flatten(fitted: Flow) -> None:
    images = torch.rand(80, 1, 4, 4, generator=seeded(0))
    with pytest.raises(ValueError, match=r"flatten: .*shape \(1, 4, 4\); pass Flow\(flatten=True\).* 16 entries"):
        Flow(**TINY).fit(images)
    flat = Flow(flatten=True, noise=0.05, seed=100, **TINY).fit(images)
    assert flat.sample(3).shape == (3, 1, 4, 4)
    assert flat.log_prob(images).shape == (80,)
    with pytest.raises(ValueError, match=r"x: expected points of shape \(N, \*\(2,\)\), got \(80, 1, 4, 4\)"):
        fitted.log_prob(images)


def test_constant_entries_have_no_density() -> None:
    data = torch.cat([two_blobs(), torch.ones(600, 1)], dim=1)
    with pytest.raises(ValueError, match="1 entries of the training data are constant, so there is no density"):
        Flow(seed=100, **TINY).fit(data).log_prob(data)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: nn.Linear(2, 2),
            TypeError,
            "flow: expected a flow of zuko's, with a transform and a base, got Linear",
        ),
        (lambda: zuko.flows.NICE(3), ValueError, "flow: it does not take vectors of 2 entries"),
        (lambda: zuko.flows.NCSF(2), ValueError, "flow: expected a standard normal base"),
    ],
)
def test_modules_that_are_no_fitting_flow_are_refused(make: Any, error: type[Exception], message: str) -> None:
    with isolated_randomness(0):
        flow = make()
    with pytest.raises(error, match=message):
        Flow(flow, max_steps=1, batch_size=64).fit(two_blobs())


def test_without_zuko_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zuko.flows", None)
    with pytest.raises(ImportError, match=r"Flow needs the package zuko: pip install 'adagan\[flow\]'"):
        Flow(**TINY).fit(two_blobs())


def test_torch_goes_on_checking_distributions() -> None:
    before = Distribution._validate_args
    Flow(seed=100, **{**TINY, "max_steps": 1}).fit(two_blobs())
    assert Distribution._validate_args == before


def test_ratios_of_flows_are_exact() -> None:
    data = two_blobs()
    truth = Flow(seed=101, **TINY).fit(data)
    flows = [Flow(seed=seed, **TINY).fit(data[seed % 2 :: 2]) for seed in (100, 101)]
    mixture = Mixture(flows, torch.tensor([0.3, 0.7]))
    critic = ExactCritic(truth.log_prob, num_samples=100).fit(data, mixture)
    logs = torch.stack([flow.log_prob(data) for flow in flows], dim=1)
    expected = torch.logsumexp(logs + torch.tensor([0.3, 0.7], dtype=torch.float64).log(), dim=1) - truth.log_prob(data)
    torch.testing.assert_close(critic.log_ratio(data), expected)


@pytest.mark.slow
def test_boosting_takes_the_ratios_of_flows_from_their_densities() -> None:
    data = two_blobs(400)
    small: dict[str, Any] = {"width": 8, "max_steps": 50, "batch_size": 64}

    def critic() -> BinaryCritic:
        return BinaryCritic(**small)

    def coarse() -> Critic:
        return Critic(noise=0.1, **small)

    def flow() -> Flow:
        return Flow(**TINY)

    model = AdaGAN(flow, 2, critic=critic, coarse_critic=coarse, seed=100).fit(data)
    ratios = model.critic_.component_log_ratios(data)
    exact = torch.stack([component.log_prob(data) for component in model.mixture_.components], dim=1)
    # what is learnt is common to the components: their ratios among themselves are the exact ones
    torch.testing.assert_close(ratios[:, 1] - ratios[:, 0], exact[:, 1] - exact[:, 0], rtol=1e-4, atol=1e-4)
