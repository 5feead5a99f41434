"""Networks of one's own in generators: rounds that begin apart, and forms of layers that come back from a file."""

import copy
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from clusters import DATA, model
from lightning.pytorch import Callback
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from adagan import Mixture
from adagan.components import (
    GAN,
    VAE,
    Classes,
    Codes,
    FewLabels,
    FlowMatching,
    LearntFeatures,
    MomentMatching,
    Unrolled,
)
from adagan.mixtures.randomness import isolated_randomness

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # torch's own, of its older forms
    from torch.nn.utils import spectral_norm, weight_norm

pytestmark = [
    pytest.mark.filterwarnings("ignore:round"),  # tiny critics on few points, of which the rounds' notes complain
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
TINY: dict[str, Any] = {"max_steps": 3, "batch_size": 32, "seed": 100}
LABELS = torch.arange(len(DATA)) % 2


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def seeded_layers() -> Iterator[None]:
    """The layers that the tests make draw their first values from a seed."""
    with isolated_randomness(99):
        yield


def net(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inside, 8), nn.LeakyReLU(), nn.Linear(8, outside))


class Beginnings(Callback):
    """Notes the values with which trainings begin."""

    def __init__(self) -> None:
        self.seen: list[list[Tensor]] = []

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self.seen.append([value.detach().clone() for value in pl_module.parameters()])


@pytest.mark.parametrize("form", ["objects", "what makes them"])
def test_rounds_begin_at_different_values(form: str) -> None:
    beginnings = Beginnings()
    generator, discriminator = net(2, 2), net(2, 1)
    given = (generator, discriminator) if form == "objects" else (partial(net, 2, 2), partial(net, 2, 1))
    before = copy.deepcopy(generator.state_dict())
    options = {"max_steps": 4, "batch_size": 32, "trainer_options": {"callbacks": lambda: beginnings}}
    model(partial(GAN, generator=given[0], discriminator=given[1], latent_dim=2, **options), rounds=2).fit(DATA)
    first, second = beginnings.seen
    assert len(first) == len(second) > 8
    assert not any(map(torch.equal, first, second))
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_a_bare_parameter_is_refused_with_the_form_that_works() -> None:
    class Moved(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.place = nn.Linear(2, 2), nn.Parameter(torch.tensor([1.0, 2.0]))

        def forward(self, latent: Tensor) -> Tensor:
            return self.layer(latent) + self.place

    with pytest.raises(ValueError, match=r"gives none to place of Moved; pass what makes .* generator=lambda: Moved"):
        model(partial(GAN, generator=Moved(), latent_dim=2, **TINY), rounds=2).fit(DATA)
    fitted = model(partial(GAN, generator=lambda: Moved(), latent_dim=2, **TINY), rounds=2).fit(DATA)
    assert all(isinstance(component.generator_, Moved) for component in fitted.mixture_.components)


def frozen(inside: int, outside: int) -> nn.Module:
    made = net(inside, outside)
    made[0].requires_grad_(False)
    return made


def changed(change: Callable[[nn.Module], nn.Module], inside: int, outside: int) -> nn.Module:
    made = net(inside, outside)
    made[0] = change(made[0])
    return made


def lazy(inside: int, outside: int) -> nn.Module:
    return nn.Sequential(nn.LazyLinear(8), nn.LazyBatchNorm1d(), nn.LeakyReLU(), nn.LazyLinear(outside))


class Averaged(nn.Module):
    """Answers by a running average of its layers once it is trained."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.layers = net(inside, outside)
        self.average = copy.deepcopy(self.layers).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.average(x)
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.layers.parameters(), strict=True):
                mean.lerp_(value, 0.5)
        return self.layers(x)


class Pair(nn.Module):
    """Returns what it saw too."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.layers = net(inside, outside)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.layers(x), x


FORMS: dict[str, Callable[[int, int], nn.Module]] = {
    "weight norm": partial(changed, parametrizations.weight_norm),
    "spectral norm": partial(changed, parametrizations.spectral_norm),
    "old weight norm": partial(changed, weight_norm),
    "old spectral norm": partial(changed, spectral_norm),
    "an average of its own": Averaged,
    "lazy": lazy,
    "frozen": frozen,
    "tuple": Pair,
}


class Encoder(nn.Module):
    """Means and log variances as a tuple where the form is one."""

    def __init__(self, make: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.mean, self.log_variance = make(2, 2), net(2, 2)

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.mean(points)
        return mean[0] if isinstance(mean, tuple) else mean, self.log_variance(points)


class Field(nn.Module):
    def __init__(self, make: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.layers = make(3, 2)

    def forward(self, points: Tensor, time: Tensor) -> Any:
        return self.layers(torch.cat([points, time[:, None]], dim=1))


class Told(nn.Module):
    def __init__(self, make: Callable[[int, int], nn.Module], outside: int) -> None:
        super().__init__()
        self.layers = make(3, outside)

    def forward(self, x: Tensor, classes: Tensor) -> Any:
        return self.layers(torch.cat([x, classes[:, None].to(x)], dim=1))


def _gan(make: Callable[[int, int], nn.Module], **options: Any) -> GAN:
    return GAN(generator=make(2, 2), discriminator=make(2, 1), latent_dim=2, keep_discriminator=True, **TINY, **options)


KINDS: dict[str, Callable[[Callable[[int, int], nn.Module]], Any]] = {
    "gan": _gan,
    "gan, unrolled and normalised": partial(_gan, techniques=[Unrolled(1)], spectral_normalization=True),
    "classes": lambda make: GAN(
        conditioning=Classes(), generator=Told(make, 2), discriminator=Told(make, 1), latent_dim=2, **TINY
    ),
    "few labels": lambda make: GAN(
        conditioning=FewLabels(),
        generator=make(2, 2),
        discriminator=make(2, 2),
        latent_dim=2,
        spectral_normalization=True,
        **TINY,
    ),
    "codes": lambda make: GAN(conditioning=Codes(2, recogniser=make(2, 2)), width=8, **TINY),
    "vae": lambda make: VAE(encoder=Encoder(make), decoder=make(2, 2), latent_dim=2, **TINY),
    "flow matching": lambda make: FlowMatching(Field(make), sampling_steps=2, **TINY),
    "moment matching": lambda make: MomentMatching(
        generator=make(2, 2), features=LearntFeatures(make(2, 4)), latent_dim=2, **TINY
    ),
}


def reads(component: Any) -> list[Tensor]:
    """All that a component tells of points."""
    methods = ("predict_proba", "recognise")
    return [getattr(component, name)(DATA) for name in methods if hasattr(component, name)]


HARD = ("old weight norm", "lazy", "tuple")
"""Forms that every place for a network is tried with; the others stand for themselves in three."""


@pytest.mark.parametrize(
    ("kind", "form"),
    [(kind, form) for kind in KINDS for form in FORMS if form in HARD or kind in ("gan", "few labels", "vae")],
)
def test_layers_of_every_form_are_trained_stored_and_restored(kind: str, form: str, tmp_path: Path) -> None:
    def make() -> Any:
        return KINDS[kind](FORMS[form])

    component = make()
    component.fit(DATA, **({"labels": LABELS} if getattr(component, "learns_labels", False) else {}))
    Mixture([component]).save(tmp_path / "saved", components=[make])
    loaded = Mixture.load(tmp_path / "saved", components=[make])
    drawn = component.sample(20, generator=seeded(1))
    assert torch.equal(loaded.components[0].sample(20, generator=seeded(1)), drawn)
    assert torch.equal(copy.deepcopy(component).sample(20, generator=seeded(1)), drawn)
    assert all(map(torch.equal, reads(loaded.components[0]), reads(component)))
    assert float(drawn.std()) > 0


def test_frozen_parts_of_both_networks_stay() -> None:
    kept: dict[str, list[Tensor]] = {"generator": [], "discriminator": []}

    class Look(Callback):
        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            for name, values in kept.items():
                found = [value for value in getattr(pl_module, name).parameters() if not value.requires_grad]
                values.extend(value.detach().clone() for value in found)

    generator, discriminator = frozen(2, 2), frozen(2, 1)
    GAN(
        generator=generator,
        discriminator=discriminator,
        latent_dim=2,
        trainer_options={"callbacks": lambda: Look()},
        **TINY,
    ).fit(DATA)
    for given, values in ((generator, kept["generator"]), (discriminator, kept["discriminator"])):
        assert len(values) == 2
        assert all(map(torch.equal, values, given[0].parameters()))
