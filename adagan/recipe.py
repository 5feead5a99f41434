"""What a run was made with, as far as JSON can say it: enough to go on with it, or to refuse to go on otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from adagan.components.contract import Component
from adagan.mixtures.errors import UserError
from adagan.mixtures.parameters import ConstructorParameters, shown
from adagan.mixtures.storage.components import published_components

OF_THE_CALL = (
    *("component", "rounds", "seed", "folder", "checkpoint_minutes", "component_minutes", "progress", "stop"),
    "trainer_options",
)
"""Parameters that may change from one call to the next, or that are kept elsewhere."""


def recipe_of(model: ConstructorParameters, component: Component) -> dict[str, Any]:
    """For ``run.json``: the choices of a model in words, and its component by class and parameters.

    The component is ``None`` where numbers and words do not describe it: networks, objects, foreign classes.
    """
    return {"choices": _choices(model), "component": plain_component(component)}


def _choices(model: ConstructorParameters) -> dict[str, str]:
    defaults = type(model)(model.get_params(deep=False)["component"]).get_params(deep=False)
    chosen = model.get_params(deep=False).items()
    return {n: shown(v) for n, v in chosen if n not in OF_THE_CALL and shown(v) != shown(defaults[n])}


def plain_component(component: Any) -> dict[str, Any] | None:
    """A component by class and parameters, where JSON can say them."""
    kind = type(component)
    if not isinstance(component, ConstructorParameters) or published_components().get(kind.__name__, object)() != kind:
        return None
    passed = component._passed()
    return {"class": kind.__name__, "parameters": passed} if _is_plain(passed) else None


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(part) for name, part in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, bool | int | float | str | type(None)) and value not in (float("inf"), -float("inf"))


def maker_of(recipe: Mapping[str, Any] | None, folder: Path) -> Callable[[], Any]:
    """What makes components like those of the run in a folder."""
    component = (recipe or {}).get("component")
    published = published_components()
    if component is None or component["class"] not in published:
        return partial(_not_known, folder)
    return partial(published[component["class"]](), **component["parameters"])


def _not_known(folder: Path) -> Any:
    raise UserError(
        f"component: {folder} does not say how its components are trained; pass what makes them: "
        f"AdaGAN.load({str(folder)!r}, components=[make])"
    )


def check_recipe(model: ConstructorParameters, recipe: Mapping[str, Any] | None) -> None:
    """Makes sure that a model is to go on with the choices that a run began with, where its folder tells them.

    Raises:
        UserError: One differs; it is named.
    """
    if recipe is None:
        return
    began, now = recipe["choices"], _choices(model)
    for name in sorted({*began, *now}):
        if began.get(name) != now.get(name):
            before = began.get(name, "its default")
            raise UserError(
                f"{name}: the run began with {before}, and is to go on with {now.get(name, 'its default')}; pass the "
                "same, or start a new run"
            )
