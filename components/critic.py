"""The critic: a cross-fitted, calibrated estimate of the log density ratio of every component over the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from adagan.components.arguments import check_counts, check_positive
from adagan.components.calibration import Calibration, calibration_record, fit_calibration
from adagan.components.critic_training import CriticTraining, LabelledBatches, every_tenth, held_out_counts, in_blocks
from adagan.components.networks import is_image, ratio_network, supported_octaves
from adagan.components.scaling import Scaling
from adagan.components.training import train
from adagan.mixtures.arguments import ArrayLike, as_probabilities
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.mixture_weights import mixture_log_ratio
from adagan.mixtures.randomness import inherited_seed, isolated_randomness


class Critic(nn.Module):
    r"""Estimates log u_k = log dP_k/dP_data of all components at once, and the mixture's from them.

    One softmax regression over the classes {data, component 1, .., component K} gives u_k(x) = s_k(x)/s_data(x) times
    the ratio of the classes' shares. It is *cross-fitted*: the points are split into folds, a network is trained
    without each fold and scores that fold only. It is *calibrated*: on the fold that it never saw, every network gets a
    temperature and one intercept per component by maximum likelihood.

    A critic has a *resolution*: with noise added to all points it compares smoothed distributions. A coarse critic says
    what is missing, a sharp one (no noise) what is spurious.

    Vectors of few entries pass through Fourier features, up to the detail that the number of points and the noise can
    support: without them a small network blurs thin modes and sees nothing to refine.

    Args:
        noise: Standard deviation of the noise, in units of the data's (per entry for vectors, overall for images).
        folds: Number of folds, 2 or more.
        width: Of the networks' layers.
        max_steps: Training steps per fold; training stops earlier when the held-out loss no longer falls.
        batch_size: Points per step, one half of them data.
        learning_rate: Of Adam.
        max_samples: Samples drawn from the components in all, at most as many as there are data points.
        trainer_options: Further arguments of ``lightning.Trainer``.
        seed: Of everything random; ``None`` takes torch's last manual seed.

    Attributes:
        component_log_ratios_: Out-of-fold log ratios at the data that were fitted, shape (N, K).
        log_ratio_: The mixture's, shape (N,).
        calibration_: The record on held-out points, a `Calibration`.

    References:
        Sugiyama, Suzuki, Kanamori, *Density ratio estimation in machine learning*, 2012, chapter 4.

        Arjovsky, Bottou, *Towards principled methods for training generative adversarial networks*, 2017, section 3,
        https://arxiv.org/abs/1701.04862 (the noise)
    """

    component_log_ratios_: Tensor
    calibration_: Calibration
    weights_: Tensor
    temperatures_: Tensor
    intercepts_: Tensor

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
        seed: int | None = None,
    ) -> None:
        super().__init__()
        if noise < 0 or not math.isfinite(noise):
            raise ValueError(f"noise: expected 0 or more, got {noise}")
        if folds < 2:
            raise ValueError(
                f"folds: expected 2 or more, so that every point is scored by a network without it, got {folds}"
            )
        check_counts(width=width, max_steps=max_steps, batch_size=batch_size, max_samples=max_samples)
        check_positive(learning_rate=learning_rate)
        self.noise, self.folds, self.width = float(noise), folds, width
        self.max_steps, self.batch_size, self.learning_rate = max_steps, batch_size, learning_rate
        self.max_samples, self.trainer_options, self.seed = max_samples, dict(trainer_options or {}), seed

    def fit(self, data: Tensor, mixture: Mixture, weights: ArrayLike | None = None) -> Self:
        """Learns to tell data of shape (N, *event) from samples of the mixture's components.

        Args:
            data: The data.
            mixture: The mixture; every component is sampled, those with little weight too.
            weights: The points' own weights, shape (N,); ``None`` means uniform.

        Raises:
            ValueError: Fewer than ten points per fold, or a component whose samples do not have the data's shape.
            TrainingDiverged: A loss became NaN or infinite.
        """
        if len(data) < 10 * self.folds:
            raise ValueError(
                f"data: a critic of {self.folds} folds needs {10 * self.folds} rows or more, got {len(data)}"
            )
        seed = inherited_seed() if self.seed is None else self.seed
        randomness = torch.Generator(data.device).manual_seed(seed)
        shares = 0.5 * mixture.weights.to(data.device) + 0.5 / len(mixture)
        samples, labels = self._draw(data, mixture, shares, randomness)
        log_shares = torch.cat([shares.new_tensor([0.5]), 0.5 * shares]).log().to(data)
        base = as_probabilities(weights, len(data), data, "weights")
        octaves = supported_octaves(data.shape, self.noise)
        with isolated_randomness(seed):
            self.build(tuple(data.shape[1:]), len(mixture), data, octaves)
            self.scaling_ = Scaling.standard(data, base) if not is_image(data.shape[1:]) else Scaling.overall(data)
            points, samples = self.scaling_(data), self.scaling_(samples)
            fold = torch.randperm(len(data), generator=randomness, device=data.device) % self.folds
            sample_fold = torch.randperm(len(samples), generator=randomness, device=data.device) % self.folds
            for index, network in enumerate(self.networks_):
                self._train_fold(
                    network,
                    points,
                    base,
                    fold != index,
                    samples,
                    labels,
                    sample_fold != index,
                    log_shares,
                    seed + index,
                )
        self.weights_.copy_(mixture.weights)
        self.requires_grad_(False).eval()
        self._score(points, base, fold, samples, labels, sample_fold, log_shares, shares)
        return self

    def _draw(
        self, data: Tensor, mixture: Mixture, shares: Tensor, randomness: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        total = min(len(data), self.max_samples)
        counts = [max(round(total * share), 2 * self.folds) for share in shares.tolist()]
        parts = []
        for component, count in zip(mixture.components, counts, strict=True):
            part = Mixture([component]).to(data.device).sample(count, randomness)
            if part.shape[1:] != data.shape[1:]:
                raise ValueError(
                    f"{type(component).__name__} samples shape {tuple(part.shape[1:])}, the data have "
                    f"{tuple(data.shape[1:])}; sample must return what fit was given"
                )
            parts.append(part.to(data))
        labels = torch.repeat_interleave(torch.arange(1, len(mixture) + 1), torch.tensor(counts)).to(data.device)
        return torch.cat(parts), labels

    def _train_fold(
        self,
        network: nn.Module,
        points: Tensor,
        base: Tensor,
        seen: Tensor,
        samples: Tensor,
        labels: Tensor,
        samples_seen: Tensor,
        log_shares: Tensor,
        seed: int,
    ) -> None:
        """Trains on the points that are not in the fold, with a tenth of them kept for early stopping."""
        inner, inner_samples = every_tenth(seen), every_tenth(samples_seen)
        training = seen & ~inner
        batches = LabelledBatches(
            points[training],
            base[training],
            samples[samples_seen & ~inner_samples],
            labels[samples_seen & ~inner_samples],
            self.batch_size,
            self.max_steps,
            seed,
        )
        held_out = (
            torch.cat([points[inner], samples[inner_samples]]),
            torch.cat([torch.zeros_like(labels[:1]).expand(int(inner.sum())), labels[inner_samples]]),
            held_out_counts(base[inner], int(inner_samples.sum())).to(points),
        )
        module = CriticTraining(
            network,
            log_shares,
            noise=self.noise,
            learning_rate=self.learning_rate,
            num_steps=self.max_steps,
            held_out=held_out,
            check_every=100,
            patience=3,
        )
        train(module, batches.loader(), "critic", points.device, self.trainer_options)

    @torch.no_grad()
    def _score(
        self,
        points: Tensor,
        base: Tensor,
        fold: Tensor,
        samples: Tensor,
        labels: Tensor,
        sample_fold: Tensor,
        log_shares: Tensor,
        shares: Tensor,
    ) -> None:
        """Calibrates every network on its fold, and keeps the out-of-fold log ratios and the record."""
        at_data = points.new_empty(len(points), len(shares), dtype=torch.float64)
        at_samples = points.new_empty(len(samples), len(shares), dtype=torch.float64)
        for index, network in enumerate(self.networks_):
            rows, sample_rows = fold == index, sample_fold == index
            raw_data, raw_samples = in_blocks(network, points[rows]), in_blocks(network, samples[sample_rows])
            temperature, intercepts = fit_calibration(
                torch.cat([raw_data, raw_samples]),
                torch.cat([torch.zeros_like(labels[:1]).expand(len(raw_data)), labels[sample_rows]]),
                log_shares,
                held_out_counts(base[rows], len(raw_samples)),
            )
            self.temperatures_[index], self.intercepts_[index] = temperature, intercepts
            at_data[rows] = raw_data / temperature + intercepts
            at_samples[sample_rows] = raw_samples / temperature + intercepts
        self.component_log_ratios_ = at_data
        self._held_out = (base, at_samples, labels, shares)
        self.calibration_ = self._record()

    def _record(self) -> Calibration:
        """The mixture's record, under its present weights."""
        base, at_samples, labels, shares = self._held_out
        # samples of the mixture: a row of component k stands for weight_k / share_k rows
        return calibration_record(
            self.log_ratio_,
            mixture_log_ratio(at_samples, self.weights_),
            float(self.temperatures_.mean()),
            base,
            (self.weights_ / shares)[labels - 1],
        )

    @property
    def log_ratio_(self) -> Tensor:
        """Out-of-fold log ratios of the mixture at the data that were fitted, shape (N,)."""
        return mixture_log_ratio(self.component_log_ratios_, self.weights_)

    def reweigh(self, weights: ArrayLike) -> Self:
        """Gives a fitted critic the mixture's new weights, shape (K,); the components' ratios stay."""
        self.weights_.copy_(as_probabilities(weights, len(self.weights_), self.weights_, "weights"))
        self.calibration_ = self._record()
        return self

    def build(self, event_shape: tuple[int, ...], num_components: int, like: Tensor, octaves: float) -> None:
        """Makes the untrained networks."""
        networks = [ratio_network(event_shape, num_components, self.width, octaves) for _ in range(self.folds)]
        self.networks_ = nn.ModuleList(networks).to(like)
        self.scaling_ = Scaling((1, 1, 1) if is_image(event_shape) else event_shape).to(like)
        self.register_buffer("event_shape_", torch.tensor(event_shape, device=like.device))
        precise = torch.empty(0, dtype=torch.float64, device=like.device)
        self.register_buffer("octaves_", torch.tensor(octaves))
        self.register_buffer("weights_", torch.full((num_components,), 1 / num_components).to(precise))
        self.register_buffer("temperatures_", torch.ones(self.folds).to(precise))
        self.register_buffer("intercepts_", torch.zeros(self.folds, num_components).to(precise))

    @torch.no_grad()
    def component_log_ratios(self, x: Tensor) -> Tensor:
        """Log dP_k/dP_data at new points of shape (N, *event): the mean over the folds' networks, shape (N, K).

        For the points that were fitted use `component_log_ratios_`, which no network scores that saw them.
        """
        if not hasattr(self, "networks_"):
            raise RuntimeError("this critic is not fitted yet; call fit(data, mixture) first")
        points = self.scaling_(x)
        parts = [
            in_blocks(network, points) / self.temperatures_[index] + self.intercepts_[index]
            for index, network in enumerate(self.networks_)
        ]
        return torch.stack(parts).mean(dim=0)

    def log_ratio(self, x: Tensor) -> Tensor:
        """Log dP_mixture/dP_data at new points of shape (N, *event), shape (N,), float64."""
        return mixture_log_ratio(self.component_log_ratios(x), self.weights_)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the networks again."""
        return {"noise": self.noise, "folds": self.folds, "width": self.width}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Critic:
        """An unfitted critic like the stored one."""
        return cls(noise=config["noise"], folds=config["folds"], width=config["width"])

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; builds the networks for the stored shapes first."""
        with isolated_randomness(0):  # the initial values are overwritten at once
            event_shape = tuple(state_dict["event_shape_"].tolist())
            octaves = float(state_dict["octaves_"])
            self.build(event_shape, len(state_dict["weights_"]), state_dict["scaling_.shift"], octaves)
        return super().load_state_dict(state_dict, strict, assign)
