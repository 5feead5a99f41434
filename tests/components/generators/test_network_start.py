"""Warm-started components: where training begins, what is trained first, boosting with them, mistakes."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from clusters import DATA, assert_same_mixture, model, seeded
from small_runs import fit, points
from torch import Tensor

from adagan import Mixture
from adagan.command_line import main
from adagan.components import GAN, VAE, Flow, FlowMatching, Gaussian, LearntFeatures, MomentMatching, Packing
from adagan.components.generators.gan.gan_training import GANTraining
from adagan.components.generators.latent import LatentGenerator
from adagan.components.generators.network_start import HEAD_START, NetworkStart

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")

TINY: dict[str, Any] = {"width": 8, "batch_size": 32}
KINDS = {
    "gan": partial(GAN, **TINY),
    "gan with its discriminator": partial(GAN, keep_discriminator=True, **TINY),
    "vae": partial(VAE, **TINY),
    "flow": partial(Flow, transforms=2, bins=4, **TINY),
    "flow matching": partial(FlowMatching, sampling_steps=2, **TINY),
    "moment matching": partial(MomentMatching, **TINY),
    "learnt kernel": partial(MomentMatching, features=LearntFeatures(num_features=4), **TINY),
}
OTHER_DATA = 3 * DATA + 1


def parameters(component: LatentGenerator) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in component.generator_.named_parameters()}


@pytest.mark.parametrize("name", KINDS)
def test_training_begins_at_the_previous_network_and_scaling(name: str) -> None:
    if name == "flow":
        pytest.importorskip("zuko")
    previous = KINDS[name](max_steps=5, seed=100).fit(DATA)
    still = KINDS[name](max_steps=1, learning_rate=1e-12, seed=101)
    warm = still.warm_start(previous).fit(OTHER_DATA)
    for key, value in parameters(previous).items():
        assert torch.allclose(parameters(warm)[key], value, atol=1e-7)
    assert torch.equal(warm.scaling_.scale, previous.scaling_.scale)
    again = KINDS[name](max_steps=1, learning_rate=1e-12, seed=101).fit(OTHER_DATA)
    assert any(not torch.allclose(parameters(again)[key], value) for key, value in parameters(previous).items())


def test_a_warm_training_leaves_the_previous_component_alone() -> None:
    previous = KINDS["gan"](max_steps=5, seed=100).fit(DATA)
    before = parameters(previous)
    warm = KINDS["gan"](max_steps=20, seed=101).warm_start(previous).fit(DATA)
    assert all(torch.equal(parameters(previous)[key], value) for key, value in before.items())
    assert any(not torch.equal(parameters(warm)[key], value) for key, value in before.items())


def test_only_one_fit_is_warm() -> None:
    previous = KINDS["gan"](max_steps=5, seed=100).fit(DATA)
    component = KINDS["gan"](max_steps=5, seed=101)
    cold = component.fit(DATA).sample(20, generator=seeded(0))
    warm = component.warm_start(previous).fit(DATA).sample(20, generator=seeded(0))
    assert not torch.equal(warm, cold)
    assert torch.equal(component.fit(DATA).sample(20, generator=seeded(0)), cold)


def head_starts(component: LatentGenerator, monkeypatch: pytest.MonkeyPatch) -> int:
    """How long the training of a component leaves the generator alone."""
    seen: list[int] = []

    def note(training: GANTraining) -> None:
        seen.append(training.head_start)

    with monkeypatch.context() as patched:
        patched.setattr(GANTraining, "on_fit_start", note)
        component.fit(DATA)
    return seen[0]


@pytest.mark.parametrize("name", ["gan", "learnt kernel"])
def test_what_was_lost_is_trained_alone_first(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert head_starts(KINDS[name](max_steps=8, seed=100), monkeypatch) == 0
    previous = KINDS[name](max_steps=5, seed=100).fit(DATA)
    component = KINDS[name](max_steps=8, seed=101).warm_start(previous)
    assert component._start.head_start(100 * HEAD_START) == HEAD_START
    assert head_starts(component, monkeypatch) == 2
    monkeypatch.setattr(NetworkStart, "head_start", lambda start, max_steps: max_steps)
    frozen = parameters(component.warm_start(previous).fit(DATA))
    assert all(torch.equal(frozen[key], value) for key, value in parameters(previous).items())


def test_a_kept_discriminator_goes_on_and_is_stored(tmp_path: Path) -> None:
    make = partial(KINDS["gan"], keep_discriminator=True, techniques=[Packing(2)], spectral_normalization=True)
    previous = make(max_steps=5, seed=100).fit(DATA)
    kept = {name: value for name, value in previous.state_dict().items() if name.startswith("discriminator.")}
    assert kept
    # learning next to nothing, a training ends with the discriminator with which it begins
    nothing: dict[str, Any] = {"max_steps": 1, "learning_rate": 1e-12, "seed": 101}
    still = make(**nothing).warm_start(previous)
    assert still._start.head_start(100) == 0
    still.fit(OTHER_DATA)
    cold = make(**nothing).fit(OTHER_DATA)
    weights = [name for name in kept if name.endswith("original")]
    assert weights
    for name in weights:
        assert torch.allclose(still.state_dict()[name], kept[name], atol=1e-7)
        assert not torch.allclose(cold.state_dict()[name], kept[name], atol=1e-3)
    Mixture([previous]).save(tmp_path / "mixture")
    loaded = Mixture.load(tmp_path / "mixture").components[0]
    goes_on, again = (make(max_steps=5, seed=102).warm_start(start).fit(DATA) for start in (previous, loaded))
    assert torch.equal(goes_on.sample(20, generator=seeded(0)), again.sample(20, generator=seeded(0)))


def test_a_discriminator_of_another_form_is_refused() -> None:
    previous = KINDS["gan"](max_steps=2, keep_discriminator=True).fit(DATA)
    other = KINDS["gan"](max_steps=2, techniques=[Packing(2)]).warm_start(previous)
    with pytest.raises(ValueError, match="previous: a warm start needs a discriminator of the same form"):
        other.fit(DATA)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gan", "gan with its discriminator", "vae"])
def test_a_boosted_run_is_warm_and_resumed_bit_for_bit(name: str, tmp_path: Path) -> None:
    make = partial(KINDS[name], max_steps=8)
    through = model(make, rounds=2, warm_start=True).fit(DATA)
    # the newcomer keeps the first component's scaling, whatever its own data weights
    first, second = through.mixture_.components
    assert torch.equal(first.scaling_.shift, second.scaling_.shift)
    cold = model(make, rounds=2).fit(DATA)
    assert not torch.equal(cold.mixture_.components[1].scaling_.shift, cold.mixture_.components[0].scaling_.shift)
    model(make, rounds=1, warm_start=True, folder=tmp_path / "run").fit(DATA)
    resumed = model(make, rounds=2, warm_start=True, folder=tmp_path / "run").resume(DATA)
    assert_same_mixture(resumed.mixture_, through.mixture_)


def test_mistakes_are_named() -> None:
    fitted = KINDS["gan"](max_steps=2, seed=100).fit(DATA)
    with pytest.raises(TypeError, match="previous: expected a VAE, got a GAN"):
        KINDS["vae"](max_steps=2).warm_start(fitted)
    with pytest.raises(ValueError, match="previous: expected a fitted GAN; call its fit"):
        KINDS["gan"](max_steps=2).warm_start(KINDS["gan"]())
    with pytest.raises(ValueError, match="previous: a warm start needs a network of the same form"):
        GAN(width=16, batch_size=32, max_steps=2).warm_start(fitted).fit(DATA)
    with pytest.raises(ValueError, match=r"data: a warm start needs events of the shape \(2,\).*got \(3,\)"):
        KINDS["gan"](max_steps=2).warm_start(fitted).fit(torch.randn(50, 3, generator=seeded(1)))


def test_a_component_without_warm_starts_is_refused_before_training() -> None:
    class Untouched(Gaussian):
        def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "Untouched":
            raise AssertionError("trained")

    with pytest.raises(TypeError, match=r"warm_start: Untouched has no method warm_start\(previous\)"):
        model(Untouched, rounds=2, warm_start=True).fit(DATA)


def test_the_command_line_starts_newcomers_warm(tmp_path: Path) -> None:
    chosen = ["--component", "vae:2", "--warm_start", "true"]
    assert main([*fit(points(tmp_path, 300), tmp_path / "run"), *chosen]) == 0
    assert "warm-start: true" in (tmp_path / "run" / "config.yaml").read_text()
    first, second = Mixture.load(tmp_path / "run").components
    assert torch.equal(first.scaling_.shift, second.scaling_.shift)
