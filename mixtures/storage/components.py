"""How a component is written and made again: its class and configuration as JSON, its state as tensors, no pickle.

Opening a stranger's file executes nothing: a class is found by its name among the components that installed packages
publish (entry point group ``adagan.components``) and those that the caller passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor

from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.storage.allocation_limit import limited_to
from adagan.mixtures.storage.checked_reading import read_tensors
from adagan.mixtures.storage.files import write_tensors


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
    with isolated_randomness(0):
        for make in components:
            if (make if isinstance(make, type) else type(make())).__name__ == name:
                return make
    return None


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


def component_tensors(component: Any) -> Mapping[str, Tensor]:
    """A component's state.

    Raises:
        TypeError: It holds something else than tensors.
    """
    state: Mapping[str, Tensor] = component.state_dict()
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise UserTypeError(
                f"{type(component).__name__} cannot be stored: its state_dict() holds {name}, "
                f"a {type(value).__name__}; tensors are expected"
            )
    return state


def write_component(path: Path, component: Any) -> None:
    """Writes a component's tensors to a safetensors file.

    Raises:
        TypeError: Its state holds something else than tensors.
    """
    write_tensors(path, component_tensors(component))


def read_component(path: Path, record: Mapping[str, Any], components: Sequence[Callable[[], Any]]) -> Any:
    """Makes the component of a record and loads its tensors.

    Raises:
        FileNotFoundError, ValueError: A missing, corrupted or truncated file, or a class that nobody vouches for.
    """
    try:
        with limited_to(path.stat().st_size if path.is_file() else 0):
            return restored_component(path.parent, record, lambda: read_tensors(path), components)
    except (UserError, OSError):
        raise
    except Exception as error:  # whatever a class does with a state, or a configuration, that is not its own
        raise UserTypeError(f"of {path.name} nothing is made ({type(error).__name__}: {error})") from error


def restored_component(
    place: Path | str,
    record: Mapping[str, Any],
    read: Callable[[], Mapping[str, Tensor]],
    components: Sequence[Callable[[], Any]],
) -> Any:
    """The component of a record, with the state that `read` gives; `place` is where it was found, for messages."""
    with isolated_randomness(0):  # initial values do not matter: the state overwrites them
        component = unfitted_component(place, record, components)
        component.load_state_dict(read())
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
