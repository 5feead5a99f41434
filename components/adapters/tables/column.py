"""One column of a table, as it is learnt: states, such as categories or missing, and magnitudes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from adagan.components.adapters.tables.dtypes import dtype_from_json, dtype_to_json


class Kind(StrEnum):
    """What the values of a column are; a user says it by these words."""

    NUMBER = "number"
    CATEGORY = "category"
    DATE = "date"
    DURATION = "duration"
    IDENTIFIER = "identifier"
    DROP = "drop"


@dataclass(frozen=True)
class Column:
    """How one column of a table is learnt, and how it comes back.

    A row is in one of the column's *states*: a category; or missing, a value that a tenth of the numbers or more have,
    or ordinary. In the ordinary state it has a *magnitude* too: a number, or the whole number of steps since the
    column's earliest date. A column with one state is constant.

    Attributes:
        name: Its name, text or a whole number.
        kind: What its values are.
        dtype: pandas' dtype.
        holds: What a column of text or objects holds: ``"int"``, ``"float"``, ``"bool"``, ``"str"``, ``"date"``,
            ``"Timestamp"``, ``"Timedelta"`` or ``"Decimal"``; empty where the dtype says it.
        lacking: How a missing value is written, ``"None"``, ``"nan"`` or ``"NA"``; empty if none was seen.
        values: The states: categories, or magnitudes of the values that are frequent.
        ordinary: Whether there are magnitudes.
        origin: Added to whole magnitudes, as an exact whole number.
        step: Of dates and durations: of how many units of the dtype a magnitude counts one.
        unit: That unit: ns, us, ms or s.
        low: The smallest magnitude.
        high: The largest.
        decimals: Digits after the point, 0 for whole numbers; ``None`` for all that there are.
        skewed: Whether magnitudes pass a power transformation before they are scaled.
        format: Of dates that are written as text.
    """

    name: str | int
    kind: Kind
    dtype: Any
    holds: str = ""
    lacking: str = ""
    values: tuple[Any, ...] = ()
    ordinary: bool = False
    origin: int = 0
    step: int = 1
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    decimals: int | None = None
    skewed: bool = False
    format: str = ""

    @property
    def num_states(self) -> int:
        """Values, missing and ordinary, those of them that there are."""
        return len(self.values) + bool(self.lacking) + self.ordinary

    @property
    def width(self) -> int:
        """Entries of a vector that tell the state: none where there is one only."""
        return self.num_states if self.num_states > 1 else 0

    @property
    def missing_state(self) -> int:
        """The state of missing values, if there are some."""
        return len(self.values)

    @property
    def ordinary_state(self) -> int:
        """The last one: the state of rows that have a magnitude, if there are some."""
        return self.num_states - 1

    @property
    def told(self) -> str:
        """The kind in a word or two, for a reader."""
        if self.kind is Kind.IDENTIFIER:
            return "identifier"
        if self.num_states == 1 and not self.ordinary:
            return "constant"
        if self.kind is Kind.CATEGORY:
            ordered = "ordered, " if getattr(self.dtype, "ordered", False) else ""
            return f"category ({ordered}{len(self.values)})"
        if self.kind is Kind.NUMBER:
            return "whole number" if self.decimals == 0 else "number"
        return str(self.kind)

    def config(self) -> dict[str, Any]:
        """For JSON."""
        own = {name: value for name, value in self.__dict__.items() if name != "dtype"}
        return {**own, "kind": str(self.kind), "values": list(self.values), "dtype": dtype_to_json(self.dtype)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The column whose `config` this is."""
        made = {"kind": Kind(config["kind"]), "values": tuple(config["values"])}
        return cls(**{**config, **made, "dtype": dtype_from_json(config["dtype"])})
