"""What ``fit`` and ``resume`` share: the parser of a run's settings, and the model that they describe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from jsonargparse import ArgumentParser, Namespace

from adagan import components
from adagan.boosting import COARSE, AdaGAN
from adagan.components.adapters.class_conditional import ClassConditional
from adagan.components.adapters.scikit_learn import ScikitLearn
from adagan.components.contract import learns_labels
from adagan.components.generators.gaussian import Gaussian
from adagan.data.built_in import BUILT_IN_NAMES
from adagan.fitting import unfitted
from adagan.mixtures.data_weights import Dagger, DataWeightRule, Multiplicative, Star, TopK, TopKLast, Uniform
from adagan.mixtures.errors import UserError
from adagan.mixtures.steps import (
    Constant,
    FullyCorrective,
    Harmonic,
    KeepShare,
    LineSearch,
    MissingMass,
    MixtureStep,
    Step,
)
from adagan.stopping import Never, NothingLeft, StoppingRule
from adagan.verbs.critic_settings import add_critic_arguments, critic_makers
from adagan.verbs.divergence_names import DIVERGENCES
from adagan.verbs.gan_settings import add_gan_arguments, gan_maker
from adagan.verbs.names import choose
from adagan.verbs.own_component import names_own_code, own_component

CONFIG_FILE = "config.yaml"

STOPS: dict[str, Callable[..., StoppingRule]] = {"never": Never, "nothing-left": NothingLeft}
COMPONENTS = (
    "gan",
    "conditional-gan",
    "semi-supervised-gan",
    "info-gan",
    "vae",
    "flow",
    "flow-matching",
    "moment-matching",
    "memoriser",
    "gaussian",
    "gaussian-mixture",
    "kernel-density",
)
RULES: dict[str, Callable[..., DataWeightRule]] = {
    "star": Star,
    "dagger": Dagger,
    "top-k": TopK,
    "top-k-last": TopKLast,
    "multiplicative": Multiplicative,
    "uniform": Uniform,
}
TARGETS: dict[str, Callable[..., Step]] = {
    "missing-mass": MissingMass,
    "harmonic": Harmonic,
    "constant": Constant,
    "keep-share": KeepShare,
}
STEPS: dict[str, Callable[..., MixtureStep]] = {
    # their divergence is an option of its own
    "fully-corrective": lambda: FullyCorrective(),
    "line-search": lambda: LineSearch(),
    "harmonic": Harmonic,
    "constant": Constant,
}


def settings_parser() -> ArgumentParser:
    """All settings of a run; with its configuration file they reproduce it."""
    parser = ArgumentParser(
        prog="adagan fit",
        description="Boosts a generator on DATA in rounds and writes a run folder.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("--config", action="config", help="YAML file of settings; options after it override it")
    parser.add_argument(
        "data",
        nargs="?",
        help="a .npy, .npz or .csv file, a folder of images, or built-in data: " + ", ".join(BUILT_IN_NAMES),
    )
    parser.add_argument("--out", help="run folder to write; it must not exist or be empty")
    parser.add_argument("--weights", type=str | None, help="file with one non-negative weight per row of DATA")
    parser.add_argument(
        "--labels",
        type=str | None,
        help="file with one class per row of DATA, from 0, and -1 for unlabelled rows; a component that learns no "
        "classes is trained on each of them apart, and adagan sample --condition samples them",
    )
    parser.add_argument(
        "--rounds", type=int | str, default=5, help="number of rounds, or auto: until nothing is left to repair"
    )
    parser.add_argument(
        "--stop",
        type=str | None,
        help="never, or nothing-left: end before all rounds when nothing is left to repair, say why, and keep the best "
        "prefix (nothing-left:0.05 lets that share of the data be missing); by default nothing-left with --rounds "
        "auto, never otherwise",
    )
    parser.add_argument("--seed", type=int, default=0, help="of everything random")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, mps, or auto")
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="of torch on the CPU: one is best for small networks, as many as there are idle cores for large ones",
    )
    parser.add_argument(
        "--component",
        default="gan",
        help="what is boosted: " + ", ".join(COMPONENTS) + "; NAME:NUMBER sets the size "
        "of a gaussian-mixture (default 8), the bandwidth of kernel-density (default 0.1), the "
        "values of info-gan's code (default 10), and the training steps of vae, flow, flow-matching and "
        "moment-matching; MODULE:MAKE takes a class or function of your own, from the working directory or installed",
    )
    parser.add_argument(
        "--rule", default="star", help="data weights: " + ", ".join(RULES) + " (top-k:0.3 keeps that share)"
    )
    parser.add_argument(
        "--target", default="missing-mass", help="how sparse the newcomer's target is: " + ", ".join(TARGETS)
    )
    parser.add_argument(
        "--step", default="fully-corrective", help="how the mixture takes the newcomer: " + ", ".join(STEPS)
    )
    parser.add_argument(
        "--divergence",
        default="jensen-shannon",
        help="f-divergence that chooses mixture weights: " + ", ".join(DIVERGENCES),
    )
    parser.add_argument(
        "--resolution",
        type=float,
        default=COARSE,
        help="noise of the coarse critic, which decides what is missing, in standard deviations of the data",
    )
    parser.add_argument(
        "--warm_start",
        type=bool,
        default=False,
        help="whether every newcomer begins at the networks of the component before it, so that training adds up over "
        "the rounds; for gan, vae, flow, flow-matching and moment-matching",
    )
    parser.add_argument("--trainer", type=dict[str, Any], default={}, help="further arguments of lightning.Trainer")
    add_gan_arguments(parser)
    add_critic_arguments(parser)
    return parser


def parse_settings(words: Sequence[str]) -> tuple[ArgumentParser, Namespace]:
    """The settings, and the parser that can write them down."""
    parser = settings_parser()
    settings = parser.parse_args(list(words))
    if settings.data is None and settings.config:
        # a positional argument that is left out hides the value of the configuration file
        settings.data = parser.parse_path(settings.config[-1]).data
    return parser, settings


def make_model(settings: Namespace, folder: str) -> AdaGAN:
    """The model that the settings describe.

    Raises:
        ValueError: An unknown name or a value out of range; the option is named.
    """
    divergence = choose(settings.divergence, DIVERGENCES, "--divergence")
    step = choose(settings.step, STEPS, "--step")
    if isinstance(step, FullyCorrective | LineSearch):
        step.divergence = divergence
    if settings.threads < 1:
        raise UserError(f"--threads: expected 1 or more, got {settings.threads}")
    torch.set_num_threads(settings.threads)
    if settings.resolution < 0:
        raise UserError(f"--resolution: expected 0 or more, got {settings.resolution}")
    coarse_critic, critic = critic_makers(settings)
    make = _component_maker(settings)
    if settings.labels is not None and not learns_labels(unfitted(make, settings.seed)):
        make = partial(ClassConditional, make)
    model = AdaGAN(
        make,
        rounds=settings.rounds,
        rule=choose(settings.rule, RULES, "--rule"),
        target=choose(settings.target, TARGETS, "--target"),
        step=step,
        coarse_critic=coarse_critic,
        critic=critic,
        divergence=divergence,
        stop=None if settings.stop is None else choose(settings.stop, STOPS, "--stop"),
        warm_start=settings.warm_start,
        seed=settings.seed,
        folder=folder,
        progress=True,
    )
    # a wrong option is to be heard of before anything is written
    model.component(), model.critic(), model.coarse_critic()
    return model


def _component_maker(settings: Namespace) -> Callable[[], Any]:
    if names_own_code(settings.component) and settings.component.partition(":")[0] not in COMPONENTS:
        return own_component(settings.component)
    makers: dict[str, Callable[..., Callable[[], Any]]] = {
        "gan": lambda: gan_maker(settings),
        "conditional-gan": lambda: gan_maker(settings, components.ConditionalGAN),
        "semi-supervised-gan": lambda: gan_maker(settings, components.SemiSupervisedGAN),
        "info-gan": lambda values=10: _info_gan(values, settings),
        "vae": lambda steps=None: _trained("vae", components.VAE, steps, settings),
        "flow": lambda steps=None: _trained("flow", components.Flow, steps, settings),
        "flow-matching": lambda steps=None: _trained("flow-matching", components.FlowMatching, steps, settings),
        "moment-matching": lambda steps=None: _trained("moment-matching", components.MomentMatching, steps, settings),
        "memoriser": lambda: components.Memoriser,
        "gaussian": lambda: Gaussian,
        "gaussian-mixture": lambda size=8: partial(_gaussian_mixture, _whole(size, "gaussian-mixture")),
        "kernel-density": lambda bandwidth=0.1: partial(_kernel_density, bandwidth),
    }
    return choose(settings.component, makers, "--component")


def _trained(name: str, kind: Callable[..., Any], steps: float | None, settings: Namespace) -> Callable[[], Any]:
    """A generator with its own defaults; the number behind its name is that of its training steps."""
    length = {} if steps is None else {"max_steps": _whole(steps, name)}
    return partial(kind, trainer_options=settings.trainer, **length)


def _info_gan(values: float, settings: Namespace) -> Callable[[], Any]:
    if values < 2:
        raise UserError(f"info-gan:NUMBER takes a whole number of 2 or more values, got {values:g}")
    return partial(gan_maker(settings, components.InfoGAN), categorical=_whole(values, "info-gan"))


def _whole(number: float, name: str) -> int:
    if not (number >= 1 and number % 1 == 0):
        raise UserError(f"{name}:NUMBER takes a whole number of 1 or more, got {number:g}")
    return int(number)


def _gaussian_mixture(size: int) -> ScikitLearn:
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]

    return ScikitLearn(GaussianMixture(size))


def _kernel_density(bandwidth: float) -> ScikitLearn:
    from sklearn.neighbors import KernelDensity  # type: ignore[import-untyped]

    if not 0 < bandwidth < float("inf"):
        raise UserError(f"--component: kernel-density:NUMBER takes a positive bandwidth, got {bandwidth}")
    return ScikitLearn(KernelDensity(bandwidth=bandwidth))


def choose_device(name: str) -> torch.device:
    """The device of a name; ``auto`` takes the accelerator if there is one.

    Raises:
        ValueError: No such device on this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device: {name} is not available here ({' '.join(str(error).split())[:120]})") from error
    return device
