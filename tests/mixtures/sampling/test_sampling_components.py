"""Every torch component of the package in a mixture's draw: no value comes to the host, and one make is one call."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adagan.components import GAN, VAE, ClassConditional, Flow, FlowMatching, Gaussian, Memoriser, MomentMatching
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.sampling.stacking import stacks

QUICK: dict[str, int] = {"max_steps": 3, "batch_size": 16, "width": 8}
PUSHING: dict[str, Callable[[], Any]] = {
    "gan": partial(GAN, **QUICK),
    "vae": partial(VAE, **QUICK),
    "flow": partial(Flow, **QUICK),
    "flow matching": partial(FlowMatching, **QUICK),
    "moment matching": partial(MomentMatching, **QUICK),
}
MAKERS: dict[str, Callable[[], Any]] = {
    **PUSHING,
    "gaussian": Gaussian,
    "memoriser": Memoriser,
    "classes": partial(ClassConditional, Gaussian),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fitted(name: str, event: tuple[int, ...] = (2,), count: int = 3) -> list[nn.Module]:
    data = torch.randn(64, *event, generator=seeded(100))
    labels: dict[str, Tensor] = {"labels": torch.arange(64) % 2} if name == "classes" else {}
    made = []
    for seed in range(count):
        with isolated_randomness(seed):
            made.append(MAKERS[name]().fit(data, **labels).eval().requires_grad_(False))
    return made


@pytest.mark.parametrize("name", MAKERS)
def test_a_draw_on_the_meta_device(name: str) -> None:
    # the meta device has no values: whatever asked for one on the host would raise
    mixture = Mixture(fitted(name)).to("meta")
    for num_samples in (0, 5, 40, 5_000):
        samples, component = mixture.sample(num_samples, seeded(0), return_component=True)
        assert samples.is_meta
        assert component.is_meta
        assert samples.shape == (num_samples, 2)


@pytest.mark.parametrize("name", ["gan", "vae", "moment matching", "gaussian", "memoriser"])
def test_images_on_the_meta_device(name: str) -> None:
    mixture = Mixture(fitted(name, (1, 8, 8), 2)).to("meta")
    for num_samples in (5, 100):
        assert mixture.sample(num_samples, seeded(0)).shape == (num_samples, 1, 8, 8)


@pytest.mark.parametrize("name", PUSHING)
def test_one_make_is_one_call(name: str) -> None:
    made = fitted(name)
    (stack,) = stacks(made)
    counts = [1, 4, 2]
    together = stack.sample([0, 1, 2], counts, seeded(1))
    latents = made[0].draw_latent(7, generator=seeded(1)).split(counts)
    alone = torch.cat([component(latent) for component, latent in zip(made, latents, strict=True)])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)
