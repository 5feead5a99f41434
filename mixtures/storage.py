"""The mixture's file: arrays in safetensors, everything else in JSON with a format version, no pickle anywhere.

A folder holds ``mixture.json`` (weights' history, and for each component its class and configuration) and one
``component-NNN.safetensors`` per component. Opening a stranger's folder executes nothing: a class is found by its name
among the components that installed packages publish (entry point group ``adagan.components``) and those that the
caller passes.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor

from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness

FORMAT_VERSION = 1
MIXTURE_FILE = "mixture.json"


@runtime_checkable
class Storable(Protocol):
    """What a component needs in order to be stored: constructor arguments as JSON, and a state of tensors.

    A torch module has the state already. ``from_config(config, components)``, a class method, makes the unfitted
    object again; a class without it is made by the callable that the user passes at load.
    """

    def state_dict(self) -> Mapping[str, Tensor]: ...

    def load_state_dict(self, state: Mapping[str, Tensor]) -> Any: ...


def published_components() -> dict[str, Callable[[], Any]]:
    """What gives the classes that installed packages publish, by the classes' names; a call imports the class.

    Entry points of the group ``adagan.components`` are classes under their own names; the one called ``adagan`` is the
    package's own list of them.
    """
    entries: dict[str, Callable[[], Any]] = {e.name: e.load for e in entry_points(group="adagan.components")}
    own = entries.pop("adagan", tuple)()
    return {**entries, **{kind.__name__: partial(_itself, kind) for kind in own}}


def _itself(kind: type[Any]) -> type[Any]:
    return kind


def made_by(name: str, components: Sequence[Callable[[], Any]]) -> Callable[[], Any] | None:
    """The one of the user's callables that makes objects of the class called `name`, if any."""
    for make in components:
        if (make if isinstance(make, type) else type(make())).__name__ == name:
            return make
    return None


def sync(path: Path) -> None:
    """Flushes a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def written_atomically(folder: str | os.PathLike[str], *, overwrite: bool) -> Iterator[Path]:
    """Yields a folder beside `folder` to write to; on success it is flushed and takes the name, else it vanishes.

    Raises:
        FileExistsError: `folder` exists, is not empty, and `overwrite` is not set.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())) and not overwrite:
        raise FileExistsError(f"{target} exists already; choose another folder, or pass overwrite=True")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        draft.chmod(0o777 & ~_umask())
        yield draft
        for path in draft.rglob("*"):
            sync(path)
        sync(draft)
        if target.exists():
            retired = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
            os.rename(target, retired / "folder")
            try:
                os.rename(draft, target)
            except BaseException:
                os.rename(retired / "folder", target)
                raise
            shutil.rmtree(retired)
        else:
            os.rename(draft, target)
        sync(target.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON that may hold NaN-free numbers, strings, lists and mappings only."""
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path, newest: int = FORMAT_VERSION) -> dict[str, Any]:
    """Reads a JSON object and checks that its format version is at most `newest`.

    Raises:
        ValueError: The file is corrupted, truncated, or of a newer format.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is corrupted or truncated ({error}); restore it from a copy") from error
    if not isinstance(content, dict) or not isinstance(content.get("format_version"), int):
        raise UserError(f"{path} is not a file of adagan: it lacks a format_version")
    if content["format_version"] > newest:
        raise UserError(
            f"{path} has format version {content['format_version']}, this adagan reads up to {newest}; "
            "upgrade adagan to read it"
        )
    return content


def component_record(component: Any) -> dict[str, Any]:
    """The JSON part of a component: class, module (for messages only) and configuration.

    Raises:
        TypeError: The component has no state of tensors.
    """
    kind = type(component)
    if not isinstance(component, Storable):
        raise UserTypeError(
            f"{kind.__name__} cannot be stored: it needs state_dict() and load_state_dict(state) with tensors as "
            "values (a torch.nn.Module has them); without a run folder it can still be boosted in memory"
        )
    config = cast(Any, component).config() if callable(getattr(component, "config", None)) else None
    return {"class": kind.__name__, "module": kind.__module__, "config": config}


def write_component(path: Path, component: Any) -> None:
    """Writes a component's tensors to a safetensors file.

    Raises:
        TypeError: Its state holds something else than tensors.
    """
    state = component.state_dict()
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise UserTypeError(
                f"{type(component).__name__} cannot be stored: its state_dict() holds {name}, "
                f"a {type(value).__name__}; tensors are expected"
            )
    write_tensors(path, state)


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes tensors to a safetensors file, wherever they are."""
    from safetensors.torch import save

    path.write_bytes(save({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}))


def read_component(path: Path, record: Mapping[str, Any], components: Sequence[Callable[[], Any]]) -> Any:
    """Makes the component of a record and loads its tensors.

    Raises:
        FileNotFoundError, ValueError: A missing, corrupted or truncated file, or a class that nobody vouches for.
    """
    with isolated_randomness(0):  # initial values do not matter: the state overwrites them
        component = unfitted_component(path.parent, record, components)
        component.load_state_dict(read_tensors(path))
    return component.eval() if isinstance(component, torch.nn.Module) else component


def unfitted_component(
    place: Path | str, record: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()
) -> Any:
    """The component of a record, its state yet to be loaded; `place` is where the record was found, for the message.

    Raises:
        ValueError: A class that nobody vouches for.
    """
    name = str(record["class"])
    make = made_by(name, components)
    published = published_components()
    if make is not None:
        kind: Any = make if isinstance(make, type) else type(make())
        return kind.from_config(record["config"], components) if hasattr(kind, "from_config") else make()
    if name in published:
        return published[name]().from_config(record["config"], components)
    raise UserError(
        f"{place} holds a component of class {name} (from {record.get('module')}), which is not one of "
        f"adagan's: {', '.join(sorted(published))}; if you trust it, pass its class or the callable that makes it: "
        f"Mixture.load(folder, components=[{name}])"
    )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        FileNotFoundError, ValueError: No such file; a file that is corrupted, truncated, or not safetensors at all.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; restore it from a copy")
    try:
        return load_file(str(path))
    except SafetensorError as error:
        raise UserError(f"{path} is corrupted, truncated, or not a safetensors file ({error})") from error


def save_mixture(mixture: Mixture, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """See `Mixture.save`."""
    records = [component_record(component) for component in mixture.components]
    with written_atomically(folder, overwrite=overwrite) as draft:
        for index, component in enumerate(mixture.components):
            write_component(draft / f"component-{index:03d}.safetensors", component)
        content = {"format_version": FORMAT_VERSION, "history": mixture.history.tolist(), "components": records}
        write_json(draft / MIXTURE_FILE, content)


def load_mixture(
    folder: str | os.PathLike[str],
    *,
    device: torch.device | str | None = None,
    components: Sequence[Callable[[], Any]] = (),
    whole: bool = False,
) -> Mixture:
    """See `Mixture.load`; `whole` reads the components too that a run has made but does not keep."""
    path = Path(folder)
    if not (path / MIXTURE_FILE).is_file():
        raise FileNotFoundError(f"{path} holds no saved mixture: there is no {MIXTURE_FILE} in it")
    content = read_json(path / MIXTURE_FILE)
    try:
        history, records = _weights_and_records(content)
        parts = [
            read_component(path / f"component-{index:03d}.safetensors", record, components)
            for index, record in enumerate(records)
        ]
        mixture = Mixture(parts, history=history)[: None if whole else content.get("kept")]
    except (KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{path / MIXTURE_FILE} does not fit the files beside it: {error}") from error
    return mixture.to(device or "cpu")


def _weights_and_records(content: Mapping[str, Any]) -> tuple[Tensor, list[Mapping[str, Any]]]:
    try:
        history = torch.tensor(content["history"], dtype=torch.float64)
    except ValueError as error:
        raise UserTypeError(f"the weights are no matrix of numbers ({error})") from error
    records = list(content["components"])
    if not records or history.shape != (len(records), len(records)):
        raise UserTypeError(f"{len(records)} components, weights of shape {tuple(history.shape)}")
    return history, records
