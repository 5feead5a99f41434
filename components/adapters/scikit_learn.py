"""Any scikit-learn density estimator as a component."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from adagan.components.adapters.foreign_calls import seed_argument
from adagan.components.adapters.foreign_randomness import seeded
from adagan.components.adapters.skops_state import estimator_from_tensor, estimator_to_tensor
from adagan.components.checks import keywords_only
from adagan.components.labels import refuse_labels
from adagan.components.training.batches import resample
from adagan.components.training.data_sources import takes_data_sources
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.numbers import check_counts, check_positive
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import inherited_seed, seed_from

TRUSTED = ("sklearn.metrics._dist_metrics.EuclideanDistance64", "sklearn.neighbors._kd_tree.KDTree")
"""What KernelDensity holds beyond skops' own list: two compiled classes that restore arrays of numbers."""


class ScikitLearn(ConstructorParameters):
    """An estimator with ``fit(X)``, ``sample(n)`` and, if it has one, ``score_samples``.

    ``GaussianMixture``, ``BayesianGaussianMixture`` and ``KernelDensity`` are such. Weights go to ``fit`` when it takes
    ``sample_weight``; otherwise the estimator is given as many rows, drawn by weight. The run's seed reaches whatever
    draws in it, estimators within estimators too (``random_state``). It is stored by skops, which refuses types that
    it does not know.

    Args:
        estimator: The estimator; `fit` clones it first.

    Raises:
        TypeError: The estimator has no ``sample``.
    """

    def __init__(self, estimator: Any) -> None:
        for method in ("fit", "sample"):
            if not callable(getattr(estimator, method, None)):
                raise UserTypeError(
                    f"estimator: {type(estimator).__name__} has no method {method}, so it is no generator"
                )
        self.estimator = estimator
        self._dtype = torch.float32
        self._event_shape: tuple[int, ...] = ()

    @keywords_only
    @takes_data_sources
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Fits a clone of the estimator to data of shape (N, *event), flattened to a table.

        Raises:
            ValueError: The estimator refuses the data; its own message follows.
        """
        from sklearn.base import clone  # type: ignore[import-untyped]
        from sklearn.utils.validation import has_fit_parameter  # type: ignore[import-untyped]

        refuse_labels(self, labels)
        self._dtype, self._event_shape = data.dtype, tuple(data.shape[1:])
        seed = inherited_seed()
        self.estimator = clone(self.estimator)
        flat = data.reshape(len(data), -1)
        if weights is not None and has_fit_parameter(self.estimator, "sample_weight"):
            options = {"sample_weight": (weights * len(data) / weights.sum()).cpu().numpy()}
        else:
            flat, options = resample(flat, weights, seed), {}
        try:
            with seeded(self.estimator, seed):
                self.estimator.fit(flat.cpu().numpy().copy(), **options)
        except ValueError as error:
            raise UserError(f"estimator: {type(self.estimator).__name__} refuses the data: {error}") from error
        return self

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Samples of shape (num_samples, *event), shuffled: scikit-learn's mixtures return them sorted."""
        if num_samples == 0:
            return torch.empty(0, *self._event_shape, dtype=self._dtype)
        seed = seed_from(generator)
        with seeded(self.estimator, seed):
            # such as KernelDensity's, whose sample takes it
            drawn = self.estimator.sample(num_samples, **seed_argument(self.estimator.sample, seed))
        table = np.asarray(drawn[0] if isinstance(drawn, tuple) else drawn)
        table = np.random.default_rng(seed).permutation(table)
        if table.size != num_samples * math.prod(self._event_shape):
            raise UserError(
                f"estimator: {type(self.estimator).__name__} gives {table.size} numbers for {num_samples} events of "
                f"shape {self._event_shape}; restore its file from a copy, or fit it again"
            )
        return torch.from_numpy(table).to(self._dtype).reshape(num_samples, *self._event_shape)

    @property
    def has_density(self) -> bool:
        """Whether the estimator has ``score_samples``."""
        return callable(getattr(self.estimator, "score_samples", None))

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density by ``score_samples`` at points of shape (N, *event), shape (N,)."""
        return torch.from_numpy(np.asarray(self.estimator.score_samples(x.reshape(len(x), -1).cpu().numpy())))

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {"dtype": str(self._dtype).removeprefix("torch."), "event_shape": list(self._event_shape)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> ScikitLearn:
        """A component whose estimator comes with the state."""
        made = cls.__new__(cls)
        made._dtype, made._event_shape = getattr(torch, config["dtype"]), tuple(config["event_shape"])
        return made

    def state_dict(self) -> dict[str, Tensor]:
        """The estimator as bytes of skops."""
        return {"skops": estimator_to_tensor(self.estimator)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Reads the estimator.

        Raises:
            ValueError: The bytes are not skops', or hold a type that skops does not trust.
        """
        self.estimator = estimator_from_tensor(state["skops"], TRUSTED)


def gaussian_mixture(size: int = 8, **options: Any) -> ScikitLearn:
    """``GaussianMixture`` of so many components; `options` are its other arguments."""
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]

    check_counts(size=size)
    return ScikitLearn(GaussianMixture(size, **options))


def kernel_density(bandwidth: float = 0.1, **options: Any) -> ScikitLearn:
    """``KernelDensity`` of this bandwidth; `options` are its other arguments."""
    from sklearn.neighbors import KernelDensity  # type: ignore[import-untyped]

    check_positive(bandwidth=bandwidth)
    return ScikitLearn(KernelDensity(bandwidth=bandwidth, **options))
