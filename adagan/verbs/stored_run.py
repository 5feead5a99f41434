"""A run's settings and data, read again: what ``resume`` and ``missing`` begin with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jsonargparse import ArgumentError, Namespace
from torch import Tensor

from adagan.boosting import AdaGAN
from adagan.data.reading import read_data, read_labels, read_weights
from adagan.mixtures.errors import UserError
from adagan.run_folder import RunFolder
from adagan.verbs.own_component import vouched_for
from adagan.verbs.settings import CONFIG_FILE, choose_device, make_model, parse_settings


@dataclass(frozen=True)
class FitInputs:
    """What `AdaGAN.fit` takes.

    Attributes:
        data: Shape (N, *event).
        weights: Shape (N,), or ``None``.
        labels: Shape (N,), or ``None``.
    """

    data: Tensor
    weights: Tensor | None
    labels: Tensor | None


def stored_component(run: str) -> str | None:
    """The component that a run's configuration names; ``None`` for a run that was started from Python."""
    config = Path(run) / CONFIG_FILE
    return str(_stored_settings(config).component) if config.is_file() else None


def _stored_settings(config: Path) -> Namespace:
    try:
        return parse_settings(["--config", str(config)])[1]
    except ArgumentError as error:
        raise UserError(f"{config} is damaged, or of another version: {error}; restore it from a copy") from error


def read_settings(run: str, component: str | None) -> Namespace:
    """The settings of a run.

    Args:
        run: Its folder.
        component: ``MODULE:MAKE`` if the user vouches for code of their own.

    Raises:
        FileNotFoundError: No run, or one that was started from Python.
        ValueError: The run needs code that nobody vouches for.
    """
    RunFolder(run).content()
    config = Path(run) / CONFIG_FILE
    if not config.is_file():
        raise FileNotFoundError(
            f"{run}: there is no {CONFIG_FILE}, so this run was started from Python; go on with it there: "
            "AdaGAN(..., folder=...).resume(data)"
        )
    settings = _stored_settings(config)
    vouched_for(run, component, stored=settings.component)
    settings.component = component or settings.component
    return settings


def read_inputs(settings: Namespace) -> FitInputs:
    """The data, weights and labels that the settings name, the data on their device."""
    data = read_data(settings.data, settings.seed).to(choose_device(settings.device))
    weights = None if settings.weights is None else read_weights(settings.weights)
    labels = None if settings.labels is None else read_labels(settings.labels)
    if labels is not None and len(labels) != len(data):
        raise UserError(
            f"--labels: expected {len(data)} labels, one per row of the data, got {len(labels)} in {settings.labels}"
        )
    return FitInputs(data, weights, labels)


def reopened(run: str, settings: Namespace, *, progress: bool = True) -> AdaGAN:
    """The run's model, after the rounds that `settings` ask for and that it lacks."""
    model = make_model(settings, run)
    model.progress = progress
    inputs = read_inputs(settings)
    return model.resume(inputs.data, weights=inputs.weights, labels=inputs.labels)
