"""The bootstrap as a component: it learns nothing, samples training points, and so tests whoever judges components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from adagan.components.checks import keywords_only
from adagan.components.labels import refuse_labels
from adagan.components.training.data_sources import takes_data_sources
from adagan.components.training.row_draws import draw_rows
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import fresh_generator


class Memoriser(ConstructorParameters, nn.Module):
    """Samples the training points, with replacement, by their weights: a negative control.

    It drops no mode and invents nothing, yet is no model: what is not in the data it never makes. So

    - a sound critic, which compares distributions, must find nothing missing and nothing spurious: log ratio 0
      everywhere but for noise, E_data[u] = 1, an edge over chance that is none. One that finds more has memorised
      points, for the samples repeat the data that it is fitted to;
    - boosting must therefore end after one round where ``NothingLeft()`` may end it;
    - coverage, precision and two-sample tests cannot tell it from the truth; only the distance from samples to
      training points, which is 0, tells.

    There is no ``log_prob``: a distribution on points has no density. Stored, it holds the data themselves.

    Attributes:
        points_: The training points that have a weight, shape (M, *event).
        cumulative_: Cumulative sums of their weights, shape (M,), float64.

    References:
        Efron, *Bootstrap methods: another look at the jackknife*, 1979, https://doi.org/10.1214/aos/1176344552
    """

    points_: Tensor
    cumulative_: Tensor

    @keywords_only
    @takes_data_sources
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Remembers data of shape (N, *event), and weights of shape (N,)."""
        refuse_labels(self, labels)
        probabilities = as_probabilities(weights, len(data), data, "weights")
        used = probabilities > 0
        self._hold(data[used].clone(), probabilities[used].cumsum(0))
        return self

    def _hold(self, points: Tensor, cumulative: Tensor) -> None:
        self.register_buffer("points_", points)
        self.register_buffer("cumulative_", cumulative)

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Training points, shape (num_samples, *event)."""
        if not hasattr(self, "points_"):
            raise RuntimeError("this Memoriser is not fitted yet; call fit(data) first")
        source = generator if generator is not None else fresh_generator(self.points_.device)
        return self.points_[draw_rows(self.cumulative_, num_samples, source)]

    def config(self) -> dict[str, Any]:
        """What `from_config` needs: nothing."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Memoriser:
        """An unfitted one."""
        return cls()

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; makes the buffers for the stored number of points first."""
        self._hold(*(torch.empty_like(state_dict[name]) for name in ("points_", "cumulative_")))
        return super().load_state_dict(state_dict, strict, assign)
