"""What the documents say is so: docstring examples and Python blocks run, command lines parse, links lead somewhere."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import re
from pathlib import Path

import pytest
import torch
import yaml

import adagan
from adagan.command_line import VERBS, main
from adagan.data import built_in

ROOT = Path(__file__).parent.parent
ROOMS = {"mixtures": "adagan.mixtures", "components": "adagan.components", "adagan": "adagan"}
SITE = ROOT / "examples" / "site"
FEW_STEPS, FEW_ROWS = 5, 500
"""Of every training in the documents, and of the built-in data: enough to see that the code runs."""


def pages() -> list[Path]:
    """The hand-written documents."""
    own = [path for path in SITE.rglob("*.md") if "generated" not in path.parts]
    return sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "components" / "README.md", *own])


def blocks(path: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page in these languages."""
    found = re.findall(r"^(`{3,})(\S*)\n(.*?)^\1", path.read_text(encoding="utf-8"), re.S | re.M)
    return [text for _, language, text in found if language in languages]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def modules_with_examples() -> list[str]:
    names = []
    for folder, package in ROOMS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ">>>" in path.read_text(encoding="utf-8"):
                parts = path.relative_to(ROOT / folder).with_suffix("").parts
                names.append(".".join([package, *(part for part in parts if part != "__init__")]))
    return names


def command_lines() -> list[tuple[str, str]]:
    """(page, command) for every call of adagan in a block of commands."""
    found = []
    for path in pages():
        for block in blocks(path, "bash", "console", "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                command = re.search(r"(?:^|/)adagan (.*)", line.removeprefix("$ ").strip())
                if command:
                    found.append((named(path), command[1].split("#")[0].strip()))
    return found


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends every training of Lightning's after a few batches, on little data: blocks run as they stand, and soon."""
    from lightning.pytorch import Trainer

    original, whole = Trainer.__init__, built_in.built_in

    def short(self: Trainer, *args: object, **kwargs: object) -> None:
        original(self, *args, **{**kwargs, "limit_train_batches": FEW_STEPS})

    monkeypatch.setattr(Trainer, "__init__", short)
    monkeypatch.setattr(built_in, "built_in", lambda name, *seed: whole(name, *seed)[:FEW_ROWS])


# imported before any test runs: what some of them import draws from Python's global state
MODULES = {name: importlib.import_module(name) for name in modules_with_examples()}


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_print_what_they_say(name: str) -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    out = io.StringIO()
    with torch.random.fork_rng(devices=[]):  # a reader who makes a network draws from torch's global state
        for test in doctest.DocTestFinder().find(MODULES[name], name):
            runner.run(test, out=out.write)
    assert runner.tries > 0
    assert runner.failures == 0, out.getvalue()


def test_no_docstring_example_is_skipped() -> None:
    skipping = [
        name
        for name, module in MODULES.items()
        if "doctest: +SKIP" in Path(str(module.__file__)).read_text(encoding="utf-8")
    ]
    assert not skipping


@pytest.mark.slow
@pytest.mark.usefixtures("small_budget")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", [named(path) for path in pages() if blocks(path, "python")])
def test_python_blocks_run_as_they_stand(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__page__"}
    for number, block in enumerate(blocks(ROOT / page, "python"), start=1):
        exec(compile(block, f"{page}, Python block {number}", "exec"), names)
    if page == "README.md":
        samples = names["samples"]
        assert isinstance(samples, torch.Tensor)
        assert samples.shape == (10_000, 2)
        assert (tmp_path / "mixture" / "mixture.json").is_file()


def test_the_readme_shows_ten_lines() -> None:
    first = blocks(ROOT / "README.md", "python")[0]
    code = [line for line in first.splitlines() if line.strip() and not line.startswith(("from ", "import "))]
    assert len(code) <= 10


@pytest.mark.parametrize(("page", "command"), command_lines())
def test_command_lines_name_options_that_exist(page: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = command.split()
    if words[0].startswith("-") or words[0] == "VERB":
        words = ["fit"]
    assert words[0] in VERBS, f"{page}: no verb {words[0]}"
    with contextlib.suppress(SystemExit):
        main([*(word for word in words[:2] if not word.startswith("-")), "--help"])
    known = capsys.readouterr().out
    for option in (word.split("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)):
        there = re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", known)
        assert there, f"{page}: adagan {words[0]} has no option {option}"


@pytest.mark.parametrize("page", [named(path) for path in pages()])
def test_named_files_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text) if "generated" not in link]
    scripts = re.findall(r"python (examples/\w+\.py)", text)
    missing = [link for link in links if not ((ROOT / page).parent / link).exists()]
    missing += [script for script in scripts if not (ROOT / script).exists()]
    assert not missing, f"{page} names files that are not there"


@pytest.mark.parametrize("page", [named(path) for path in pages()])
def test_named_objects_exist(page: str) -> None:
    """Every dotted name in backticks that begins with the package's leads to a module or to something in one."""
    for name in re.findall(r"`(adagan\.[A-Za-z_][\w.]*)`", (ROOT / page).read_text(encoding="utf-8")):
        *parents, last = name.split(".")
        value: object = adagan
        for index in range(1, len(parents) + 1):
            with contextlib.suppress(ModuleNotFoundError):
                value = importlib.import_module(".".join([*parents, last][: index + 1]))
        for part in name.removeprefix(getattr(value, "__name__", "")).strip(".").split("."):
            assert not part or hasattr(value, part), f"{page} names {name}, which does not exist"
            value = getattr(value, part) if part else value


def test_the_citation_and_the_changelog_know_the_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"authors", "message", "title"} <= citation.keys()
    assert citation["version"] == adagan.__version__
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert headings[0] == "Unreleased"
