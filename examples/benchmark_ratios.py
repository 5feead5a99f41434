"""
How far off are estimated density ratios?
=========================================

Where the true ones are known; and how honest are they, and what do they cost?

Every method gets the same data and as many samples of a model of two components, and says log dP_model/dP_data at
points that it has not seen. Printed per world: the error of the log ratio at data points (root mean square), the
expected calibration error, E_data[u], which is 1 for the true ratio, and CPU seconds. ``--quick`` shrinks everything,
the whole takes three minutes.
"""

import argparse
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean

import torch
from torch import Tensor, nn

from adagan import Critic, Mixture
from adagan.components import BestOf, BinaryCritic, ClassifierCritic, ExactCritic, KernelCritic, RatioEstimator
from adagan.components.critics.calibration import Calibration, calibration_record
from adagan.mixtures.randomness import isolated_randomness

WEIGHTS = [0.6, 0.4]
LogRatio = Callable[[Tensor], Tensor]


class Normal(nn.Module):
    """A Gaussian with a given mean (D,) and a given square root (D, D) of its covariance."""

    def __init__(self, mean: Tensor, root: Tensor) -> None:
        super().__init__()
        self.mean, self.root = mean, root
        self.density = torch.distributions.MultivariateNormal(mean.double(), (root @ root.T).double())

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.mean + torch.randn(num_samples, len(self.mean), generator=generator) @ self.root.T

    def log_prob(self, x: Tensor) -> Tensor:
        return self.density.log_prob(x.double())


class Finite(nn.Module):
    """Places (V, D), each with a probability (V,)."""

    def __init__(self, places: Tensor, probabilities: Tensor) -> None:
        super().__init__()
        self.places, self.probabilities = places, probabilities / probabilities.sum()

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.places[torch.multinomial(self.probabilities, num_samples, replacement=True, generator=generator)]

    def log_prob(self, x: Tensor) -> Tensor:
        return self.probabilities.double().log()[torch.cdist(x, self.places).argmin(dim=1)]


@dataclass(frozen=True)
class World:
    """The truth and a model of it, both with samples and densities."""

    name: str
    truth: nn.Module
    mixture: Mixture

    def log_ratio(self, x: Tensor) -> Tensor:
        return self.mixture.log_prob(x) - self.truth.log_prob(x)


def gaussian_worlds(size: int) -> list[World]:
    """Components that are shifted, scaled or rotated against the data; the more dimensions, the less in each."""
    zero, eye, unit = torch.zeros(size), torch.eye(size), torch.ones(size) / math.sqrt(size)
    narrow, wide = 1 - 0.5 / math.sqrt(size), 1 + 0.5 / math.sqrt(size)
    long = torch.where(torch.arange(size) % 2 == 0, wide, narrow)
    turned = []
    for angle in (math.pi / 4, -math.pi / 3):
        turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        turned.append(Normal(zero, torch.block_diag(*[turn] * (size // 2)) @ long.diag()))
    models = {
        "shifted": (Normal(zero, eye), [Normal(unit, eye), Normal(-0.7 * unit, eye)]),
        "scaled": (Normal(zero, eye), [Normal(zero, wide * eye), Normal(zero, narrow * eye)]),
        "rotated": (Normal(zero, long.diag()), turned),
    }
    return [
        World(f"Gaussians, {size} dimensions, {name}", truth, Mixture(components, WEIGHTS))
        for name, (truth, components) in models.items()
    ]


def finite_worlds() -> list[World]:
    """Twenty symbols, one coordinate each, and the places of a grid; probabilities as chance will have it."""
    source = torch.Generator().manual_seed(0)
    steps = torch.arange(8.0)
    spaces = {"20 symbols": torch.eye(20), "a grid of 8 × 8": torch.cartesian_prod(steps, steps)}
    worlds = []
    for name, places in spaces.items():
        truth, *components = (Finite(places, -torch.rand(len(places), generator=source).log() + 0.05) for _ in range(3))
        worlds.append(World(f"Finite, {name}", truth, Mixture(components, WEIGHTS)))
    return worlds


def by_critic(make: Callable[[], RatioEstimator], world: World, data: Tensor, samples: Tensor, seed: int) -> LogRatio:
    """One of the package's; it draws as many samples of the mixture itself."""
    return make().fit(data, world.mixture).log_ratio


def by_classifier(classifier: object, method: str, world: World, data: Tensor, samples: Tensor, seed: int) -> LogRatio:
    """scikit-learn's calibrated classifiers: the odds of being a sample."""
    from sklearn.base import clone
    from sklearn.calibration import CalibratedClassifierCV

    fitted = CalibratedClassifierCV(clone(classifier).set_params(random_state=seed), method=method, cv=5)
    fitted.fit(torch.cat([data, samples]).numpy(), torch.arange(2).repeat_interleave(len(data)).numpy())

    def log_ratio(x: Tensor) -> Tensor:
        found = torch.from_numpy(fitted.predict_proba(x.numpy())).clamp(min=1 / (4 * len(data)))
        return found[:, 1].log() - found[:, 0].log()

    return log_ratio


def by_densratio(method: str, world: World, data: Tensor, samples: Tensor, seed: int) -> LogRatio:
    """The package densratio with its defaults; a ratio of zero counts as one over the number of points."""
    from densratio import densratio

    with isolated_randomness(seed):  # it draws from numpy's global state
        found = densratio(samples.double().numpy(), data.double().numpy(), method=method, verbose=False)

    def log_ratio(x: Tensor) -> Tensor:
        return torch.from_numpy(found.compute_density_ratio(x.double().numpy())).clamp(min=1 / len(data)).log()

    return log_ratio


def methods(world: World, seed: int, max_steps: int) -> dict[str, Callable[[Tensor, Tensor], LogRatio]]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    network = {"seed": seed, "max_steps": max_steps}
    makers: Mapping[str, Callable[[], RatioEstimator]] = {
        "ExactCritic": partial(ExactCritic, world.truth.log_prob),
        "Critic": partial(Critic, **network),
        "Critic, best calibrator": partial(Critic, **network, calibrator=BestOf()),
        "BinaryCritic": partial(BinaryCritic, **network),
        "ClassifierCritic": partial(ClassifierCritic, seed=seed),
        "KernelCritic, alpha .5": partial(KernelCritic, seed=seed),
        "KernelCritic, alpha 0": partial(KernelCritic, alpha=0.0, seed=seed),
    }
    fits = {name: partial(by_critic, maker) for name, maker in makers.items()}
    fits["calibrated gradient boosting"] = partial(by_classifier, HistGradientBoostingClassifier(), "isotonic")
    fits["calibrated logistic regression"] = partial(by_classifier, LogisticRegression(), "sigmoid")
    fits["densratio, uLSIF"] = partial(by_densratio, "uLSIF")
    fits["densratio, KLIEP"] = partial(by_densratio, "KLIEP")
    return {name: lambda data, samples, fit=fit: fit(world, data, samples, seed) for name, fit in fits.items()}


@dataclass(frozen=True)
class Row:
    """What one method reached in one world; the error is that of the log ratio at data points, seconds are CPU's."""

    world: str
    method: str
    error: float
    calibration: Calibration
    cpu_seconds: float


def measured(world: World, num_points: int, max_steps: int, seed: int) -> list[Row]:
    source = torch.Generator().manual_seed(seed)
    data, unseen = (world.truth.sample(num_points, generator=source) for _ in range(2))
    samples, unseen_samples = (world.mixture.sample(num_points, source) for _ in range(2))
    true, rows = world.log_ratio(unseen), []
    for name, fit in methods(world, seed, max_steps).items():
        start = time.process_time()
        try:
            log_ratio = fit(data, samples)
        except ImportError as error:
            print(f"{name}: left out, {error}")
            continue
        found = log_ratio(unseen)
        record = calibration_record(found, log_ratio(unseen_samples), 1.0)
        distance = float((found - true).square().mean().sqrt())
        rows.append(Row(world.name, name, distance, record, time.process_time() - start))
        print(
            f"{world.name:<34}{name:<32}{distance:8.3f}{record.error:9.3f}"
            f"{record.mean_ratio:9.3f} ± {1.96 * record.mean_ratio_error:5.3f}{rows[-1].cpu_seconds:8.2f}",
            flush=True,
        )
    return rows


def all_worlds() -> list[World]:
    return [world for size in (2, 16, 64) for world in gaussian_worlds(size)] + finite_worlds()


def main(worlds: Sequence[World], num_points: int = 2_000, max_steps: int = 1_000, seed: int = 0) -> list[Row]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    print(f"{num_points} data points, as many samples, seed {seed}, one thread\n")
    print(f"{'world':<34}{'method':<32}{'error':>8}{'ECE':>9}{'E_data[u]':>17}{'CPU s':>8}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = [row for world in worlds for row in measured(world, num_points, max_steps, seed)]
    finally:
        torch.set_num_threads(threads)
    print(f"\nmeans over {len(worlds)} worlds")
    for method in dict.fromkeys(row.method for row in rows):
        own = [row for row in rows if row.method == method]
        columns = zip(*((row.error, row.calibration.error, row.cpu_seconds) for row in own), strict=True)
        error, calibration, cost = (mean(column) for column in columns)
        print(f"{'':<34}{method:<32}{error:8.3f}{calibration:9.3f}{'':17}{cost:8.2f}")
    return rows


def quick(seed: int = 0) -> list[Row]:
    """Some seconds: what is printed is right, and says little."""
    return main([gaussian_worlds(2)[0], finite_worlds()[0]], num_points=100, max_steps=5, seed=seed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two worlds, few points, few steps")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.quick:
        quick(options.seed)
    else:
        main(all_worlds(), seed=options.seed)
