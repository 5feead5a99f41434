"""The critic: cross-fitted, calibrated networks that estimate the log density ratio of every component at once."""

from __future__ import annotations

from adagan.components.critics.network_critic import NetworkCritic


class Critic(NetworkCritic):
    r"""Estimates log u_k = log dP_k/dP_data of all components at once, and the mixture's from them.

    One softmax regression over the classes {data, component 1, .., component K} gives u_k(x) = s_k(x)/s_data(x) times
    the ratio of the classes' shares. It is *cross-fitted*: the points are split into folds, a network is trained
    without each fold and scores that fold only. It is *calibrated*: on the fold that it never saw, every network gets a
    slope and an intercept for every component by maximum likelihood, or what another `calibrator` finds.

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
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision (`trainer_settings`).
        calibrator: How raw ratios are calibrated on held-out points; ``None`` means ``VectorScaling()``.
        seed: Of everything random; ``None`` takes the run's, or a fresh one outside of a run.

    Attributes:
        component_log_ratios_: Out-of-fold log ratios at the data that were fitted, shape (N, K).
        log_ratio_: The mixture's, shape (N,).
        calibration_: The record on held-out points, a `Calibration`.

    References:
        Sugiyama, Suzuki, Kanamori, *Density ratio estimation in machine learning*, 2012, chapter 4.

        Arjovsky, Bottou, *Towards principled methods for training generative adversarial networks*, 2017, section 3,
        https://arxiv.org/abs/1701.04862 (the noise)
    """

    binary = False
