"""The objective of every f-divergence."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.components.generators.gan.objectives.objective import Objective
from adagan.mixtures.errors import UserTypeError
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.numbers import check_positive


class FGAN(Objective):
    """Any f-divergence as an objective, derived from the divergence object alone.

    The discriminator's output is minus a log ratio, l = log dP_model/dP_data, and with u = e^l it minimises minus the
    variational bound, −E_model[f'(u)] + E_data[u f'(u) − f(u)]: the minimum is −D_f(model ‖ data), at the true ratio.
    The generator minimises E_model[u f'(u) − f(u)], the alternative whose gradient is strong where samples are bad
    (section 3.2 of the reference), or, saturating, E_model[f'(u)], the bound itself.

    Where f' is a step (`TotalVariation`) it has no gradient: the values between its two sides are the subgradients of f
    at u = 1, where the conjugate is the identity, and a sigmoid of the output runs through them.

    Args:
        divergence: Of model and data.
        saturating: Whether the generator minimises the bound itself.
        max_log_ratio: Beyond ± this number log ratios are compressed, |l| ↦ max + log(1 + |l| − max), so that powers of
            the ratio stay finite in single precision; their gradient never vanishes altogether, and every ratio can
            still be reached. Divergences that weigh samples by the square of the ratio or more, `PearsonChi2` and
            `Alpha` above 2, are ruled by a few samples of a minibatch: 1 helps them.

    References:
        Nowozin, Cseke, Tomioka, *f-GAN: Training generative neural samplers using variational divergence minimization*,
        2016, eq. 4 to 6, https://arxiv.org/abs/1606.00709
    """

    def __init__(self, divergence: FDivergence, *, saturating: bool = False, max_log_ratio: float = 10.0) -> None:
        if not isinstance(divergence, FDivergence):
            raise UserTypeError(
                f"divergence: expected an f-divergence object such as ForwardKL(), got {divergence!r}; "
                "adagan.mixtures has them"
            )
        check_positive(max_log_ratio=max_log_ratio)
        self.divergence, self.saturating, self.max_log_ratio = divergence, saturating, max_log_ratio
        below, far_below, above, far_above = divergence.derivative(torch.tensor([-1.0, -2.0, 1.0, 2.0])).tolist()
        self._step = (below, above) if below == far_below and above == far_above else None
        at_one = torch.zeros((), dtype=torch.float64)
        self._offset = float(divergence.derivative(at_one) - divergence.reduced_slope(at_one))

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return self._conjugate(self._log_ratio(real)).mean() - self._variational(self._log_ratio(fake)).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        log_ratio = self._log_ratio(fake)
        return (self._variational(log_ratio) if self.saturating else self._conjugate(log_ratio)).mean()

    def _log_ratio(self, output: Tensor) -> Tensor:
        beyond = (output.abs() - self.max_log_ratio).clamp(min=0)
        return -output - output.sign() * (beyond.log1p() - beyond)

    def _variational(self, log_ratio: Tensor) -> Tensor:
        """The function T = f'(u) of the bound."""
        if self._step is None:
            return self.divergence.derivative(log_ratio)
        below, above = self._step
        between: Tensor = below + (above - below) * torch.sigmoid(log_ratio)
        return between

    def _conjugate(self, log_ratio: Tensor) -> Tensor:
        """The conjugate f*(T) = u f'(u) − f(u)."""
        if self._step is not None:
            return self._variational(log_ratio)
        # by way of the reduced function: in single precision u f'(u) and f(u) cancel where the ratio is large
        return self.divergence.reduced_slope(log_ratio) - self.divergence.reduced(log_ratio) + self._offset
