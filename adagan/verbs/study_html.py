"""``--html``, ``--markdown`` and ``--latex`` of ``adagan study``: the table as a page, and as text for a paper."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from jsonargparse import Namespace

import adagan
from adagan.options.verb_parser import VerbParser
from adagan.study.task import Row

FORMS = {"html": "a page to send, with pictures", "markdown": "Markdown", "latex": "LaTeX"}
"""The options, each with what it writes the table as."""


def add_page_options(parser: VerbParser) -> None:
    """Adds the options."""
    for name, form in FORMS.items():
        parser.add_argument(f"--{name}", type=str | None, metavar="FILE", help=f"also write the table as {form}")


def check_pages(options: Namespace) -> None:
    """Makes sure, before anything is trained, that all these are new files in folders that are there.

    Raises:
        FileExistsError: One is there already.
        FileNotFoundError: There is no folder for it.
    """
    for name in FORMS:
        path = getattr(options, name)
        if path is not None and Path(path).exists():
            raise FileExistsError(f"{path} exists already; choose another --{name}, or remove it")
        if path is not None and not Path(path).absolute().parent.is_dir():
            raise FileNotFoundError(f"--{name}: there is no folder {Path(path).parent}; make it first")


def write_pages(
    options: Namespace, rows: Sequence[Row], methods: Sequence[str], facts: Mapping[str, str], arguments: Sequence[str]
) -> list[str]:
    """Writes what is wanted, and says where; `facts` are on the data."""
    from adagan.mixtures.storage.files import write_text
    from adagan.study.summary import Summary

    told = []
    if options.html is not None:
        told.append(f"page written to {_write_page(options, rows, methods, facts, arguments)}")
    for name, form in (("markdown", Summary.markdown), ("latex", Summary.latex)):
        path = getattr(options, name)
        if path is not None:
            write_text(Path(path), form(Summary.of(rows, methods)))
            told.append(f"table written to {path}")
    return told


def _write_page(
    options: Namespace, rows: Sequence[Row], methods: Sequence[str], facts: Mapping[str, str], arguments: Sequence[str]
) -> Path:
    from adagan.report.settings import Making
    from adagan.report.study_page import write_study_page

    known = {**facts, "CPU seconds of each training": f"{options.budget:g}"}
    known["page written by"] = f"adagan {adagan.__version__}, {_versions()}"
    known["machine that wrote it"] = f"{platform.platform()}, {os.cpu_count()} processors"
    making = Making(known, "", shlex.join(["adagan", "study", *arguments]))
    title = f"Methods on {Path(facts['data']).name}"
    return write_study_page(options.html, rows, methods, making, title=title)


def _versions() -> str:
    """Of Python and of what the numbers come from."""
    from importlib.metadata import version

    names = ("torch", "lightning", "numpy", "scipy", "scikit-learn")
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)])
