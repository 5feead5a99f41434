"""The mixture's file: a folder of ``mixture.json`` and one ``component-NNN.safetensors`` per component.

``mixture.json`` holds the weights after every round and, for each component, its class and configuration.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from adagan.mixtures.encoding import Encoding
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.storage.checked_reading import read_json
from adagan.mixtures.storage.components import component_record, read_component, unfitted_component, write_component
from adagan.mixtures.storage.files import FORMAT_VERSION, write_json

MIXTURE_FILE = "mixture.json"


@dataclass(frozen=True)
class StoredMixture:
    """What a mixture's file holds.

    Attributes:
        components: Restored, in the order of their rounds.
        history: Their weights after every round, shape (K, K), float64.
        kept: How many of them the mixture is made of, if a run has made more than it keeps.
        encoding: What the samples mean, if they are rows of a table or images.
    """

    components: Sequence[Any]
    history: Tensor
    kept: int | None
    encoding: Any = None


def write_mixture(folder: Path, components: Sequence[Any], history: Tensor, encoding: Encoding | None = None) -> None:
    """Writes the components, and then what refers to them.

    Raises:
        TypeError: A component cannot be stored; it is named.
    """
    content = mixture_content(components, history, encoding)
    for index, component in enumerate(components):
        write_component(component_file(folder, index), component)
    write_json(folder / MIXTURE_FILE, content)


def mixture_content(components: Sequence[Any], history: Tensor, encoding: Encoding | None = None) -> dict[str, Any]:
    """What ``mixture.json`` says of the components, which stand beside it."""
    records = [component_record(component) for component in components]
    content = {"format_version": FORMAT_VERSION, "history": history.tolist(), "components": records}
    if encoding is not None:
        content["encoding"] = {"class": type(encoding).__name__, "config": encoding.config()}
    return content


def component_file(folder: Path, index: int) -> Path:
    """Where a component is, counted from 0."""
    return folder / f"component-{index:03d}.safetensors"


def read_mixture(folder: str | os.PathLike[str], components: Sequence[Callable[[], Any]] = ()) -> StoredMixture:
    """What the mixture's file in a folder holds.

    Raises:
        FileNotFoundError: No mixture in the folder.
        ValueError: A corrupted or truncated file, a newer format, or an unknown class; the message says which.
    """
    path = Path(folder)
    if not (path / MIXTURE_FILE).is_file():
        raise FileNotFoundError(f"{path} holds no saved mixture: there is no {MIXTURE_FILE} in it")
    content = read_json(path / MIXTURE_FILE)
    try:
        history, records, kept = _weights_and_records(content)
        table = content.get("encoding")
        encoding = None if table is None else unfitted_component(path, table, components)
        parts = [
            read_component(component_file(path, index), record, components) for index, record in enumerate(records)
        ]
    except (KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{path / MIXTURE_FILE} does not fit the files beside it: {error}") from error
    return StoredMixture(parts, history, kept, encoding)


def _weights_and_records(content: Mapping[str, Any]) -> tuple[Tensor, list[Mapping[str, Any]], int | None]:
    try:
        history = torch.tensor(content["history"], dtype=torch.float64)
    except ValueError as error:
        raise UserTypeError(f"the weights are no matrix of numbers ({error})") from error
    records, kept = list(content["components"]), content.get("kept")
    if not records or history.shape != (len(records), len(records)):
        raise UserTypeError(f"{len(records)} components, weights of shape {tuple(history.shape)}")
    if kept is not None and kept not in range(1, len(records) + 1):
        raise UserTypeError(f"{len(records)} components, of which {kept} are kept")
    return history, records, kept
