"""What the package says of each thing that it offers by name: its class, how it is made, and what it can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from adagan.components.contract import WarmStarting, learns_labels

Shape: TypeAlias = tuple[int, ...]


def _as_they_are(shape: Shape) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Offer:
    """One entry of a catalogue, for all who list such things: exports, stored files, the command line, study and tests.

    Attributes:
        kind: The class; its objects are stored by its name.
        name: On the command line; empty for what cannot be made from names and numbers alone.
        about: What it is, in a few words, for whoever chooses.
        make: Makes an unfitted object from options; ``None`` means the class itself.
        number: The option that a number behind the name sets, as in ``vae:2000``; empty for none.
        in_steps: Whether it is trained in steps, with the options ``max_steps`` and ``trainer_options``; if not, it
            takes the time that it takes.
        in_seconds: From the shape of an event to options that suit a training of seconds.
        tiny: Options with which a test trains it in a tenth of a second; ``None`` for what tests make themselves.
    """

    kind: type[Any]
    name: str = ""
    about: str = ""
    make: Callable[..., Any] | None = None
    number: str = ""
    in_steps: bool = False
    in_seconds: Callable[[Shape], Mapping[str, Any]] = _as_they_are
    tiny: Mapping[str, Any] | None = field(default_factory=dict)

    def __call__(self, **options: Any) -> Any:
        """An unfitted object."""
        return (self.make or self.kind)(**options)

    @property
    def title(self) -> str:
        """Its name, or that of its class where it has none."""
        return self.name or str(self.kind.__name__)

    @property
    def learns_labels(self) -> bool:
        """Whether it learns the points' classes."""
        return learns_labels(self() if self.make else self.kind)

    @property
    def warm_starts(self) -> bool:
        """Whether it can begin where another has ended."""
        return issubclass(self.kind, WarmStarting)


def by_name(offers: tuple[Offer, ...]) -> dict[str, Offer]:
    """Those that have a name, by it."""
    return {offer.name: offer for offer in offers if offer.name}
