"""The settings of a run in YAML: what ``adagan fit`` writes beside a run and ``--config`` reads."""

from __future__ import annotations

import logging
from argparse import SUPPRESS
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from jsonargparse import Namespace, get_loader

from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.checked_reading import read_bytes
from adagan.options.verb_parser import VerbParser
from adagan.suggestions import suggestion

CONFIG_FILE = "config.yaml"
LARGEST = 2**16
"""Bytes that settings may have."""
DEEPEST = 12
MOST_REFERENCES = 12
"""Of YAML (``*name``): nested ones make a few lines a list that fills the memory."""
KEPT_AS_THEY_ARE = ("trainer",)
"""Whose entries are names of Python's, with underscores."""

_log = logging.getLogger(__name__)


def read_config(parser: VerbParser, path: str) -> Namespace:
    """The settings of a file over the parser's defaults; names are spelled with dashes, or with underscores as before.

    Raises:
        FileNotFoundError: There is no such file.
        UserError: It is no YAML, names an unknown setting, or one has a value of another kind.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"--config: there is no file {path}")
    try:
        text = read_bytes(file, LARGEST).decode("utf-8")
        _check_extent(text)
        content = get_loader("yaml")(text)
    except UserError:
        raise
    except Exception as error:  # of the loader's own kinds
        raise UserError(f"{path} is not readable as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected settings such as 'rounds: 5', got {' '.join(str(content).split())[:60]!r}")
    settings = _spelled(content, lambda name: name.replace("-", "_"))
    _drop_what_is_gone(settings, path)
    _check_names(settings, parser, path)
    try:
        stored: Namespace = parser.parse_object(settings)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    for action in parser._actions:
        value = stored.get(action.dest)
        named = isinstance(action.default, str) and action.default != SUPPRESS
        if named and getattr(action, "_typehint", None) is None and not isinstance(value, str):
            raise UserError(f"{path}: {action.dest.replace('_', '-')}: expected a name, got {value!r:.60}")
    return stored


def _check_extent(text: str) -> None:
    """Makes sure that what a few lines say does not grow without end when it is read.

    Raises:
        ValueError: Too deep, or too many references.
    """
    depth = references = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        references += isinstance(event, yaml.AliasEvent)
        if depth > DEEPEST or references > MOST_REFERENCES:
            raise ValueError(f"more than {DEEPEST} levels, or {MOST_REFERENCES} references, are no settings of a run")


def written_config(parser: VerbParser, settings: Namespace) -> str:
    """The settings as YAML, names spelled as on the command line."""
    content = yaml.safe_load(parser.dump(settings, skip_validation=True))
    text: str = yaml.safe_dump(_spelled(content, lambda name: name.replace("_", "-")), sort_keys=False)
    return text


def _spelled(content: dict[str, Any], spell: Callable[[str], str]) -> dict[str, Any]:
    return {
        spell(str(name)): _spelled(value, spell) if isinstance(value, dict) and name not in KEPT_AS_THEY_ARE else value
        for name, value in content.items()
    }


def _drop_what_is_gone(settings: dict[str, Any], path: str) -> None:
    """Runs of version 0.1 say whether critics start warm, which they no longer do."""
    critic = settings.get("critic")
    if isinstance(critic, dict) and critic.pop("warm", False):
        _log.warning("%s: critic.warm is gone: every round's critic starts anew, which reaches the lower loss", path)


def _check_names(settings: dict[str, Any], parser: VerbParser, path: str, prefix: str = "") -> None:
    known = {str(action.dest) for action in parser._actions}
    for name, value in settings.items():
        full = prefix + name
        if isinstance(value, dict) and any(each.startswith(f"{full}.") for each in known):
            _check_names(value, parser, path, f"{full}.")
        elif full not in known:
            spelled = [each.replace("_", "-") for each in known]
            full = full.replace("_", "-")
            raise UserError(f"{path}: unknown setting {full}{suggestion(full, spelled)}")
