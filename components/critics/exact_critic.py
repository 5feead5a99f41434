"""Ratios from densities, with nothing learnt: exact where the density of the data is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from adagan.components.checks import keywords_only
from adagan.components.critics.calibration import Calibration, calibration_record
from adagan.components.critics.component_densities import ComponentDensities, check_offers_log_prob
from adagan.mixtures.arguments import ArrayLike, as_probabilities
from adagan.mixtures.errors import UserTypeError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.numbers import check_counts
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio


class ExactCritic(ConstructorParameters, nn.Module):
    """log u_k = log p_k − log p_data from the densities of the components and of the data.

    It is a `RatioEstimator`, and as exact as the density of the data. One that is *known* (studies, tests) makes it
    what every other critic is measured against. One that is *estimated*, such as a fitted
    ``ScikitLearn(KernelDensity())`` or a flow, passes its own errors on, most of all at points that it was fitted to:
    fit it to other points than those that the critic is given, and read the record, which is measured all the same.
    Where only the components' densities are known, `BinaryCritic` learns the rest.

    Args:
        density: Log density of the data, from points (N, *event) to (N,); or a fitted object with ``log_prob``. With a
            component of the package, or another storable one, the critic can be kept in a run folder; with a plain
            callable it cannot.
        num_samples: Samples of the mixture from which the record is made.
        seed: Of these samples.

    Attributes:
        component_log_ratios_, log_ratio_, weights_, calibration_: As for `Critic`.

    Raises:
        TypeError: Neither a callable nor an object with ``log_prob``.
    """

    component_log_ratios_: Tensor
    weights_: Tensor
    calibration_: Calibration
    densities_: ComponentDensities

    def __init__(self, density: Any, *, num_samples: int = 10_000, seed: int = 0) -> None:
        super().__init__()
        check_counts(num_samples=num_samples)
        if not callable(getattr(density, "log_prob", None)):
            if not callable(density):
                raise UserTypeError(
                    f"density: expected a callable, or a fitted object with log_prob, got a {type(density).__name__}"
                )
            density = KnownDensity(density)
        self.density = ComponentDensities([density], torch.ones(1))
        self.num_samples, self.seed = num_samples, seed

    def check_component(self, component: Any, count: int) -> None:
        """See `adagan.components.critics.ratio_estimator.Selective`."""
        if count > 0:
            check_offers_log_prob(component)

    @keywords_only
    def fit(self, data: Tensor, mixture: Mixture, *, weights: ArrayLike | None = None) -> Self:
        """Computes the ratios at data of shape (N, *event); `weights` enter the record only, not the density.

        Raises:
            TypeError: A component has no ``log_prob``; it is named.
            ValueError: A density is NaN or infinite.
        """
        self.densities_ = ComponentDensities(mixture.components, mixture.weights.to(data.device))
        self.register_buffer("weights_", mixture.weights.to(data.device))
        self._base = as_probabilities(weights, len(data), data, "weights")
        self.component_log_ratios_ = self.component_log_ratios(data)
        return self.reweigh(mixture.weights)

    @torch.no_grad()
    def component_log_ratios(self, x: Tensor) -> Tensor:
        """Log dP_k/dP_data at points of shape (N, *event), shape (N, K), float64; 0 where both densities vanish."""
        if not hasattr(self, "densities_"):
            raise RuntimeError("this critic is not fitted yet; call fit(data, mixture) first")
        return (self.densities_.log_probs(x) - self.density.log_probs(x)).nan_to_num(0.0, torch.inf, -torch.inf)

    def log_ratio(self, x: Tensor) -> Tensor:
        """Log dP_mixture/dP_data at points of shape (N, *event), shape (N,), float64."""
        return mixture_log_ratio(self.component_log_ratios(x), self.weights_)

    @property
    def log_ratio_(self) -> Tensor:
        """The mixture's log ratio at the data that were fitted, shape (N,)."""
        return mixture_log_ratio(self.component_log_ratios_, self.weights_)

    def reweigh(self, weights: ArrayLike) -> Self:
        """Gives the mixture new weights, shape (K,)."""
        self.weights_.copy_(as_probabilities(weights, len(self.weights_), self.weights_, "weights"))
        if hasattr(self, "_base"):  # a critic that was loaded has no points to make a record from
            mixture = Mixture(self.densities_.components, self.weights_).to(self._base.device)
            samples = mixture.sample(self.num_samples, torch.Generator(self._base.device).manual_seed(self.seed))
            self.calibration_ = calibration_record(self.log_ratio_, self.log_ratio(samples), 1.0, self._base)
        return self

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the critic again.

        Raises:
            TypeError: The density of the data, or a component, cannot be stored.
        """
        (density,) = self.density.components
        if isinstance(density, KnownDensity):
            raise UserTypeError(
                "ExactCritic cannot be stored: density is a plain callable; pass a component with log_prob, such as "
                "Gaussian, or leave the run in memory"
            )
        fitted = self.densities_.records() if hasattr(self, "densities_") else []
        return {"density": self.density.records(), "components": fitted}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Self:
        """A critic like the stored one, its densities yet to be loaded; `components` makes those of other packages."""
        (density,) = ComponentDensities.from_records(config["density"], components).components
        made = cls(density)
        if config["components"]:
            made.densities_ = ComponentDensities.from_records(config["components"], components)
            made.register_buffer("weights_", torch.zeros(len(config["components"]), dtype=torch.float64))
        return made


class KnownDensity:
    """A log density that is a plain callable."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.log_prob = function
