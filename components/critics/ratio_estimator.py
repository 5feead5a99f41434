"""The contract of every critic: an estimate of log dP_model/dP_data, for every component and for their mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from torch import Tensor

from adagan.mixtures.arguments import ArrayLike

if TYPE_CHECKING:
    from adagan.components.critics.calibration import Calibration
    from adagan.mixtures.mixture import Mixture


class RatioEstimator(Protocol):
    """Estimates the density ratio of every component of a mixture over the data, at points that it did not learn from.

    All ratios are log u_k = log dP_k/dP_data, and the mixture's is log Σ_k weight_k u_k: new mixture weights need no
    new fit. A class needs these members and no base class; deriving from this one is allowed. To be kept in a run
    folder it also needs ``config``, ``from_config``, ``state_dict`` and ``load_state_dict``
    (`adagan.mixtures.storage.components.Storable`), and an entry point of the group ``adagan.components``.

    Attributes:
        component_log_ratios_: At the data that were fitted, shape (N, K), float64; every row comes from an estimate
            that did not see the point.
        weights_: The mixture's weights, shape (K,), float64.
        calibration_: What held-out points say of the estimate, under these weights.
    """

    component_log_ratios_: Tensor
    weights_: Tensor
    calibration_: Calibration

    def fit(self, data: Tensor, mixture: Mixture, *, weights: ArrayLike | None = None) -> Self:
        """Compares data of shape (N, *event), weighted by `weights` of shape (N,), with samples of the components."""
        ...

    @property
    def log_ratio_(self) -> Tensor:
        """The mixture's log ratio at the data that were fitted, shape (N,)."""
        ...

    def reweigh(self, weights: ArrayLike) -> Self:
        """Gives the mixture new weights, shape (K,); the components' ratios stay."""
        ...

    def component_log_ratios(self, x: Tensor) -> Tensor:
        """The components' log ratios at new points of shape (N, *event), shape (N, K)."""
        ...

    def log_ratio(self, x: Tensor) -> Tensor:
        """The mixture's log ratio at new points of shape (N, *event), shape (N,)."""
        ...


@runtime_checkable
class Selective(Protocol):
    """An estimator that does not suit every component, and can say so before anything is trained."""

    def check_component(self, component: Any, count: int) -> None:
        """Refuses a component, unfitted yet, if mixtures of up to `count` of its kind could not be compared.

        Raises:
            TypeError: The component lacks a method that the estimator needs; it is named.
            ValueError: An argument of the estimator does not allow so many components.
        """
        ...


@runtime_checkable
class Priced(Protocol):
    """An estimator whose price is known before it is fitted."""

    def price(self, data: Tensor, num_components: int = 1) -> float | None:
        """CPU seconds, about, of fitting data of shape (N, *event) and scoring them; without the samples' draws.

        ``None`` where it is not known.
        """
        ...
