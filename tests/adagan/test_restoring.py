"""Nothing is lost between training and file: what a run writes draws what was trained, or the run ends there."""

import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from adagan import GAN, AdaGAN, Critic, Mixture
from adagan.components import Gaussian
from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.storage.lost_attributes import same
from adagan.run_folder import RunFolder

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round", "ignore:.*weight_norm.*deprecated", "ignore:Lazy modules")

DATA = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
CRITIC = partial(Critic, width=4, max_steps=2, batch_size=32)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def model(make: Callable[[], Any], folder: Path | None, rounds: int = 2) -> AdaGAN:
    return AdaGAN(make, rounds, critic=CRITIC, coarse_critic=partial(CRITIC, noise=0.1), folder=folder)


def two_layers(wrap: Callable[[nn.Module], nn.Module] = lambda layer: layer) -> nn.Sequential:
    return nn.Sequential(wrap(nn.Linear(2, 4)), nn.ReLU(), wrap(nn.Linear(4, 2)))


class Averaged(nn.Module):
    """Samples by the average of its own past; the copy is a module, and so a part of the state."""

    def __init__(self) -> None:
        super().__init__()
        self.current, self.average = nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False)

    def forward(self, latent: Tensor) -> Tensor:
        if self.training:
            for mean, now in zip(self.average.parameters(), self.current.parameters(), strict=True):
                mean.lerp_(now.detach(), 0.5)
            return self.current(latent)
        return self.average(latent)


class Frozen(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fixed, self.learnt = nn.Linear(2, 4).requires_grad_(False), nn.Linear(4, 2)

    def forward(self, latent: Tensor) -> Tensor:
        return self.learnt(self.fixed(latent).relu())


class Lazy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(2))

    def forward(self, latent: Tensor) -> Tensor:
        return self.layers(latent)


class Counted(nn.Module):
    """Keeps a number by torch's own means."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.calls = nn.Linear(2, 2), 0

    def forward(self, latent: Tensor) -> Tensor:
        self.calls += self.training
        return self.layer(latent) + self.calls

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.calls)

    def set_extra_state(self, state: Tensor) -> None:
        self.calls = int(state)


class Pair(nn.Module):
    """Returns more than the samples."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer(latent), latent


class Own(nn.Module):
    """A user's component around a network: a step of training, and whatever `keep` sets beside the network."""

    def __init__(self, make_network: Callable[[], nn.Module] = two_layers, keep: Callable[[Any], None] = id) -> None:
        super().__init__()
        self.network, self.keep = make_network(), keep

    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> "Own":
        self.train()
        self.samples_of(data[:16]).square().mean().backward()
        with torch.no_grad():
            for parameter in self.network.parameters():
                if parameter.grad is not None:
                    parameter.sub_(0.1 * parameter.grad)
        self.samples_of(data[:16])
        self.keep(self)
        return self.eval()

    def samples_of(self, latent: Tensor) -> Tensor:
        made = self.network(latent)
        return made[0] if isinstance(made, tuple) else made

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        with torch.no_grad():
            return self.shifted(self.samples_of(torch.randn(num_samples, 2, generator=generator)))

    def shifted(self, samples: Tensor) -> Tensor:
        return samples


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "weight_norm, old": lambda: two_layers(nn.utils.weight_norm),
    "weight_norm, new": lambda: two_layers(parametrizations.weight_norm),
    "spectral_norm, old": lambda: two_layers(nn.utils.spectral_norm),
    "spectral_norm, new": lambda: two_layers(parametrizations.spectral_norm),
    "batch norm": lambda: nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)),
    "average": Averaged,
    "frozen part": Frozen,
    "extra state": Counted,
    "lazy": Lazy,
    "tuple": Pair,
}


def assert_same_from_the_folder(fitted: AdaGAN, folder: Path, make: Callable[[], Any]) -> None:
    loaded = Mixture.load(folder, components=[make])
    assert torch.equal(loaded.sample(20, seeded()), fitted.mixture_.sample(20, seeded()))


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_come_back(tmp_path: Path, name: str) -> None:
    make = partial(Own, NETWORKS[name])
    assert_same_from_the_folder(model(make, tmp_path / "run", 1).fit(DATA), tmp_path / "run", make)


@pytest.mark.parametrize("name", sorted(NETWORKS.keys() - {"extra state"}))
def test_networks_of_a_gan_come_back(tmp_path: Path, name: str) -> None:
    def make() -> GAN:
        return GAN(generator=NETWORKS[name](), latent_dim=2, width=4, max_steps=3, batch_size=16)

    assert_same_from_the_folder(model(make, tmp_path / "run", 1).fit(DATA), tmp_path / "run", make)


class Shifted(Own):
    """Samples are shifted by what fit has set."""

    shift: Any

    def shifted(self, samples: Tensor) -> Tensor:
        return samples + self.shift


class Nested(Own):
    def shifted(self, samples: Tensor) -> Tensor:
        return samples + self.network.offsets["mean"]  # type: ignore[index]


class Unregistered(Own):
    """Its second network is in a list, where torch does not find it."""

    parts: list[nn.Module]

    def shifted(self, samples: Tensor) -> Tensor:
        return self.parts[0](samples)


class Helper:
    """A part that is no module."""

    def __init__(self) -> None:
        self.mean = torch.zeros(2)


class Helped(Own):
    def __init__(self, make_network: Callable[[], nn.Module] = two_layers, keep: Callable[[Any], None] = id) -> None:
        super().__init__(make_network, keep)
        self.helper = Helper()

    def shifted(self, samples: Tensor) -> Tensor:
        return samples + self.helper.mean


class Loose(Own):
    """Its buffer is left out of the state."""

    mean: Tensor

    def __init__(self, make_network: Callable[[], nn.Module] = two_layers, keep: Callable[[Any], None] = id) -> None:
        super().__init__(make_network, keep)
        self.register_buffer("mean", torch.zeros(2), persistent=False)

    def shifted(self, samples: Tensor) -> Tensor:
        return samples + self.mean


def harmless(component: Any) -> None:
    component.history, component.best = torch.rand(3), 0.25


def keeping(name: str, value: Any) -> Callable[[Any], None]:
    def keep(component: Any) -> None:
        harmless(component)
        setattr(component, name, value)

    return keep


def keep_nested(component: Any) -> None:
    component.network.offsets = {"mean": torch.ones(2)}


def keep_module(component: Any) -> None:
    component.parts = [nn.Linear(2, 2)]


def keep_helped(component: Any) -> None:
    component.helper.mean = torch.ones(2)


def keep_buffer(component: Any) -> None:
    component.mean.fill_(3)


LOSSES: dict[str, tuple[Callable[[], Any], str]] = {
    "a tensor": (
        partial(Shifted, keep=keeping("shift", torch.ones(2))),
        r"shift \(a Tensor\) is no part of its state_dict\(\); keep it by self\.register_buffer\(\"shift\", \.\.\.\)",
    ),
    "a float": (
        partial(Shifted, keep=keeping("shift", 0.5)),
        r"shift \(a float\) is no part .*register_buffer\(\"shift\".* or by get_extra_state\(\) and set_extra_state",
    ),
    "a tensor of a part": (partial(Nested, keep=keep_nested), r": network\.offsets \(a dict\) is no part"),
    "a list of modules": (partial(Unregistered, keep=keep_module), r"parts \(a list\) is no part .*in a ModuleList"),
    "a part that is no module": (
        partial(Helped, keep=keep_helped),
        r": helper\.mean \(a Tensor\) is no part .*what Helper\.state_dict\(\) returns and load_state_dict\(state\)",
    ),
    "a loose buffer": (partial(Loose, keep=keep_buffer), r": mean \(a Tensor\) is no part"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_would_be_lost_is_named(tmp_path: Path, name: str) -> None:
    make, message = LOSSES[name]
    with pytest.raises(ValueError, match=message) as caught:
        model(make, tmp_path / "run").fit(DATA)
    assert isinstance(caught.value, UserError)
    assert "history" not in str(caught.value)  # what does not matter to the samples is left out
    assert not (tmp_path / "run").exists()


def test_the_round_before_stays(tmp_path: Path) -> None:
    fits: list[int] = []

    def keep_later(component: Any) -> None:
        fits.append(1)
        component.shift = torch.full((2,), 1.0 if len(fits) > 1 else 0.0)

    class Once(Shifted):
        """Sound as long as its shift is the one that it starts with."""

        shift = torch.zeros(2)

    make = partial(Once, keep=keep_later)
    with pytest.raises(UserError, match=r"shift \(a Tensor\) is no part"):
        model(make, tmp_path / "run").fit(DATA)
    assert len(RunFolder(tmp_path / "run").rounds()) == 1
    names = [path.name for path in (tmp_path / "run").iterdir()]
    assert [name for name in names if "002" in name or "001.safetensors" in name or "draft" in name] == []
    assert len(Mixture.load(tmp_path / "run", components=[make])) == 1


def test_nothing_is_compared_in_memory() -> None:
    make, _ = LOSSES["a tensor"]
    assert len(model(make, None, 1).fit(DATA).mixture_) == 1


def test_saving_a_mixture_compares_too(tmp_path: Path) -> None:
    make, message = LOSSES["a tensor"]
    with isolated_randomness(0):
        fitted = make().fit(DATA)
    with pytest.raises(UserError, match=message):
        Mixture([fitted]).save(tmp_path / "saved")
    with pytest.raises(UserError, match=message):
        Mixture([fitted]).save(tmp_path / "saved", components=[make])
    assert not (tmp_path / "saved").exists()


def test_saving_says_when_it_cannot_compare(tmp_path: Path) -> None:
    class Given(Own):
        """Its shift comes by the constructor: another maker makes another."""

        def __init__(self, shift: float = 0.0) -> None:
            super().__init__()
            self.shift = shift

        def shifted(self, samples: Tensor) -> Tensor:
            return samples + self.shift

    with isolated_randomness(0):
        fitted = Given(2.0).fit(DATA)
    with pytest.warns(UserWarning, match=r"Given was saved without a look .* pass what made it: save\(folder, comp"):
        Mixture([fitted]).save(tmp_path / "saved")
    Mixture([fitted]).save(tmp_path / "saved", overwrite=True, components=[partial(Given, 2.0)])
    with pytest.raises(UserError, match=r"shift \(a float\) is no part"):
        Mixture([fitted]).save(tmp_path / "other", components=[partial(Given, 3.0)])


def test_a_critic_that_would_not_be_the_same_ends_the_run(tmp_path: Path) -> None:
    class Forgetful(Critic):
        offset = 0.0

        def fit(self, *arguments: Any, **options: Any) -> "Forgetful":
            super().fit(*arguments, **options)
            self.offset = 0.5
            return self

        def log_ratio(self, x: Tensor) -> Tensor:
            return super().log_ratio(x) + self.offset

    make = partial(Forgetful, width=4, max_steps=2, batch_size=32)
    with pytest.raises(UserError, match=r"critic: Forgetful is not the same .*: offset \(a float\) is no part"):
        AdaGAN(Gaussian, 1, critic=make, coarse_critic=CRITIC, folder=tmp_path / "run").fit(DATA)


class Drawn(nn.Module):
    """A network with a shift of its own, which it draws when it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.shift = nn.Linear(2, 2), torch.randn(2)

    def forward(self, latent: Tensor) -> Tensor:
        return self.layer(latent) + self.shift


def test_what_is_trained_in_steps_is_heard_of_after_one(tmp_path: Path) -> None:
    trained: list[int] = []

    class Long(GAN):
        """Fails the test where it would train for long."""

        def fit(self, *arguments: Any, **options: Any) -> Any:
            trained.append(self.max_steps)
            assert self.max_steps == 1
            return super().fit(*arguments, **options)

    def make() -> GAN:
        return Long(generator=Drawn(), latent_dim=2, width=4, max_steps=1_000_000, batch_size=16)

    with pytest.raises(UserError, match=r"generator_\.shift \(a Tensor\) is no part of its state_dict"):
        model(make, tmp_path / "run").fit(DATA)
    assert trained == [1]
    assert not (tmp_path / "run").exists()


class Restless(Own):
    """Draws from nowhere in particular."""

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.randn(num_samples, 2, generator=torch.Generator().manual_seed(next(NUMBERS)))


NUMBERS = itertools.count()


def test_draws_that_never_repeat_are_said_to_tell_nothing(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Restless draws other samples each time, whatever the generator"):
        model(Restless, tmp_path / "run", 1).fit(DATA)


def test_equal_means_bit_for_bit_and_nan_is_nan() -> None:
    values = torch.tensor([1.0, float("nan"), -float("inf")])
    assert same([values], [values.clone()])
    assert not same([values], [values.nextafter(torch.tensor(9.0))])
    assert not same([values], [values.double()])
    assert not same([values], [values[:2]])
    assert not same([values], [])
