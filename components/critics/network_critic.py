"""Critics whose estimates are networks: softmax regression, stopped early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from adagan.components.checks import keywords_only
from adagan.components.critics.calibrators import Calibrator
from adagan.components.critics.cross_fitting import CrossFitted
from adagan.components.critics.labelled_points import LabelledPoints
from adagan.components.critics.ratio_objectives import Softmax
from adagan.components.networks.ratio_networks import ratio_network, supported_octaves
from adagan.components.training.ranks.group import cpu_time
from adagan.mixtures.arguments import ArrayLike
from adagan.mixtures.errors import UserError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.numbers import check_counts, check_non_negative, check_positive
from adagan.mixtures.randomness import isolated_randomness

OVERHEAD = 1.5e-3
"""CPU seconds of a step besides the network."""


class NetworkCritic(CrossFitted):
    """What `Critic` and `BinaryCritic` share: how their networks are made, trained and stored.

    Args:
        noise: Standard deviation of the noise, in units of the data's (per entry for vectors, overall for images).
        folds: Number of folds, 2 or more.
        width: Of the networks' layers.
        max_steps: Training steps per fold; training stops earlier when the held-out loss no longer falls.
        batch_size: Points per step, one half of them data.
        learning_rate: Of Adam.
        max_samples: Samples drawn from the components in all, at most as many as there are data points.
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision (`trainer_settings`).
        calibrator: How raw ratios are calibrated on held-out points; ``None`` means ``VectorScaling()``.
        seed: Of everything random; ``None`` takes the run's, or a fresh one outside of a run.
    """

    octaves_: Tensor

    def __init__(
        self,
        *,
        noise: float = 0.0,
        folds: int = 2,
        width: int = 64,
        max_steps: int = 1_000,
        batch_size: int = 512,
        learning_rate: float = 2e-3,
        max_samples: int = 50_000,
        trainer_options: Mapping[str, Any] | None = None,
        calibrator: Calibrator | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(folds=folds, max_samples=max_samples, calibrator=calibrator, seed=seed)
        check_non_negative(noise=noise)
        check_counts(width=width, max_steps=max_steps, batch_size=batch_size)
        check_positive(learning_rate=learning_rate)
        self.noise, self.width = float(noise), width
        self.max_steps, self.batch_size, self.learning_rate = max_steps, batch_size, learning_rate
        self.trainer_options = dict(trainer_options or {})

    def check_component(self, component: Any, count: int) -> None:
        """See `adagan.components.critics.ratio_estimator.Selective`."""
        self._check_noise(count)
        super().check_component(component, count)

    def _check_noise(self, num_components: int) -> None:
        if self.binary and self.noise > 0 and num_components > 1:
            raise UserError(
                f"noise: a binary critic of several components takes their ratios from log_prob, which is not blurred; "
                f"expected 0, got {self.noise}; use Critic for a coarse critic"
            )

    @keywords_only
    def fit(self, data: Tensor, mixture: Mixture, *, weights: ArrayLike | None = None) -> Self:
        self._check_noise(len(mixture))
        return super().fit(data, mixture, weights=weights)

    def prepare(self, points: LabelledPoints) -> None:
        event_shape = tuple(points.data.shape[1:])
        octaves = supported_octaves(points.data.shape, self.noise)
        self._build_networks(event_shape, points.num_components, octaves, points.data)

    def price(self, data: Tensor, num_components: int = 1) -> float:
        """See `adagan.components.critics.ratio_estimator.Priced`; some points pass through a network for it."""
        few = data[: max(self.batch_size // 8, 1)]
        with isolated_randomness(0):
            outputs = 1 if self.binary else num_components
            octaves = supported_octaves(data.shape, self.noise)
            network = ratio_network(tuple(data.shape[1:]), outputs, self.width, octaves).to(few)
            passed = min(_seconds_of_a_pass(network, few) for _ in range(2))
        a_point = passed / len(few)
        steps = self.folds * self.max_steps * (a_point * self.batch_size + OVERHEAD)
        return steps + a_point / 3 * (len(data) + 2 * self.num_learnt(data))

    def build(self, event_shape: tuple[int, ...], num_outputs: int, state: Mapping[str, Tensor]) -> None:
        like = next(value for value in state.values() if value.is_floating_point())
        self._build_networks(event_shape, num_outputs, self._stored_octaves, like)

    def _build_networks(self, event_shape: tuple[int, ...], num_outputs: int, octaves: float, like: Tensor) -> None:
        networks = [ratio_network(event_shape, num_outputs, self.width, octaves) for _ in range(self.folds)]
        self.estimators_ = nn.ModuleList(networks).to(like)
        self.register_buffer("octaves_", torch.tensor(octaves))

    def fit_fold(self, index: int, training: LabelledPoints, seed: int) -> None:
        from adagan.components.critics.critic_training import train_ratio_network

        train_ratio_network(
            self.estimators_[index],
            training,
            objective=Softmax(training.log_shares, self.noise),
            max_steps=self.max_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            trainer_options=self.trainer_options,
            seed=seed,
        )

    def config(self) -> dict[str, Any]:
        return {**super().config(), "noise": self.noise, "width": self.width}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        self._stored_octaves = float(state_dict.get("octaves_", 0.0))
        return super().load_state_dict(state_dict, strict, assign)


def _seconds_of_a_pass(network: nn.Module, points: Tensor) -> float:
    """CPU seconds of one pass through a network, there and back."""
    start = cpu_time()
    with torch.enable_grad():
        network(points).sum().backward()
    return cpu_time() - start
