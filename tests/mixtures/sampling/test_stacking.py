"""Components of one make called together: the same samples as alone, and every change of a component is noticed."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from adagan import GAN
from adagan.components.networks.defaults import ConvolutionalGenerator
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.sampling.stacked_layers import Rows, for_rows, stacked
from adagan.mixtures.sampling.stacking import Stack, alike, stacks


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Decoder(nn.Module):
    """A component that pushes normal vectors through a network; it counts the calls of its own."""

    def __init__(self, network: nn.Module, latent_dim: int = 3) -> None:
        super().__init__()
        self.network, self.latent_dim, self.calls = network, latent_dim, 0

    def draw_latent(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.randn(num_samples, self.latent_dim, generator=generator, dtype=next(self.parameters()).dtype)

    def forward(self, latent: Tensor) -> Tensor:
        return self.network(latent)

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        self.calls += 1
        return self(self.draw_latent(num_samples, generator=generator))


class Residual(nn.Module):
    """A layer with a forward and a parameter of its own beside a child."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.gain = nn.Linear(3, 3), nn.Parameter(torch.rand(()))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.gain * self.inner(x).tanh()


class Attending(nn.Module):
    """Linear layers on sequences, (N, L, E)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm, self.out = nn.Linear(1, 4), nn.LayerNorm(4), nn.Linear(4, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.norm(self.embed(x[:, :, None]))).flatten(1)


def normalised() -> nn.Module:
    layer = nn.BatchNorm1d(4)
    with torch.no_grad():
        layer.running_mean.copy_(torch.randn(4))
        layer.running_var.copy_(torch.rand(4) + 0.5)
    return nn.Sequential(nn.Linear(3, 4), layer, nn.Dropout(0.5), nn.Linear(4, 2))


NETWORKS: list[Callable[[], nn.Module]] = [
    lambda: nn.Linear(3, 2),
    lambda: nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4, bias=False), nn.Unflatten(1, (2, 2))),
    lambda: nn.Sequential(nn.Linear(3, 5), nn.PReLU(5), nn.LayerNorm(5), nn.Linear(5, 2)),
    normalised,
    Residual,
    Attending,
    lambda: ConvolutionalGenerator(3, (1, 8, 8), 4),
    lambda: nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).double(),
]


def components(network: Callable[[], nn.Module], count: int = 5) -> list[Decoder]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return [Decoder(network()).eval().requires_grad_(False) for _ in range(count)]


@pytest.mark.parametrize("network", NETWORKS)
def test_together_as_alone(network: Callable[[], nn.Module]) -> None:
    made = components(network)
    (stack,) = stacks(made)
    members, counts = [0, 2, 3], [1, 4, 2]
    together = stack.sample(members, counts, seeded(1))
    latents = made[0].draw_latent(7, generator=seeded(1)).split(counts)
    alone = torch.cat([made[member](latent) for member, latent in zip(members, latents, strict=True)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_small_draws_call_components_together_and_large_ones_do_not(network: Callable[[], nn.Module]) -> None:
    made = components(network)
    mixture = Mixture(made)
    mixture.sample(10, seeded(0))
    before = [component.calls for component in made]
    first = mixture.sample(20, seeded(1))
    assert torch.equal(first, mixture.sample(20, seeded(1)))
    assert [component.calls for component in made] == before
    mixture.sample(500, seeded(2))
    assert [component.calls for component in made] == [calls + 1 for calls in before]


def test_small_and_large_draws_have_one_distribution() -> None:
    made = components(lambda: nn.Linear(3, 1), 4)
    mixture = Mixture(made, [0.4, 0.3, 0.2, 0.1])
    small = torch.cat([mixture.sample(10, generator) for generator in [seeded(0)] for _ in range(3000)])
    large = mixture.sample(30_000, seeded(1))
    # means and shares of negative values, over 30,000 each: six standard errors of the differences (below 1e-8)
    spread = float(large.std())
    assert abs(float(small.mean() - large.mean())) < 6 * spread * (2 / 30_000) ** 0.5
    shares = [(part < 0).double().mean() for part in (small, large)]
    assert abs(float(shares[0] - shares[1])) < 6 * 0.5 * (2 / 30_000) ** 0.5


def test_components_of_two_makes_and_a_plain_one() -> None:
    class Plain:
        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            return torch.full((num_samples, 2), 9.0)

    small, large = components(lambda: nn.Linear(3, 2)), components(lambda: nn.Sequential(nn.Linear(3, 2), nn.Tanh()))
    mixture = Mixture([small[0], large[0], Plain(), small[1], large[1]])
    samples, component = mixture.sample(40, seeded(0), return_component=True)
    assert [stack.members for stack in stacks(mixture.components)] == [(0, 3), (1, 4)]
    assert bool(((samples == 9).all(dim=1) == (component == 2)).all())
    assert float(samples[(component == 1) | (component == 4)].abs().max()) <= 1
    assert torch.equal(samples, mixture.sample(40, seeded(0)))


class Scaled(Decoder):
    """The attribute counts in the outcome, whatever the module tree says."""

    scale = 1.0

    def forward(self, latent: Tensor) -> Tensor:
        return self.scale * super().forward(latent)


class Counting(Decoder):
    """Changes as it samples."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network)
        self.register_buffer("drawn", torch.zeros(()))

    def forward(self, latent: Tensor) -> Tensor:
        self.drawn += len(latent)
        return super().forward(latent)


class Talking(Decoder):
    """Rows are not independent."""

    def forward(self, latent: Tensor) -> Tensor:
        return super().forward(latent) - latent.mean(dim=0)[:2]


class Dishonest(Decoder):
    """Does not sample what it decodes."""

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return 1 + super().sample(num_samples, generator=generator)


class Reaching(nn.Module):
    """Uses a child's values without calling it."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.inner.weight.T


@pytest.mark.parametrize("kind", [Scaled, Counting, Talking, Dishonest, Reaching])
def test_what_would_sample_otherwise_is_called_one_by_one(kind: type[nn.Module]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = [Decoder(Reaching()) if kind is Reaching else kind(nn.Linear(3, 2)) for _ in range(3)]
    if kind is Scaled:
        made[1].scale = 2.0
    assert stacks(made) == []
    mixture = Mixture([component.eval() for component in made])
    before = sum(component.calls for component in made)
    assert mixture.sample(30, seeded(0)).shape == (30, 2)
    assert sum(component.calls for component in made) >= before + 3


class Applying(nn.Module):
    """Calls a function that it was given."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


@pytest.mark.parametrize(
    ("first", "other", "expected"),
    [
        (nn.Linear(3, 2), nn.Linear(3, 2), True),
        (nn.Linear(3, 2), nn.Linear(2, 2), False),
        (nn.Linear(3, 2), nn.Linear(3, 2, bias=False), False),
        (nn.Linear(3, 2), nn.Linear(3, 2).double(), False),
        (nn.Linear(3, 2), nn.Linear(3, 2, device="meta"), False),
        (nn.Sequential(nn.LeakyReLU(0.1)), nn.Sequential(nn.LeakyReLU(0.1)), True),
        (nn.Sequential(nn.LeakyReLU(0.1)), nn.Sequential(nn.LeakyReLU(0.2)), False),
        (nn.Sequential(nn.ReLU()), nn.Sequential(nn.Tanh()), False),
        (
            nn.Sequential(Applying(partial(torch.add, other=1))),
            nn.Sequential(Applying(partial(torch.add, other=1))),
            True,
        ),
        (
            nn.Sequential(Applying(partial(torch.add, other=1))),
            nn.Sequential(Applying(partial(torch.add, other=2))),
            False,
        ),
        (nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU(), nn.ReLU()), False),
    ],
)
def test_alike(first: nn.Module, other: nn.Module, expected: bool) -> None:
    assert alike(first, other) is expected


def test_equal_values_are_shared() -> None:
    first, other = nn.BatchNorm1d(3).eval(), nn.BatchNorm1d(3).eval()
    shell = stacked([first, other])
    assert type(shell) is nn.BatchNorm1d
    assert torch.equal(shell.weight, first.weight)
    assert shell.weight is not first.weight
    x = torch.randn(4, 3, generator=seeded(0))
    with for_rows(Rows(torch.tensor([0, 0, 1, 1]), (0, 1), (2, 2))):
        assert torch.equal(shell(x), first(x))


def gans(event_shape: tuple[int, ...], count: int = 6) -> list[GAN]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = [GAN(latent_dim=2, width=16, seed=index) for index in range(count)]
        for gan in made:
            gan.build(event_shape, torch.zeros(1))
            gan.scaling_.shift.normal_()
            gan.scaling_.scale.uniform_(0.5, 2)
            gan.eval().requires_grad_(False)
    return made


@pytest.mark.parametrize("event_shape", [(2,), (1, 8, 8)])
def test_gans_are_called_together(event_shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = Mixture(gans(event_shape))
    samples, component = mixture.sample(40, seeded(3), return_component=True)
    monkeypatch.setattr(GAN, "sample", None)
    assert torch.equal(samples, mixture.sample(40, seeded(3)))
    one = gans(event_shape)[int(component[0])]
    # the first sample is somewhere in the range of its own component's generator
    latents = one.draw_latent(40, generator=seeded(0))
    assert one(latents).shape == samples.shape


def test_stacking_leaves_modes_and_grads_alone() -> None:
    mixture = Mixture(components(normalised)).train()
    for component in mixture:
        component.requires_grad_(True)
    samples = mixture.sample(20, seeded(0))
    assert all(module.training for module in mixture.modules())
    assert not samples.requires_grad
    again = mixture.sample(20, seeded(0))
    assert torch.equal(samples, again)


def test_a_stack_says_why_it_cannot_be() -> None:
    made = components(lambda: nn.Linear(3, 2), 2)
    made[1].draw_latent = lambda num_samples, generator=None: torch.zeros(num_samples, 3)  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="Decoder samples otherwise than it decodes its latent vectors"):
        Stack([0, 1], made)
