"""How a run was made, for the foot of a page: its data, its settings, and the command that repeats it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import adagan
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.storage.checked_reading import read_bytes
from adagan.options.config_file import CONFIG_FILE, LARGEST
from adagan.round import Round
from adagan.run_folder import RunFolder


@dataclass(frozen=True)
class Making:
    """Where a run comes from.

    Attributes:
        facts: In words.
        settings: As its file says them, or what the folder knows of a run that was started from Python.
        command: That repeats it; empty where only Python can.
    """

    facts: Mapping[str, str]
    settings: str
    command: str


def making_of(folder: RunFolder, rounds: Sequence[Round], mixture: Mixture, shown: Mapping[str, object]) -> Making:
    """Of a run, with what the page itself drew."""
    content = folder.content()
    facts = {
        "data": f"{content['num_points']:,} points of shape {tuple(content['event_shape'])}",
        "fingerprint of the data (SHA-256)": content["data"],
        "components": ", ".join(sorted({type(component).__name__ for component in mixture.components})),
        "seed of the run": content["seed"],
        "divergence": rounds[-1].divergence_name,
        "report written by": f"adagan {adagan.__version__}",
        **shown,
    }
    config = folder.path / CONFIG_FILE
    if config.is_file():
        settings = read_bytes(config, LARGEST).decode("utf-8", errors="replace")
        name = folder.path.name or "run"
        command = f"adagan fit --config {Path(name) / CONFIG_FILE} --out {name}-again"
    else:
        settings, command = "\n".join(_from_python(content.get("made_with") or {})), ""
    return Making({name: str(value) for name, value in facts.items()}, settings, command)


def _from_python(made_with: Mapping[str, Any]) -> list[str]:
    choices = made_with.get("choices") or {}
    return [f"{name}: {value}" for name, value in choices.items()]
