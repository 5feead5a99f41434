"""``--html`` of ``adagan study``: the table as a page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from jsonargparse import Namespace

import adagan
from adagan.options.verb_parser import VerbParser
from adagan.study.task import Row


def add_page_option(parser: VerbParser) -> None:
    """Adds the option."""
    parser.add_argument("--html", type=str | None, metavar="FILE", help="also write the table as a page to send")


def check_page(options: Namespace) -> None:
    """Makes sure, before anything is trained, that the page is a new file.

    Raises:
        FileExistsError: It is not.
    """
    if options.html is not None and Path(options.html).exists():
        raise FileExistsError(f"{options.html} exists already; choose another --html, or remove it")


def study_page(
    options: Namespace, rows: Sequence[Row], methods: Sequence[str], facts: Mapping[str, str], arguments: Sequence[str]
) -> Path:
    """Writes the page; `facts` are on the data."""
    from adagan.report.settings import Making
    from adagan.report.study_page import write_study_page

    known = {**facts, "CPU seconds of each training": f"{options.budget:g}"}
    known["page written by"] = f"adagan {adagan.__version__}"
    making = Making(known, "", shlex.join(["adagan", "study", *arguments]))
    title = f"Methods on {Path(facts['data']).name}"
    return write_study_page(options.html, rows, methods, making, title=title)
