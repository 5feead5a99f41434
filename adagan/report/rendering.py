"""Templates, filled in: whatever comes from data or from a run's folder is text and nothing else."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment(escaping: bool) -> Environment:
    loader = PackageLoader("adagan.report", "pages")
    return Environment(
        loader=loader, autoescape=escaping, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def page_of(template: str, **content: Any) -> str:
    """An HTML page."""
    return _environment(True).get_template(template).render(**content)


def text_of(template: str, **content: Any) -> str:
    """A text, in which nothing is escaped for HTML."""
    return _environment(False).get_template(template).render(**content)
