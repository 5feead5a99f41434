"""The GAN of a run on the command line: its objectives, penalties and techniques by name, and what makes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from jsonargparse import ArgumentParser, Namespace
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR

from adagan.components.generators.gan import objectives as o
from adagan.components.generators.gan import techniques as t
from adagan.components.generators.gan.gan import GAN
from adagan.components.generators.gan.penalties import GradientPenalty, Penalty, ZeroCenteredPenalty
from adagan.components.generators.gan.schedule import Schedule
from adagan.mixtures.errors import UserError
from adagan.mixtures.f_divergence import FDivergence
from adagan.verbs.divergence_names import DIVERGENCES
from adagan.verbs.names import choose


def _f_gan(divergence: Callable[..., FDivergence], *number: float) -> o.FGAN:
    return o.FGAN(divergence(*number))


def _whole(make: Callable[[int], t.Technique], number: float | None = None) -> t.Technique:
    if number is None:
        return make()  # type: ignore[call-arg]
    if number != int(number):
        raise UserError(f"expected a whole number, got {number}")
    return make(int(number))


def _constant_rate(optimizer: Optimizer) -> ConstantLR:
    return ConstantLR(optimizer, factor=1.0)


OBJECTIVES: dict[str, Callable[..., o.Objective]] = {
    "non-saturating": o.NonSaturating,
    "minimax": o.Minimax,
    "generalized-minimax": o.GeneralizedMinimax,
    "least-squares": o.LeastSquares,
    "wasserstein": o.Wasserstein,
    "hinge": o.Hinge,
    "relativistic": o.RelativisticPairing,
    **{f"f-gan-{name}": partial(_f_gan, divergence) for name, divergence in DIVERGENCES.items()},
}
PENALTIES: dict[str, Callable[..., Penalty]] = {
    "zero-centered": ZeroCenteredPenalty,
    "r1": partial(ZeroCenteredPenalty, at_samples=False),
    "r2": partial(ZeroCenteredPenalty, at_data=False),
    "gradient": GradientPenalty,
}
TECHNIQUES: dict[str, Callable[..., t.Technique]] = {
    "feature-matching": t.FeatureMatching,
    "historical-averaging": t.HistoricalAveraging,
    "instance-noise": t.InstanceNoise,
    "label-smoothing": t.LabelSmoothing,
    "minibatch-statistics": partial(_whole, t.MinibatchStatistics),
    "packing": partial(_whole, t.Packing),
    "unrolled": partial(_whole, t.Unrolled),
}
SCHEDULES: dict[str, Callable[..., Schedule | None]] = {"cosine": lambda: None, "constant": lambda: _constant_rate}


def add_gan_arguments(parser: ArgumentParser) -> None:
    """The options of the GAN."""
    parser.add_argument(
        "--objective",
        default="non-saturating",
        help="of the GAN: " + ", ".join(OBJECTIVES) + " (generalized-minimax:0.3 sets the share of data)",
    )
    parser.add_argument(
        "--gan.penalty",
        type=float | str | None,
        default=None,
        help="on the discriminator's slope: the factor of the zero-centered one, 0 for none, or " + ", ".join(PENALTIES)
        + " (gradient:10 sets the factor); by default chosen from the data's shape",
    )  # fmt: skip
    parser.add_argument(
        "--gan.techniques",
        type=list[str],
        default=[],
        help="such as '[packing:2, instance-noise:0.3]', of " + ", ".join(TECHNIQUES),
    )
    parser.add_argument("--gan.schedule", default="cosine", help="of the learning rates: " + ", ".join(SCHEDULES))
    own = {"objective", "penalty", "techniques", "schedule", "generator", "discriminator", "trainer_options", "seed"}
    parser.add_class_arguments(GAN, "gan", skip=own)


def gan_maker(settings: Namespace, kind: Callable[..., GAN] = GAN) -> Callable[..., GAN]:
    """What makes the GAN that the settings describe, or another kind of GAN with these settings.

    Raises:
        ValueError: An unknown name or a number that its object refuses; the option is named.
    """
    options = settings.gan.as_dict()
    penalty = options.pop("penalty")
    return partial(
        kind,
        choose(settings.objective, OBJECTIVES, "--objective"),
        penalty=choose(penalty, PENALTIES, "--gan.penalty") if isinstance(penalty, str) else penalty,
        techniques=[choose(text, TECHNIQUES, "--gan.techniques") for text in options.pop("techniques")],
        schedule=choose(options.pop("schedule"), SCHEDULES, "--gan.schedule"),
        keep_discriminator=options.pop("keep_discriminator") or settings.warm_start,
        trainer_options=settings.trainer,
        **options,
    )
