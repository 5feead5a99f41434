"""A Gaussian with a closed-form weighted fit: the component with which a round costs milliseconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from adagan.components.checks import check_points, keywords_only
from adagan.components.labels import refuse_labels
from adagan.components.training.data_sources import takes_data_sources
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import summed
from adagan.mixtures.numbers import check_non_negative
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import fresh_generator


class Gaussian(ConstructorParameters, nn.Module):
    """Weighted mean and covariance; constant or dependent entries are allowed and come back as they were.

    Args:
        regularisation: Added to the diagonal of the covariance, in squared units of the data; with 0 a singular
            covariance can be sampled but has no density.

    Attributes:
        mean_: Shape (D,), D the entries of an event.
        factor_: Shape (D, D), a square root of the covariance.
    """

    mean_: Tensor
    factor_: Tensor
    event_shape_: Tensor

    def __init__(self, regularisation: float = 0.0) -> None:
        super().__init__()
        check_non_negative(regularisation=regularisation)
        self.regularisation = float(regularisation)

    @keywords_only
    @takes_data_sources
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Takes the weighted mean and covariance of data of shape (N, *event)."""
        refuse_labels(self, labels)
        probabilities = as_probabilities(weights, len(data), data, "weights")

        def spread(part: Tensor, shares: Tensor) -> Tensor:
            centred = part.reshape(len(part), -1).double() - mean
            return centred.T @ (shares[:, None] * centred)

        mean = summed(lambda part, shares: shares @ part.reshape(len(part), -1).double(), data, probabilities)
        covariance = summed(spread, data, probabilities)
        covariance += self.regularisation * torch.eye(len(mean), dtype=torch.float64, device=data.device)
        values, vectors = torch.linalg.eigh(covariance)
        self._build(tuple(data.shape[1:]), data)
        self.mean_.copy_(mean)
        self.factor_.copy_(vectors * values.clamp(min=0).sqrt())
        return self

    def _build(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        size = math.prod(event_shape)
        self._event_shape = event_shape  # beside the buffer, which is stored: no draw has to ask the device for it
        self.register_buffer("event_shape_", torch.tensor(event_shape, dtype=torch.int64, device=like.device))
        self.register_buffer("mean_", torch.zeros(size, dtype=like.dtype, device=like.device))
        self.register_buffer("factor_", torch.zeros(size, size, dtype=like.dtype, device=like.device))

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Samples of shape (num_samples, *event)."""
        if not hasattr(self, "mean_"):
            raise RuntimeError("this Gaussian is not fitted yet; call fit(data) first")
        source = generator if generator is not None else fresh_generator(self.mean_.device)
        noise = torch.randn(
            num_samples, len(self.mean_), generator=source, dtype=self.mean_.dtype, device=self.mean_.device
        )
        samples: Tensor = self.mean_ + noise @ self.factor_.T
        return samples.reshape(num_samples, *self._event_shape)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density at points of shape (N, *event), shape (N,).

        Raises:
            ValueError: The covariance is singular.
        """
        x = check_points(x, self._event_shape, self.mean_)
        factor = self.factor_.double()
        scales = factor.norm(dim=0)
        if float(scales.min()) <= 1e-12 * float(scales.max()):
            raise UserError("the covariance is singular, so there is no density; fit with regularisation > 0")
        centred = (x.reshape(len(x), -1) - self.mean_).double()
        whitened = centred @ (factor / scales.square())
        constant = scales.log().sum() + 0.5 * len(scales) * math.log(2 * math.pi)
        density: Tensor = -0.5 * whitened.square().sum(dim=1) - constant
        return density

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {"regularisation": self.regularisation}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Gaussian:
        """An unfitted Gaussian like the stored one."""
        return cls(regularisation=config["regularisation"])

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; makes the buffers for the stored shape of events first."""
        self._build(tuple(state_dict["event_shape_"].tolist()), state_dict["mean_"])
        return super().load_state_dict(state_dict, strict, assign)
