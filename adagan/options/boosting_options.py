"""The options of boosting itself, and the model that all options together describe."""

from __future__ import annotations

import os
from functools import partial

import torch
from jsonargparse import Namespace

from adagan.boosting import AdaGAN
from adagan.components.generators.memoriser import Memoriser
from adagan.data.samples import read_samples
from adagan.data.training_data import TrainingData
from adagan.mixtures.data_weights import RULES
from adagan.mixtures.divergences import DIVERGENCES
from adagan.mixtures.errors import UserError
from adagan.mixtures.steps import STEPS, TARGETS
from adagan.options.component_options import component_maker, newcomer_maker
from adagan.options.critic_options import critic_makers
from adagan.options.named_objects import choose, named
from adagan.options.picture_options import picture_options
from adagan.options.verb_parser import VerbParser
from adagan.stopping import STOPS

MOST_THREADS = 256
"""Where there are fewer cores; torch crashes with many thousands."""


def add_boosting_options(parser: VerbParser) -> None:
    """Rounds, data weights, targets, steps, divergences, and when to stop."""
    group = parser.add_argument_group("boosting")
    group.add_argument(
        "--rounds",
        type=int | str,
        default="auto",
        metavar="N",
        help="number of rounds, all alike; or auto: a first component, and others where it misses something, as long "
        "as they repair it",
    )
    group.add_argument(
        "--budget",
        type=float | None,
        metavar="SECONDS",
        help="CPU seconds of the whole run: how long components train is set to fit, and the first one gets most of it",
    )
    group.add_argument(
        "--newcomer",
        type=str | None,
        metavar="NAME",
        help="what the later rounds train, a name as for --component; by default, with --rounds auto or --budget, a "
        "patch (Gaussians on what is missing) for vectors, and else the component, going on where it can",
    )
    group.add_argument(
        "--first-samples",
        type=str | None,
        metavar="FILE",
        help="samples of a model that you have, instead of a first component: what is trained repairs it, and is "
        "written to RUN/patch with its weight in the mixture too",
    )
    group.add_argument(
        "--stop",
        type=str | None,
        metavar="NAME",
        help=" or ".join(named(STOPS)) + ": end before all rounds when nothing is left to repair, say why, and keep "
        "the best prefix (nothing-left:0.05 lets that share of the data be missing); by default nothing-missing with "
        "--rounds auto or --budget, never otherwise",
    )
    group.add_argument(
        "--refine",
        type=bool | None,
        metavar="BOOL",
        help="whether to end with a trial on held-out data, so that adagan sample keeps the better draws only where "
        "that helps; by default so with --rounds auto or --budget",
    )
    group.add_argument(
        "--checkpoint-minutes",
        type=float | None,
        default=5.0,
        metavar="M",
        help="keep the training of a round every so many minutes, so that a kill loses no more of it",
    )
    group.add_argument(
        "--component-minutes",
        type=float | None,
        metavar="M",
        help="count an attempt to train a component as failed after so many minutes of the clock; it is tried once "
        "more, and then the run ends with the mixture so far",
    )
    group.add_argument(
        "--rule",
        default="star",
        metavar="NAME",
        help="data weights: " + ", ".join(named(RULES)) + " (top-k:0.3 keeps that share)",
    )
    group.add_argument(
        "--target",
        type=str | None,
        metavar="NAME",
        help="how sparse the newcomer's target is: " + ", ".join(named(TARGETS)) + "; by default missing-mass",
    )
    group.add_argument(
        "--step",
        type=str | None,
        metavar="NAME",
        help="how the mixture takes the newcomer: " + ", ".join(named(STEPS)) + "; by default fully-corrective, and "
        "with --rounds auto or --budget only if held-out points say that it helps",
    )
    group.add_argument(
        "--divergence",
        default="jensen-shannon",
        metavar="NAME",
        help="f-divergence that chooses mixture weights: " + ", ".join(named(DIVERGENCES)),
    )
    group.add_argument(
        "--resolution",
        type=float | None,
        metavar="X",
        help="let a coarse critic decide what is missing, with noise of so many standard deviations of the data; by "
        "default counts in cells do, which train nothing; for images of 16 pixels or more features are fitted",
    )


def make_model(settings: Namespace, folder: str) -> AdaGAN:
    """The model that the settings describe.

    Raises:
        UserError: An unknown name or a value out of range; the option is named.
    """
    divergence = choose(settings.divergence, named(DIVERGENCES), "--divergence")
    steps = {
        name: partial(make, divergence) if kind.minimises else make
        for (name, make), kind in zip(named(STEPS).items(), STEPS, strict=True)
    }
    most = max(MOST_THREADS, os.cpu_count() or 1)
    if not 1 <= settings.threads <= most:
        raise UserError(f"--threads: expected 1 to {most}, got {settings.threads}; more than there are cores only wait")
    torch.set_num_threads(settings.threads)
    if settings.resolution is not None and settings.resolution < 0:
        raise UserError(f"--resolution: expected 0 or more, got {settings.resolution}")
    coarse_critic, critic = critic_makers(settings)
    model = AdaGAN(
        component_maker(settings),
        rounds=settings.rounds,
        budget=settings.budget,
        newcomer=newcomer_maker(settings),
        rule=choose(settings.rule, named(RULES), "--rule"),
        target=None if settings.target is None else choose(settings.target, named(TARGETS), "--target"),
        step=None if settings.step is None else choose(settings.step, steps, "--step"),
        coarse_critic=coarse_critic,
        critic=critic,
        divergence=divergence,
        stop=None if settings.stop is None else choose(settings.stop, named(STOPS), "--stop"),
        warm_start=settings.warm_start,
        refine=False if settings.first_samples is not None and settings.refine is None else settings.refine,
        seed=settings.seed,
        folder=folder,
        checkpoint_minutes=settings.checkpoint_minutes,
        component_minutes=settings.component_minutes,
        progress=True,
    )
    # a wrong option is to be heard of before anything is written
    model.critic()
    return model


def begin_with_samples(model: AdaGAN, settings: Namespace, data: TrainingData) -> None:
    """Gives a model the first component of which there are samples alone, if the settings name some: it repeats them.

    Raises:
        FileNotFoundError, UserError: They cannot be read, or are not like the data.
    """
    if settings.first_samples is not None:
        pictures = picture_options(settings)
        samples = read_samples(settings.first_samples, data, settings.seed + 1, "--first-samples", pictures)
        model.set_params(first=Memoriser().fit(samples.to(data.points.device)))
