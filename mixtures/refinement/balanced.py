"""Balanced refinement: rejection that leaves every region of the data its share of the samples."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from adagan.mixtures.arguments import MAX_LOG_RATIO, ArrayLike, as_log_ratio, as_probabilities
from adagan.mixtures.errors import UserTypeError
from adagan.mixtures.numbers import check_counts, check_share
from adagan.mixtures.randomness import generator_for
from adagan.mixtures.refinement.methods import BudgetedRejection, Refinement, log_acceptance_scale
from adagan.mixtures.refinement.refined import LogRatio, Refined, Samples
from adagan.mixtures.sampling.sampler import device_of, evaluating
from adagan.mixtures.storage.components import component_record, unfitted_component

MOST_POINTS = 20_000
"""Data points among which the centres of regions are found, and which are compared with them at a time."""
POINTS_PER_REGION = 50
"""Fewer data points do not tell a region's share."""
PRIOR = 5.0
"""Pilot samples that every region is thought to have had, beside its own, if the mixture's share were the data's."""
CRITIC = "critic."
"""Before the names of the critic's values among those that are stored."""


class Balanced(nn.Module):
    r"""A critic whose log ratios are shifted by region, so that budgeted rejection keeps the data's shares.

    The best acceptance of its rate, min(1, c v), pays for better samples with their shares: where only few samples are
    good v is large, and what exceeds 1/c is cut off, so that such a region ends with less than the data have there.
    Here every region r has a c_r of its own,

        E_model[min(1, c_r v) | r] = min(kappa · budget · P_data(r)/P_model(r), √budget),

    so that the accepted samples have the share P_data(r) in it wherever rejection can reach that (kappa is 1 if it can
    everywhere). A region that the mixture lacks is not filled with poor samples: the others share what it cannot take.
    Within a region this is still the best acceptance of its rate. Regions are the cells of k-means on the data.

    It takes the critic's place: ``Refined(mixture, Balanced.fit(critic, mixture, data, 0.5), 0.5)``, which is
    ``model.refined(0.5, balanced=True)``.

    Args:
        critic: A fitted critic.
        centres: Of the regions, in units of `scale`, shape (R, D).
        scale: By which flattened points are divided before the nearest centre is found, shape (D,).
        shifts: Added to the log ratio by region, shape (R,), float64.

    References:
        Verine, Pydi, Negrevergne, Chevaleyre, *Optimal budgeted rejection sampling for generative models*, 2024,
        Theorem 3, https://arxiv.org/abs/2311.00460 (the acceptance within a region)

        Deville, Särndal, *Calibration estimators in survey sampling*, 1992 (a population's known shares, imposed on a
        sample of it)
    """

    centres: Tensor
    scale: Tensor
    shifts: Tensor

    def __init__(self, critic: LogRatio, centres: Tensor, scale: Tensor, shifts: Tensor) -> None:
        super().__init__()
        self.critic = critic
        for name, value in (("centres", centres), ("scale", scale), ("shifts", shifts)):
            self.register_buffer(name, value)

    @classmethod
    @torch.no_grad()
    def fit(
        cls,
        critic: LogRatio,
        source: Samples,
        data: Tensor,
        budget: float = 0.5,
        *,
        weights: ArrayLike | None = None,
        regions: int = 16,
        pilot: int = 20_000,
        generator: torch.Generator | None = None,
    ) -> Self:
        """Finds the regions and their shifts.

        Args:
            critic: A fitted critic of `source`.
            source: What is to be refined: a mixture, or anything else that samples.
            data: The training points, shape (N, *event).
            budget: The rate of acceptance at which the samples are to be refined, in (0, 1].
            weights: The points' own weights, shape (N,); ``None`` means uniform.
            regions: Their number, 1 or more; there are fewer where a region would have less than 50 points.
            pilot: Samples that tell the shares of the model, 1 or more.
            generator: Randomness of the samples; ``None`` seeds a fresh one from the system.

        Raises:
            ValueError: A budget outside (0, 1] or that cannot be met, or no region or sample at all.
        """
        budget = check_share(budget, "budget")
        check_counts(regions=regions, pilot=pilot)
        base = as_probabilities(weights, len(data), data, "weights")
        points = data.flatten(1).float()
        spread = points.std(dim=0, correction=0)
        scale = torch.where(spread > 0, spread, 1.0)
        centres = _centres(points / scale, max(min(regions, len(data) // POINTS_PER_REGION), 1))
        made = cls(critic, centres, scale, base.new_zeros(len(centres)))
        with evaluating(source, critic):
            samples = source.sample(pilot, generator=generator_for(device_of(source, critic), generator))
            log_ratio = as_log_ratio(critic.log_ratio(samples))
        shares = torch.zeros_like(made.shifts).index_add(0, made.region(data), base)
        made.shifts.copy_(_shifts(log_ratio, made.region(samples), shares, budget))
        return made

    def region(self, x: Tensor) -> Tensor:
        """The region of every point of shape (N, *event), shape (N,), from 0."""
        parts = torch.split(x.flatten(1), MOST_POINTS)
        return torch.cat([torch.cdist(part.to(self.scale) / self.scale, self.centres).argmin(dim=1) for part in parts])

    def log_ratio(self, x: Tensor) -> Tensor:
        """The critic's log ratio at points of shape (N, *event), shifted by region, shape (N,)."""
        log_ratio = self.critic.log_ratio(x)
        return log_ratio + self.shifts[self.region(x)].to(log_ratio)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make it again.

        Raises:
            TypeError: The critic cannot be stored.
        """
        return {"critic": component_record(self.critic), "shape": list(self.centres.shape)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Self:
        """One like the stored one, its values yet to be loaded; `components` makes critics of other packages."""
        regions, entries = config["shape"]
        critic = unfitted_component(cls.__name__, config["critic"], components)
        return cls(critic, torch.zeros(regions, entries), torch.ones(entries), torch.zeros(regions).double())

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> None:
        """Hands the critic its values, and takes the rest."""
        critic: Any = self.critic
        critic.load_state_dict({k.removeprefix(CRITIC): v for k, v in state_dict.items() if k.startswith(CRITIC)})
        for name in ("centres", "scale", "shifts"):
            self.get_buffer(name).copy_(state_dict[name])


def balanced_refinement(
    source: Samples,
    critic: LogRatio,
    refinement: Refinement | float,
    data: Tensor,
    *,
    weights: ArrayLike | None = None,
    pilot: int = 20_000,
    generator: torch.Generator | None = None,
) -> Refined:
    """Samples refined in balance; the arguments are those of `Balanced.fit` and `Refined`.

    Raises:
        TypeError: Another refinement than budgeted rejection.
    """
    if isinstance(refinement, Refinement) and not isinstance(refinement, BudgetedRejection):
        raise UserTypeError(
            f"balanced: only budgeted rejection can be balanced, got {refinement!r}; pass a number or "
            "BudgetedRejection(budget)"
        )
    budget = refinement.budget if isinstance(refinement, BudgetedRejection) else refinement
    shifted = Balanced.fit(critic, source, data, budget, weights=weights, pilot=pilot, generator=generator)
    return Refined(source, shifted, budget, pilot=pilot, generator=generator)


def _centres(points: Tensor, count: int) -> Tensor:
    """Of the cells of k-means, shape (count, D) or less: no cell is empty."""
    from scipy.cluster.vq import kmeans2  # type: ignore[import-untyped]

    few = points[:: math.ceil(len(points) / MOST_POINTS)].double().cpu().numpy()
    count = min(count, len(np.unique(few, axis=0)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an empty cell, which is left out
        centres, cells = kmeans2(few, count, minit="++", seed=np.random.default_rng(0))
    return torch.from_numpy(centres[np.unique(cells)]).to(points)


def _shifts(log_ratio: Tensor, region: Tensor, shares: Tensor, budget: float) -> Tensor:
    """The common level of acceptance less the region's own, shape (R,), float64.

    Args:
        log_ratio: Of pilot samples, shape (N,).
        region: Of the pilot samples, shape (N,).
        shares: Of the data by region, shape (R,).
        budget: The common rate of acceptance.
    """
    shifts = torch.zeros_like(shares)
    if budget == 1:  # all are accepted
        return shifts
    drawn = torch.bincount(region, minlength=len(shares)).to(shares)
    on_data = torch.bincount(region[log_ratio < MAX_LOG_RATIO], minlength=len(shares)) / drawn.clamp(min=1)
    excess = (len(log_ratio) * shares + PRIOR) / (drawn + PRIOR)
    rates = _rates(drawn / len(log_ratio), excess, (0.99 * on_data).clamp(max=math.sqrt(budget)), budget)
    common = log_acceptance_scale(log_ratio, budget, _uniform(log_ratio))
    for index in rates.nonzero()[:, 0].tolist():
        inside = log_ratio[region == index]
        shifts[index] = common - log_acceptance_scale(inside, float(rates[index]), _uniform(inside))
    return shifts


def _rates(shares: Tensor, excess: Tensor, highest: Tensor, budget: float) -> Tensor:
    """min(kappa · excess, highest) with the kappa at which their mean is the budget, shape (R,).

    Args:
        shares: Of the model by region, shape (R,).
        excess: The data's share over the model's, shape (R,).
        highest: Upper bounds, shape (R,).
        budget: The wanted mean.
    """
    rates, full = budget * excess, torch.zeros_like(highest, dtype=torch.bool)
    while bool((rates > highest)[~full].any()):  # what a full region cannot take goes to the others
        full |= rates > highest
        rest = budget - float((shares * highest)[full].sum())
        rates = torch.where(full, highest, excess * rest / (shares * excess)[~full].sum().clamp(min=1e-300))
    return rates.minimum(highest)


def _uniform(log_ratio: Tensor) -> Tensor:
    return as_probabilities(None, len(log_ratio), log_ratio)
