"""The reference: its pages, made from the packages' lists of names, and what single backticks in docstrings become."""

import importlib
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.inspect import stringify_signature

logger = logging.getLogger(__name__)

ROOMS = {
    "adagan.mixtures": "The mathematics: `adagan.mixtures`",
    "adagan.components": "What is trained: `adagan.components`",
    "adagan": "The orchestrator: `adagan`",
}
"""Packages whose lists of names are the reference."""

MODULES = (
    "adagan.round",
    "adagan.stopping",
    "adagan.dial",
    "adagan.missing.regions",
    "adagan.refining.trial",
    "adagan.refining.judged",
    "adagan.refining.refined_rows",
    "adagan.quality.copying",
    "adagan.quality.table_quality",
    "adagan.quality.columns",
    "adagan.quality.pairs",
    "adagan.quality.efficacy",
    "adagan.quality.score",
    "adagan.report.figures",
    "adagan.report.page",
    "adagan.report.card",
    "adagan.data.built_in",
    "adagan.study.task",
    "adagan.study.method",
    "adagan.study.runner",
    "adagan.study.metrics.known_modes",
)
"""Modules whose own public names are added to the orchestrator's."""


def public_names(module: Any) -> list[str]:
    """The classes and functions that a module defines, without those with an underscore."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    ]


def first_sentence(module: str) -> str:
    """The title of a group of names: what its module says of itself, up to the first stop."""
    text = " ".join((importlib.import_module(module).__doc__ or module).split())
    return re.split(r"[.:,](?:\s|$)", text)[0]


def grouped(room: str) -> dict[str, list[str]]:
    """The full names of a room by the module that defines them, in the order of the modules' names."""
    package = importlib.import_module(room)
    groups: dict[str, list[str]] = {}
    for name in package.__all__:
        home = getattr(package, name).__module__
        if room == "adagan" and home.startswith(("adagan.mixtures", "adagan.components")):
            continue  # stands in its own room
        groups.setdefault(home, []).append(f"{room}.{name}")
    if room == "adagan":
        for module in MODULES:
            known = {name.rpartition(".")[2] for name in groups.get(module, ())}
            names = [f"{module}.{name}" for name in public_names(importlib.import_module(module)) if name not in known]
            groups.setdefault(module, []).extend(names)
    return dict(sorted(groups.items()))


def page(title: str, groups: dict[str, list[str]]) -> Iterable[str]:
    """The lines of a room's page: a table for each module."""
    yield from (title, "=" * len(title), "")
    for module, names in groups.items():
        heading = first_sentence(module)
        yield from (heading, "-" * len(heading), "", f"``{module}``", "")
        yield from (".. autosummary::", "   :toctree: names", "   :nosignatures:", "")
        yield from (f"   {name}" for name in names)
        yield ""


def write(folder: Path) -> None:
    """Writes the pages, where they changed: one a room, one a name (by autosummary); those of former names go."""
    folder.mkdir(parents=True, exist_ok=True)
    rooms = {room: grouped(room) for room in ROOMS}
    known = {name for groups in rooms.values() for names in groups.values() for name in names}
    for former in (folder / "names").glob("*.rst"):
        if former.stem not in known:
            former.unlink()
    for room, title in ROOMS.items():
        path, text = folder / f"{room}.rst", "\n".join(page(title, rooms[room]))
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Inliner, options: Any = None, content: Any = None
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Single backticks: a reference that `resolve` may find, code if it does not."""
    literal = nodes.literal(rawtext, text, classes=["xref"])
    target = text.split("(")[0].strip()
    if not re.fullmatch(r"[A-Za-z_][\w.]*", target):
        return [literal], []
    reference = addnodes.pending_xref(rawtext, literal, refdomain="", reftype="adagan", reftarget=target)
    reference["refdoc"] = inliner.document.settings.env.docname
    return [reference], []


def resolve(app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, contnode: nodes.Element) -> Any:
    """Finds the name among the documented ones: as it stands, or as the last parts of exactly one documented name."""
    target = node["reftarget"]
    if node["refdomain"] == "py":  # a base class, for instance: code where it is not documented here
        return contnode if exists(target) or not target.startswith("adagan.") else None
    if node["reftype"] != "adagan":
        return None
    python: Any = env.get_domain("py")
    found = [target] if target in python.objects else []
    if not found and (target[0].isupper() or "." in target):
        found = [name for name, entry in python.objects.items() if name.endswith(f".{target}") and not entry.aliased]
    if len(found) == 1:
        return python.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], _plain(node), contnode)
    if target.startswith("adagan.") and not exists(target):
        logger.warning("nothing is called %s", target, location=node)
    return contnode


def _plain(node: addnodes.pending_xref) -> addnodes.pending_xref:
    node["refspecific"] = False
    return node


def exists(target: str) -> bool:
    """Whether a dotted name leads to a module or to something in one."""
    parts = target.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            if not hasattr(value, part) and part not in getattr(value, "__annotations__", {}):
                return False
            value = getattr(value, part, None)
        return True
    return False


def escape(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """What is mathematics in a docstring and markup in reStructuredText: the shape (N, *event), and bars."""
    if what in ("attribute", "data", "property"):  # or napoleon takes what stands before a colon for a type
        lines.insert(0, "")
    for index, line in enumerate(lines):
        parts = re.split(r"(`+[^`]*`+)", line)
        parts[::2] = [re.sub(r"\*(?=event\b)|\|", r"\\\g<0>", part) for part in parts[::2]]
        lines[index] = "".join(parts)


class Shown:
    """A default value that is a class, shown by its name."""

    def __init__(self, value: type) -> None:
        self.value = value

    def __repr__(self) -> str:
        return self.value.__name__


def constructor(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """The arguments of a class that notes them as they pass through ``__new__``, where autodoc looks first."""
    if what != "class" or not (signature or "").startswith("(*arguments"):
        return None
    own = inspect.signature(value.__init__)
    parameters = [
        parameter.replace(default=Shown(parameter.default))
        if inspect.isclass(parameter.default) and parameter.default is not parameter.empty
        else parameter
        for parameter in list(own.parameters.values())[1:]
        if parameter.name not in ("args", "kwargs")  # a torch module without a constructor of its own
    ]
    shown = own.replace(parameters=parameters)
    return stringify_signature(shown, show_annotation=False, show_return_annotation=False), returns


def without_object(app: Sphinx, page: nodes.document) -> None:
    """That a class is an object goes without saying."""
    for paragraph in list(page.findall(nodes.paragraph)):
        if paragraph.astext() == "Bases: object":
            paragraph.parent.remove(paragraph)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connects all of it."""
    app.add_role("adagan", role)
    app.connect("missing-reference", resolve)
    app.connect("doctree-read", without_object)
    app.connect("autodoc-process-signature", constructor)
    app.connect("autodoc-process-docstring", escape, priority=400)  # napoleon comes after it
    return {"parallel_read_safe": True, "parallel_write_safe": True}
