"""Where a mixture misses one data set, round after round: by counts in cells, or by a critic of the user's."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.components.training.ranks.scores import sharing_scores
from adagan.data.training_data import TrainingData
from adagan.fitting import fit_critic, price_of
from adagan.missing.by_ratio import missing_by_ratio
from adagan.missing.draws import affordable_draws, draw_price, num_draws
from adagan.missing.features import Features, features_price, mapping_price, suited_features
from adagan.missing.missing_mass import MISSING_BELOW, Missing, Region, estimated
from adagan.missing.regions import missing_regions
from adagan.mixtures.arguments import as_log_ratio
from adagan.mixtures.large_arrays import filled, summed
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.methods import acceptance, log_acceptance_scale

KEPT = 0.6
"""Share of the samples that is kept at least when strays are rejected."""
FAR = 600.0
"""Log ratios beyond this count as this: a sample is never so far from the data that none could be kept."""


class Lookout:
    """Estimates what mixtures miss of one data set.

    Args:
        data: The points and their own weights.
        critic: Makes a coarse critic, whose ratios are taken instead of counts in cells; ``None`` means cells.
        seed: Of the features, which are learnt once, when they are first needed.
        seconds: CPU seconds that the draws of one look, or learning the features, may take, about; ``None`` sets no
            limit.
    """

    def __init__(
        self,
        data: TrainingData,
        critic: Callable[[], RatioEstimator] | None,
        seed: int,
        seconds: float | None = None,
    ) -> None:
        self.data, self.critic, self.seed, self.seconds = data, critic, seed, seconds
        self._coarse: RatioEstimator | None = None

    @cached_property
    def features(self) -> Features:
        """The map to the space of the cells, learnt from the data."""
        return suited_features(self.data.points, self.seed, self.seconds)

    def price(self, num_components: int) -> float | None:
        """CPU seconds, about, of the next look at a mixture, without draws; ``None`` where a critic has no price."""
        points = self.data.points
        if self.critic is not None:
            return price_of(self.critic, points, num_components, self.seed)
        learning = 0.0 if "features" in self.__dict__ else features_price(points, self.seconds)
        return learning + mapping_price(points, len(points) + num_draws(len(points)))

    def draws(self, price: float) -> int:
        """How many samples are looked at where one costs so many CPU seconds."""
        return affordable_draws(len(self.data.points), price, self.seconds)

    def look(
        self, mixture: Mixture, seed: int, threshold: float = MISSING_BELOW, critic: RatioEstimator | None = None
    ) -> Missing:
        """What the mixture misses.

        Samples that lie where no data are hide a region that is starved behind them. Where nothing is found, it is
        therefore looked again without those that a sharp critic rejects.

        Args:
            mixture: The mixture so far.
            seed: Of draws and cells, or of the coarse critic.
            threshold: The part of its share of the data below which a region is missing.
            critic: The mixture's sharp critic, if there is one.
        """
        if self.critic is not None:
            self._coarse = fit_critic(self.critic, self.data, mixture, seed)
            return by_critic(self._coarse, self.data, threshold, seed)
        with sharing_scores():
            return self._by_cells(mixture, seed, threshold, critic)

    def _by_cells(self, mixture: Mixture, seed: int, threshold: float, critic: RatioEstimator | None) -> Missing:
        samples = self._drawn(mixture, seed)
        found = estimated(self.data, samples, self.features, seed, threshold)
        if found.verdict == "missing" or critic is None:
            return found
        kept = without_strays(samples, critic, seed)
        behind = estimated(self.data, kept, self.features, seed, threshold)
        return replace(behind, rejected=1 - len(kept) / len(samples)) if behind.verdict == "missing" else found

    def log_ratios(self, found: Missing, mixture: Mixture, seed: int, *, of_last: bool) -> tuple[Tensor, Tensor]:
        """The log ratios that the next data weights are made from.

        Args:
            found: What the mixture misses: the latest look.
            mixture: The mixture so far.
            seed: As of `look`.
            of_last: Whether the data weights are made from the last component's ratio instead of the mixture's.

        Returns:
            That of the mixture, for the target's beta, shape (N,); that for the rule, shape (N,).
        """
        by_cells = self.critic is None
        ratio = sparse_log_ratio(found, self.data.weights) if by_cells else found.log_ratio
        if not of_last:
            return ratio, ratio
        if self._coarse is not None:
            return ratio, self._coarse.component_log_ratios_[:, -1]
        last = Mixture(mixture.components[-1:], encoding=mixture.encoding)
        return ratio, estimated(self.data, self._drawn(last, seed), self.features, seed).log_ratio

    def _drawn(self, mixture: Mixture, seed: int) -> Tensor:
        mixture = mixture.to(self.data.points.device)
        generator = torch.Generator(mixture.device).manual_seed(seed)
        # without a limit nothing may depend on what time says
        price = 0.0 if self.seconds is None else draw_price(mixture, seed)
        return mixture.sample(self.draws(price), generator)


def without_strays(samples: Tensor, critic: RatioEstimator, seed: int) -> Tensor:
    """The samples that are kept with probability min(1, c v), v = dP_data/dP_model by the critic; in order.

    With c = 2 only those are ever rejected that the data contain less than half as often; c is larger where less than
    `KEPT` of the samples would be left.

    Args:
        samples: Of the mixture, shape (M, *event).
        critic: Fitted to the mixture.
        seed: Of the choice.
    """
    ratio = as_log_ratio(critic.log_ratio(samples)).clamp(max=FAR)
    source = torch.Generator(samples.device).manual_seed(seed)
    level = max(log_acceptance_scale(ratio, KEPT, torch.full_like(ratio, 1 / len(ratio))), math.log(2))
    luck = torch.rand(len(ratio), generator=source, dtype=ratio.dtype, device=samples.device)
    return samples[luck < acceptance(ratio.to(samples.device), level)]


def sparse_log_ratio(found: Missing, base: Tensor) -> Tensor:
    """Log ratios that are below 0 in the missing regions only, shape (N,), with E_data[u] = 1.

    Elsewhere the ratio is the same at all points: what differs there was not significant, and is the shape of what is
    there.

    Args:
        found: What is missing.
        base: The points' own weights, shape (N,), sum 1.
    """
    if found.inside is None:
        missing = torch.zeros(len(base), dtype=torch.bool, device=base.device)
        missing[found.rows.to(base.device)] = True
    else:
        missing = found.inside.to(base.device)
    ratio = filled(lambda part: part.to(base).clamp(max=0.0).exp(), found.log_ratio)
    share = float(summed(lambda part, where: part[where].sum(), base, missing))
    inside = float(summed(lambda part, value, where: (part * value)[where].sum(), base, ratio, missing))
    elsewhere = (1 - inside) / (1 - share) if share < 1 else 1.0
    return filled(lambda where, value: torch.where(where, value, elsewhere).log(), missing, ratio)


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
