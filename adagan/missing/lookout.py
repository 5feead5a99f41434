"""Where a mixture misses one data set, round after round: by counts in cells, or by a critic of the user's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.data.training_data import TrainingData
from adagan.fitting import fit_critic
from adagan.missing.by_ratio import missing_by_ratio
from adagan.missing.features import Features, suited_features
from adagan.missing.missing_mass import MISSING_BELOW, Missing, Region, estimated
from adagan.missing.regions import missing_regions
from adagan.mixtures.mixture import Mixture

FEWEST_DRAWS, MOST_DRAWS = 20_000, 200_000
"""Samples that are looked at: twice as many as there are data where that lies between these."""


def num_draws(num_points: int) -> int:
    """How many samples of a mixture are looked at for so many data points."""
    return min(max(2 * num_points, FEWEST_DRAWS), MOST_DRAWS)


class Lookout:
    """Estimates what mixtures miss of one data set.

    Args:
        data: The points and their own weights.
        critic: Makes a coarse critic, whose ratios are taken instead of counts in cells; ``None`` means cells.
        seed: Of the features, which are learnt once, when they are first needed.
    """

    def __init__(self, data: TrainingData, critic: Callable[[], RatioEstimator] | None, seed: int) -> None:
        self.data, self.critic, self.seed = data, critic, seed

    @cached_property
    def features(self) -> Features:
        """The map to the space of the cells, learnt from the data."""
        return suited_features(self.data.points, self.seed)

    def look(self, mixture: Mixture, seed: int, threshold: float = MISSING_BELOW) -> Missing:
        """What the mixture misses; `seed` is that of draws and cells, or of the critic."""
        if self.critic is not None:
            return by_critic(fit_critic(self.critic, self.data, mixture, seed), self.data, threshold, seed)
        return self._count(mixture, seed, threshold)

    def look_for_weights(self, mixture: Mixture, seed: int, *, of_last: bool) -> tuple[Missing, Tensor, Tensor]:
        """What the mixture misses, and the log ratios that the next data weights are made from.

        Args:
            mixture: The mixture so far.
            seed: As of `look`.
            of_last: Whether the data weights are made from the last component's ratio instead of the mixture's.

        Returns:
            What is missing; the log ratio of the mixture, for the target's beta, shape (N,); that for the rule.
        """
        if self.critic is not None:
            coarse = fit_critic(self.critic, self.data, mixture, seed)
            ratio = coarse.log_ratio_
            found = by_critic(coarse, self.data, MISSING_BELOW, seed)
            return found, ratio, coarse.component_log_ratios_[:, -1] if of_last else ratio
        found = self._count(mixture, seed, MISSING_BELOW)
        ratio = sparse_log_ratio(found, self.data.weights)
        if not of_last:
            return found, ratio, ratio
        last = Mixture(mixture.components[-1:], encoding=mixture.encoding)
        return found, ratio, self._count(last, seed, MISSING_BELOW).log_ratio

    def _count(self, mixture: Mixture, seed: int, threshold: float) -> Missing:
        mixture = mixture.to(self.data.points.device)
        generator = torch.Generator(mixture.device).manual_seed(seed)
        samples = mixture.sample(num_draws(len(self.data.points)), generator)
        return estimated(self.data, samples, self.features, seed, threshold)


def sparse_log_ratio(found: Missing, base: Tensor) -> Tensor:
    """Log ratios that are below 0 in the missing regions only, shape (N,), with E_data[u] = 1.

    Elsewhere the ratio is the same at all points: what differs there was not significant, and is the shape of what is
    there.

    Args:
        found: What is missing.
        base: The points' own weights, shape (N,), sum 1.
    """
    missing = torch.zeros(len(base), dtype=torch.bool, device=base.device)
    missing[found.rows.to(base.device)] = True
    ratio = found.log_ratio.to(base).clamp(max=0.0).exp()
    share, inside = float(base[missing].sum()), float((base * ratio)[missing].sum())
    elsewhere = (1 - inside) / (1 - share) if share < 1 else 1.0
    return torch.where(missing, ratio, elsewhere).log()


def by_critic(critic: RatioEstimator, data: TrainingData, threshold: float, seed: int) -> Missing:
    """E_data[(1 − u)_+] by a fitted critic, with the points below the threshold in groups."""
    ratio, base = critic.log_ratio_, data.weights
    found = missing_by_ratio(ratio, base)
    low, high = found.interval
    groups = missing_regions(data.points, ratio, base, threshold=threshold, seed=seed)
    regions = tuple(
        Region(group.rows, group.centre, group.missing_mass, 0.0, group.missing_mass, group.coverage)
        for group in groups
    )
    return Missing(
        value=found.value,
        low=max(low, 0.0),
        high=min(high, 1.0),
        visible=0.0,
        regions=regions,
        log_ratio=ratio,
        num_samples=0,
        strays=0.0,
    )
