"""A run's settings, its data and what makes its components, read again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonargparse import Namespace

from adagan.components.contract import learns_labels
from adagan.data.reading import FOLDERS, kinds_of, read_training_data
from adagan.data.training_data import TrainingData
from adagan.fitting import unfitted
from adagan.mixtures.errors import UserError
from adagan.options.config_file import CONFIG_FILE
from adagan.options.device_option import choose_device
from adagan.options.own_component import vouched_for
from adagan.options.picture_options import picture_options
from adagan.options.run_options import stored_settings
from adagan.run_folder import RunFolder

_log = logging.getLogger(__name__)


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


def for_component(data: TrainingData, make: Callable[[], Any], settings: Namespace) -> TrainingData:
    """The data without the classes of their folders, if nobody asked for them and the component learns none."""
    if data.labels is None or settings.labels is not None or learns_labels(unfitted(make, settings.seed)):
        return data
    _log.info(
        "The folders' names are not learnt as classes: --labels %s trains the component on each of them apart, and "
        "--component conditional-gan learns them",
        FOLDERS,
    )
    return replace(data, labels=None)


def read_inputs(settings: Namespace, run: str | None = None) -> TrainingData:
    """The data, weights and labels that the settings name, on their device; those of a run as it encodes them.

    Raises:
        FileNotFoundError, UserError: As of `read_training_data`; the settings name no data.
    """
    if settings.data is None:
        raise UserError(
            f"data: the settings{'' if run is None else f' in {run}/{CONFIG_FILE}'} do not say where they are"
        )
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
        layout=settings.layout,
        pictures=picture_options(settings),
    )
