"""The house stands: which folder imports which, and that no import leads back to itself."""

import ast
import configparser
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {"mixtures": "adagan.mixtures", "components": "adagan.components", "adagan": "adagan"}
FOLDERS = {"mixtures", "components", "adagan", "tests", "examples"}
MADE_BY_TOOLS = {"build", "dist", "__pycache__"}
ALLOWED = {
    "mixtures": ("adagan.mixtures",),
    "components": ("adagan.components", "adagan.mixtures"),
    "adagan": ("adagan",),
}


def modules(room: str) -> list[Path]:
    return sorted(path for path in (ROOT / room).rglob("*.py") if "__pycache__" not in path.parts)


def imported_by(path: Path) -> set[str]:
    """The full names of the modules that import statements anywhere in a file name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import; write the full name"
            # "from adagan import components" names a module too
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def dotted(room: str, path: Path) -> str:
    parts = path.relative_to(ROOT / room).with_suffix("").parts
    return ".".join([ROOMS[room], *(part for part in parts if part != "__init__")])


@pytest.mark.parametrize("room", ROOMS)
def test_the_direction_of_imports(room: str) -> None:
    assert modules(room)
    for path in modules(room):
        for name in imported_by(path):
            assert name.split(".")[0] not in {"mixtures", "components"}, f"{path} imports {name} without its package"
            if name == "adagan" or name.startswith("adagan."):
                inside = any(f"{name}.".startswith(f"{allowed}.") for allowed in ALLOWED[room])
                assert inside, f"{path} imports {name}"


def test_signatures_are_read_where_foreign_code_enters_and_where_parameters_are_listed_only() -> None:
    reading = {path.name for room in ROOMS for path in modules(room) if "inspect" in imported_by(path)}
    assert reading == {"foreign_calls.py", "parameters.py"}


def test_the_reading_of_imports_sees_every_form(tmp_path: Path) -> None:
    source = "import a.b as c\nfrom d import e\ndef f():\n    if g:\n        from h.i import j, k\n"
    (tmp_path / "module.py").write_text(source)
    assert imported_by(tmp_path / "module.py") == {"a.b", "d.e", "h.i.j", "h.i.k"}


def test_top_level_folders() -> None:
    found = {
        path.name
        for path in ROOT.iterdir()
        # run folders, which users write here, hold no code
        if path.is_dir() and not path.name.startswith(".") and any(path.rglob("*.py"))
    }
    assert found - MADE_BY_TOOLS <= FOLDERS
    assert {"mixtures", "components", "adagan", "tests"} <= found


def test_nothing_is_named_utils() -> None:
    names = {part for room in FOLDERS for path in (ROOT / room).rglob("*") for part in path.relative_to(ROOT).parts}
    assert not {name for name in names if Path(name).stem in {"utils", "util", "helpers", "misc", "common"}}


def named_on_import(room: str, path: Path) -> dict[str, int]:
    """The modules of ours that importing a file imports by name, with the lines that say so."""
    found: dict[str, int] = {}
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom):
            # a name that is no module is one of the module's own
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update({name if name in MODULES else str(node.module): node.lineno for name in inner})
        elif isinstance(node, ast.Import):
            found.update({alias.name: node.lineno for alias in node.names})
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            said = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            waiting += node.orelse if said else ast.iter_child_nodes(node)  # type: ignore[attr-defined]
    return {name: line for name, line in found.items() if name in MODULES}


MODULES = {dotted(room, path): (room, path) for room in ROOMS for path in modules(room) if path.name != "__main__.py"}


def ancestors(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def begun_by_importing(name: str) -> set[str]:
    """What an import of a module begins while the module itself is not done: what it names, and the folders of that.

    The folders that the module lies in are begun before it.
    """
    wanted = named_on_import(*MODULES[name])
    folders = {folder for other in wanted for folder in ancestors(other)}
    return (set(wanted) | folders - set(ancestors(name))) - {name}


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """Names that lead from one back to itself; none where there is no circle."""
    done: set[str] = set()
    for start in arrows:
        path = [start]
        ways = [iter(sorted(arrows[start] - done))]
        while path:
            following = next(ways[-1], None)
            if following is None:
                ways.pop()
                done.add(path.pop())
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                path.append(following)
                ways.append(iter(sorted(arrows[following])))
    return []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"d", "b"}, "d": set()}) == ["b", "c", "b"]


def test_no_import_leads_back_to_itself() -> None:
    """So every module imports alone and in any order: only a circle meets a module that is half done."""
    assert circle({name: begun_by_importing(name) for name in MODULES}) == []


EVERY = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)"


@pytest.mark.slow
def test_every_module_is_installed_and_imports() -> None:
    names = list(MODULES)
    random.Random(0).shuffle(names)
    # from "/", so that the installed package is imported and not the folders of the checkout
    done = subprocess.run([sys.executable, "-c", EVERY, *names], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_mixtures_need_torch_numpy_scipy_and_safetensors_only() -> None:
    outside = {name.split(".")[0] for path in modules("mixtures") for name in imported_by(path)}
    third_party = outside - set(sys.stdlib_module_names) - {"adagan", "__future__"}
    assert third_party <= {"torch", "numpy", "scipy", "safetensors"}


def test_all_names_exist_and_are_sorted() -> None:
    import adagan.mixtures

    assert adagan.mixtures.__all__ == sorted(adagan.mixtures.__all__)
    for name in adagan.mixtures.__all__:
        assert getattr(adagan.mixtures, name).__name__ == name


def test_every_folder_of_code_is_installed() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    listed = settings["options"]["packages"].split()
    folders = {(room, path.parent) for room in ROOMS for path in modules(room)}
    assert listed == sorted(dotted(room, folder / "__init__.py") for room, folder in folders)
