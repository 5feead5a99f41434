"""The help of every verb as text, so that nobody waits for torch to read it.

The parsers say it, and a test compares; when options change, ``python -m adagan.verbs.stored_help`` writes it anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module, resources
from io import StringIO
from pathlib import Path

VERBS = (
    "fit",
    "resume",
    "sample",
    "report",
    "missing",
    "study",
    "study components",
    "study missing",
    "study ratios",
    "study merge",
)
WIDTH = 80
"""Columns of a terminal that the texts are made for."""
_FOLDER = "help"


def stored_help(words: list[str]) -> str | None:
    """The help that the words ask for, such as ``["fit", "--help"]``; ``None`` where they ask for something else."""
    if words[-1] not in ("-h", "--help") or " ".join(words[:-1]) not in VERBS:
        return None
    return resources.files("adagan.verbs").joinpath(_FOLDER, _name(" ".join(words[:-1]))).read_text(encoding="utf-8")


def said_help(verb: str) -> str:
    """The help that the verb's parser says."""
    words, said = verb.split(), StringIO()
    with _columns(WIDTH), redirect_stdout(said), suppress(SystemExit):
        import_module(f"adagan.verbs.{words[0]}").run([*words[1:], "--help"])
    return said.getvalue()


def _name(verb: str) -> str:
    return f"{verb.replace(' ', '_')}.txt"


@contextmanager
def _columns(width: int) -> Iterator[None]:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(width)
    try:
        yield
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before


if __name__ == "__main__":
    folder = Path(__file__).parent / _FOLDER
    folder.mkdir(exist_ok=True)
    for each in VERBS:
        (folder / _name(each)).write_text(said_help(each), encoding="utf-8")
