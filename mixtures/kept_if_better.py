"""A newcomer joins the mixture only if held-out points say that it helps."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.mixtures.arguments import ArrayLike, as_log_ratio, as_probabilities
from adagan.mixtures.divergences import JensenShannon
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.numbers import check_non_negative, check_share
from adagan.mixtures.steps import FullyCorrective, LineSearch, MixtureStep, append_weight
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio

CLEARLY = 1.645
"""Standard errors: what does not help is taken for a help in one of twenty."""


class AtMost(MixtureStep):
    """The beta that minimises D_f, like `LineSearch`, within a limit.

    Where all samples of the mixture can be told from data, its divergence falls with every sample of a newcomer that
    cannot, and least of all minds that a region is flooded: unlimited, what repairs a hundredth of the data was given
    half of the weight, and the other regions starved.

    Args:
        share: The limit, in (0, 1].
        divergence: The f-divergence to minimise; ``None`` means Jensen-Shannon.
    """

    minimises = True

    def __init__(self, share: float, divergence: FDivergence | None = None) -> None:
        self.share, self.divergence = check_share(share, "share"), divergence or JensenShannon()

    def weights(self, log_ratios: ArrayLike, incoming: Tensor, base: ArrayLike | None = None) -> Tensor:
        free = LineSearch(self.divergence).weights(log_ratios, incoming, base)
        return append_weight(incoming, min(float(free[-1]), self.share))


class KeptIfBetter(MixtureStep):
    """The weights of another step where they make the mixture clearly better, else those from before the round.

    The difference in D_f(mixture ‖ data) between the mixture with the newcomer and the one without is a mean over
    held-out points, whose standard error is in closed form: far smaller than that of either divergence.

    Args:
        step: What proposes the weights; ``None`` means ``FullyCorrective(divergence)``.
        divergence: The f-divergence that has to fall; ``None`` means Jensen-Shannon.
        clearly: Standard errors by which it has to, 0 or more.
    """

    def __init__(
        self, step: MixtureStep | None = None, divergence: FDivergence | None = None, clearly: float = CLEARLY
    ) -> None:
        check_non_negative(clearly=clearly)
        self.divergence = divergence or JensenShannon()
        self.step, self.clearly = step or FullyCorrective(self.divergence), float(clearly)

    def up_to(self, share: float) -> MixtureStep:
        """What repairs a share of the data is given this weight at most; the others keep their proportions."""
        return self if share == 1 else KeptIfBetter(AtMost(share, self.divergence), self.divergence, self.clearly)

    def weights(self, log_ratios: ArrayLike, incoming: Tensor, base: ArrayLike | None = None) -> Tensor:
        ratios = as_log_ratio(log_ratios, "log_ratios", ndim=2)
        points = as_probabilities(base, len(ratios), ratios)
        before, proposed = append_weight(incoming, 0.0), self.step.weights(ratios, incoming, points)
        return proposed if self._helps(ratios[points > 0], before, proposed, points[points > 0]) else before

    def _helps(self, ratios: Tensor, before: Tensor, after: Tensor, points: Tensor) -> bool:
        """Whether the divergence clearly falls."""
        without, with_it = (
            self.divergence.integrand(mixture_log_ratio(ratios, weights.to(ratios))) for weights in (before, after)
        )
        fall = torch.where(without == with_it, 0.0, without - with_it)  # two infinities are no difference
        mean = points @ fall
        if bool(mean.isinf()):
            return bool(mean > 0)
        return bool(mean > self.clearly * (points.square() @ (fall - mean).square()).sqrt())
