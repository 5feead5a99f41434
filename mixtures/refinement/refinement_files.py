"""The file of a refinement, beside that of a mixture: ``refinement.json``, and the critic's values."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.refinement.chains import ImportanceResampling, MetropolisHastings
from adagan.mixtures.refinement.methods import BudgetedRejection, Pilot, Refinement, Rejection
from adagan.mixtures.storage.checked_reading import read_json
from adagan.mixtures.storage.components import component_record, read_component, write_component
from adagan.mixtures.storage.files import FORMAT_VERSION, write_json

REFINEMENT_FILE = "refinement.json"
CRITIC_FILE = "refinement-critic.safetensors"
METHODS = (BudgetedRejection, ImportanceResampling, MetropolisHastings, Rejection)


def check_storable(refinement: Refinement) -> None:
    """Makes sure that a method can be read again.

    Raises:
        TypeError: It is somebody's own.
    """
    if type(refinement) not in METHODS:
        raise UserTypeError(f"refinement: {type(refinement).__name__} is not one of adagan's and cannot be stored")


def write_refinement(folder: Path, critic: Any, refinement: Refinement, pilot: Pilot) -> None:
    """Writes the critic, and then what refers to it.

    Raises:
        TypeError: The critic or the method cannot be stored.
    """
    check_storable(refinement)
    content = {
        "format_version": FORMAT_VERSION,
        "refinement": {"class": type(refinement).__name__, "config": refinement.config()},
        # JSON has no infinity: the level of a budget of 1
        "pilot": {name: value if abs(value) < float("inf") else None for name, value in asdict(pilot).items()},
        "critic": component_record(critic),
    }
    write_component(folder / CRITIC_FILE, critic)
    write_json(folder / REFINEMENT_FILE, content)


def check_refined(folder: str | os.PathLike[str]) -> None:
    """Makes sure that there is a refinement in a folder.

    Raises:
        FileNotFoundError: There is none.
    """
    if not (Path(folder) / REFINEMENT_FILE).is_file():
        raise FileNotFoundError(f"{folder} holds no refined mixture: there is no {REFINEMENT_FILE} in it")


def read_refinement(
    folder: str | os.PathLike[str], components: Sequence[Callable[[], Any]] = ()
) -> tuple[Any, Refinement, Pilot]:
    """The critic, the method and what the pilot told.

    Raises:
        FileNotFoundError: There is no refinement.
        ValueError: A corrupted file, or an unknown method.
    """
    check_refined(folder)
    path = Path(folder)
    content = read_json(path / REFINEMENT_FILE)
    known = {method.__name__: method for method in METHODS}
    try:
        name, config = content["refinement"]["class"], content["refinement"]["config"]
        told: dict[str, Any] = {k: float("inf") if v is None else v for k, v in content["pilot"].items()}
        if name not in known:
            raise UserError(f"{path / REFINEMENT_FILE} names the method {name}; known are {', '.join(known)}")
        critic = read_component(path / CRITIC_FILE, content["critic"], components)
        return critic, known[name](**config), Pilot(**told)
    except (KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{path / REFINEMENT_FILE} does not fit the files beside it: {error}") from error
