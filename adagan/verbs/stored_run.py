"""A run's settings, its data and what makes its components, read again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonargparse import Namespace

from adagan.data.reading import kinds_of, read_training_data
from adagan.data.training_data import TrainingData
from adagan.options.config_file import CONFIG_FILE
from adagan.options.device_option import choose_device
from adagan.options.own_component import vouched_for
from adagan.options.run_options import stored_settings
from adagan.run_folder import RunFolder


def makers_of(run: str, component: str | None) -> list[Callable[[], Any]]:
    """What makes a run's components that are not the package's own.

    Args:
        run: Its folder.
        component: ``MODULE:MAKE`` if the user vouches for code of their own.

    Raises:
        UserError: The run needs code that nobody vouches for.
    """
    config = Path(run) / CONFIG_FILE
    # a run that was started from Python has no configuration
    stored = str(stored_settings(str(config)).component) if config.is_file() else None
    return vouched_for(run, component, stored=stored)


def read_settings(run: str, component: str | None) -> Namespace:
    """The settings of a run; arguments as of `makers_of`.

    Raises:
        FileNotFoundError: No run, or one that was started from Python.
        UserError: The run needs code that nobody vouches for.
    """
    RunFolder(run).content()
    config = Path(run) / CONFIG_FILE
    if not config.is_file():
        raise FileNotFoundError(
            f"{run}: there is no {CONFIG_FILE}, so this run was started from Python; go on with it there: "
            "AdaGAN(..., folder=...).resume(data)"
        )
    settings = stored_settings(str(config))
    vouched_for(run, component, stored=settings.component)
    settings.component = component or settings.component
    return settings


def read_inputs(settings: Namespace, run: str | None = None) -> TrainingData:
    """The data, weights and labels that the settings name, on their device; those of a run as it encodes them."""
    encoding = None if run is None else RunFolder(run).encoding()
    return read_training_data(
        settings.data,
        settings.weights,
        settings.labels,
        seed=settings.seed,
        device=choose_device(settings.device),
        columns=encoding or kinds_of(settings.columns),
        header=settings.header,
        encoded=run is None or encoding is not None,
    )
