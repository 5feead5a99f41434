"""The critics of a run on the command line: their names, their options, and the callables that make them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from jsonargparse import ArgumentParser, Namespace

from adagan.components.critics.binary_critic import BinaryCritic
from adagan.components.critics.calibrators import BestOf, Calibrator, Isotonic, Platt, Temperature, VectorScaling
from adagan.components.critics.classifier_critic import ClassifierCritic
from adagan.components.critics.critic import Critic
from adagan.components.critics.kernel_critic import KernelCritic
from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.verbs.names import check_name, choose

NETWORKS: dict[str, Callable[..., RatioEstimator]] = {"softmax": Critic, "binary": BinaryCritic}
OTHERS: dict[str, Callable[..., RatioEstimator]] = {"classifier": ClassifierCritic, "kernel": KernelCritic}
CALIBRATORS: dict[str, Callable[..., Calibrator]] = {
    "vector-scaling": VectorScaling,
    "platt": Platt,
    "temperature": Temperature,
    "isotonic": Isotonic,
    "best-of": BestOf,
}

CriticMaker = Callable[[], RatioEstimator]


def add_critic_arguments(parser: ArgumentParser) -> None:
    """The options of the critics."""
    parser.add_argument(
        "--critic-kind",
        default="softmax",
        help="the sharp critic: softmax (a network); binary (a network of one output, for components with densities); "
        "classifier (gradient-boosted trees, for tables); kernel (for small data); of --critic.* the last two take "
        "folds and max_samples only, and the coarse critic is always a softmax network",
    )
    parser.add_argument(
        "--calibrator",
        default="vector-scaling",
        help="how critics are calibrated on held-out points: " + ", ".join(CALIBRATORS) + " (of the others)",
    )
    parser.add_class_arguments(Critic, "critic", skip={"noise", "trainer_options", "calibrator", "seed"})


def critic_makers(settings: Namespace) -> tuple[CriticMaker, CriticMaker]:
    """What makes the coarse critic and the sharp one.

    Raises:
        ValueError: An unknown name; the option is named.
    """
    kind = check_name(settings.critic_kind, NETWORKS | OTHERS, "--critic-kind")
    calibrator = choose(settings.calibrator, CALIBRATORS, "--calibrator")
    network = dict(settings.critic.as_dict(), trainer_options=settings.trainer, calibrator=calibrator)
    coarse = partial(Critic, noise=settings.resolution, **network)
    if kind in NETWORKS:
        return coarse, partial(NETWORKS[kind], **network)
    shared = {name: network[name] for name in ("folds", "max_samples", "calibrator")}
    return coarse, partial(OTHERS[kind], **shared)
