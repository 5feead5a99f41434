"""How a mixture draws: normal tensors, bounded memory, given a component or a class, on any device."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from adagan import GAN
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import generator_for
from adagan.mixtures.sampling.sampler import FIRST_BLOCK, MAX_BLOCK, MIN_BLOCK, block_size, device_of


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Place(nn.Module):
    """The component is readable from the sample; it records its calls."""

    def __init__(self, place: float, event: tuple[int, ...] = (2,)) -> None:
        super().__init__()
        self.register_buffer("place", torch.tensor(place))
        self.event, self.calls, self.inference = event, [], []

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        self.calls.append(num_samples)
        self.inference.append(torch.is_inference_mode_enabled())
        noise = torch.rand(num_samples, *self.event, generator=generator, device=self.place.device)
        return self.place + 0.5 * noise


def places(count: int = 3, event: tuple[int, ...] = (2,)) -> list[Place]:
    return [Place(float(index), event) for index in range(count)]


def gans(count: int, **options) -> list[GAN]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = [GAN(latent_dim=2, width=16, **options) for _ in range(count)]
        for gan in made:
            gan.build((2,), torch.zeros(1))
            gan.eval().requires_grad_(False)
    return made


@pytest.mark.parametrize("num_samples", [0, 1, 7, 100])
@pytest.mark.parametrize("components", [places(), gans(3), gans(1)])
def test_samples_are_normal_tensors(components, num_samples: int) -> None:
    mixture = Mixture(components)
    with torch.inference_mode():
        drawn = [*mixture.sample(num_samples, seeded(0), return_component=True)]
    drawn += mixture.sample(num_samples, seeded(0), return_component=True)
    assert torch.equal(drawn[0], drawn[2])
    for tensor in drawn:
        assert not tensor.is_inference()
        assert not tensor.requires_grad
        tensor.add_(1)
    weight = torch.ones(2, requires_grad=True)
    (drawn[2] * weight).sum().backward()
    assert weight.grad is not None


def test_components_sample_in_inference_mode() -> None:
    components = places()
    Mixture(components).sample(100, seeded(0))
    assert [component.inference for component in components] == [[True]] * 3


def test_one_call_per_component_and_block() -> None:
    components = places()
    count = FIRST_BLOCK + 2 * MAX_BLOCK + 5_000
    samples, component = Mixture(components).sample(count, seeded(0), return_component=True)
    assert [len(one.calls) for one in components] == [4] * 3
    blocks = np.array([one.calls for one in components]).sum(axis=0).tolist()
    assert blocks == [FIRST_BLOCK, MAX_BLOCK, MAX_BLOCK, 5_000]
    assert torch.equal(samples.floor()[:, 0].long(), component)


def test_blocks_are_smaller_for_larger_events() -> None:
    assert block_size(None) == FIRST_BLOCK
    assert block_size(torch.zeros(5, 2)) == MAX_BLOCK
    # how many samples there are so far does not matter: parts of a draw are cut at the same places
    assert block_size(torch.zeros(0, 3, 64, 64, device="meta")) == 2**24 // (3 * 64 * 64)
    assert block_size(torch.zeros(5, 3, 64, 64, device="meta")) == 2**24 // (3 * 64 * 64)
    assert block_size(torch.zeros(1, 10, 1024, 1024, device="meta")) == MIN_BLOCK


PEAK = """
import resource, sys
import torch
from adagan.mixtures import Mixture
torch.set_num_threads(1)

class Flat:
    def sample(self, num_samples, *, generator=None):
        return torch.rand(num_samples, 4, generator=generator)

mixture = Mixture([Flat(), Flat()])
mixture.sample(300_000, torch.Generator().manual_seed(0))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
mixture.sample(int(sys.argv[1]), torch.Generator().manual_seed(0))
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures in kilobytes, as Linux does")
def test_memory_beyond_the_result_is_bounded_by_the_block() -> None:
    count = 6_000_000
    done = subprocess.run([sys.executable, "-c", PEAK, str(count)], cwd="/", capture_output=True, text=True, check=True)
    # the result has 96 MB; an order of all samples or one component's share of them would be 48 MB more
    assert int(done.stdout) < 16 * count + 2**24


def test_given_a_component() -> None:
    components = places()
    mixture = Mixture(components, [0.5, 0.5, 0.0])
    for index in range(3):
        samples, component = mixture.sample(50, seeded(0), True, component=index)
        assert component.tolist() == [index] * 50
        assert samples.floor().unique().tolist() == [float(index)]
    wanted = torch.randint(3, (FIRST_BLOCK + 1_000,), generator=seeded(1))
    samples, component = mixture.sample(len(wanted), seeded(0), return_component=True, component=wanted)
    assert torch.equal(component, wanted)
    assert torch.equal(samples[:, 0].floor().long(), wanted)
    assert torch.equal(samples, mixture.sample(len(wanted), seeded(0), component=wanted))
    assert mixture.sample(0, component=1).shape == mixture.sample(0, component=wanted[:0]).shape == (0, 2)


def test_given_components_of_one_make() -> None:
    mixture = Mixture(gans(4))
    wanted = torch.tensor([3, 1, 3, 0])
    alone = [mixture.components[index] for index in wanted.tolist()]
    samples = mixture.sample(4, seeded(0), component=wanted)
    # latent vectors are drawn in the order of the components: 0, 1, 3, 3
    latents = alone[0].draw_latent(4, generator=seeded(0))
    order = wanted.argsort(stable=True)
    expected = torch.cat([alone[place](latents[rank : rank + 1]) for rank, place in enumerate(order.tolist())])
    torch.testing.assert_close(samples[order], expected)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"component": 3}, ValueError, "component: expected numbers from 0 to 2, got 3"),
        ({"component": -1}, ValueError, "component: expected numbers from 0 to 2, got -1"),
        (
            {"component": torch.zeros(4, dtype=torch.int64)},
            ValueError,
            "component: expected a whole number, or 5 of th",
        ),
        ({"component": torch.zeros(5)}, ValueError, r"got shape \(5,\) of torch.float32"),
        ({"component": torch.ones(5, dtype=torch.bool)}, ValueError, "of torch.bool"),
        ({"condition": 0}, TypeError, r"condition: component 0 \(Place\) is not conditional, it has no class_shares_"),
    ],
)
def test_errors(options, error, message: str) -> None:
    with pytest.raises(error, match=message):
        Mixture(places()).sample(5, **options)


@pytest.mark.parametrize("num_samples", [0, 5, 40, 1_000, FIRST_BLOCK + 100])
@pytest.mark.parametrize("make", [places, lambda: gans(3)])
def test_a_draw_on_the_meta_device(make, num_samples: int) -> None:
    # the meta device has no values: whatever asked for one on the host would raise
    mixture = Mixture(make(), [0.5, 0.25, 0.25]).to("meta")
    samples, component = mixture.sample(num_samples, return_component=True)
    assert samples.is_meta
    assert samples.shape == (num_samples, 2)
    assert component.is_meta
    assert component.shape == (num_samples,)
    assert mixture.sample(num_samples, seeded(0), component=1).is_meta


class HostTrips(TorchDispatchMode):
    """Counts the operations that bring a value to the host."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        name = str(function)
        if any(part in name for part in ("_local_scalar_dense", "nonzero", "item", "unique", "is_nonzero", "equal.")):
            self.found.append(name)
        return function(*arguments, **(options or {}))


@pytest.mark.parametrize("num_samples", [40, 1_000, FIRST_BLOCK + MAX_BLOCK + 100])
@pytest.mark.parametrize("make", [places, lambda: gans(3)])
def test_no_host_round_trip_beyond_the_counts(make, num_samples: int) -> None:
    mixture = Mixture(make())
    mixture.sample(40, seeded(0))
    with HostTrips() as trips:
        mixture.sample(num_samples, seeded(0), return_component=True)
    # one, the seed of all blocks' counts
    assert len(trips.found) == 1, trips.found


def test_the_weights_are_read_again_when_they_change() -> None:
    mixture = Mixture(places(), [1.0, 0.0, 0.0])
    assert mixture.sample(20, seeded(0)).floor().unique().tolist() == [0.0]
    mixture.weights.copy_(torch.tensor([0.0, 1.0, 0.0]))
    assert mixture.sample(20, seeded(0)).floor().unique().tolist() == [1.0]
    mixture.load_state_dict(Mixture(places(), [0.0, 0.0, 1.0]).state_dict())
    assert mixture.sample(20, seeded(0)).floor().unique().tolist() == [2.0]


def test_a_generator_per_device() -> None:
    cpu, meta = torch.device("cpu"), torch.device("meta")
    given = seeded(0)
    assert generator_for(cpu, given) is given
    assert generator_for(meta, given) is given
    assert generator_for(cpu, None).initial_seed() != generator_for(cpu, None).initial_seed()
    assert generator_for(meta, None).device == cpu


def test_where_samples_are_made() -> None:
    on_meta = places(1)[0].to("meta")
    assert device_of(object(), nn.ReLU()) == torch.device("cpu")
    assert device_of(object(), on_meta) == device_of(nn.ReLU(), Mixture([on_meta]).to("meta")) == torch.device("meta")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_generator_of_the_cpu_seeds_one_of_the_gpu() -> None:
    mixture = Mixture(gans(3)).to("cuda")
    first, again = mixture.sample(100, seeded(0)), mixture.sample(100, seeded(0))
    assert first.is_cuda
    assert torch.equal(first, again)
    assert not torch.equal(first, mixture.sample(100, seeded(1)))
