"""Rows of a table that have wanted values: drawn until there are enough of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from adagan.components.adapters.tables.column import Column, Kind
from adagan.components.adapters.tables.dates import as_dates
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import generator_for
from adagan.mixtures.refinement.refined import Samples
from adagan.mixtures.sampling.class_allocation import as_option
from adagan.mixtures.sampling.sampler import device_of
from adagan.mixtures.sampling.shards import Shard

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

BLOCK = 16_384
"""Rows that are drawn at once."""
MOST_IN_VAIN = 500_000
"""Draws without a single wanted row after which the mixture is said not to make such rows."""


def drawn_rows(
    source: Samples,
    encoding: TableEncoding,
    num_rows: int,
    generator: torch.Generator,
    *,
    condition: Any = None,
    where: Mapping[Any, Any] | None = None,
    start: int = 0,
) -> Iterator[pd.DataFrame]:
    """Tables that have `num_rows` rows together.

    Args:
        source: A mixture, plain or refined.
        encoding: What its samples mean.
        num_rows: How many, 0 or more.
        generator: Source of randomness.
        condition: A class, or one class per row, of a conditional source.
        where: Wanted values by column: a value, several in a list, or a range as ``slice(low, high)``, ends included.
        start: Rows before these, after which identifiers are numbered.

    Raises:
        ValueError: A column that is not there, a category that was never seen, or rows that the source does not make.
    """
    checked = {name: _checked(encoding, name, wanted) for name, wanted in (where or {}).items()}
    if checked and condition is not None and not isinstance(condition, int):
        raise UserError("where: rows with a class each cannot be chosen by value too; pass one class, or leave it out")
    made = drawn = 0
    while made < num_rows or made == drawn == 0:
        left = num_rows - made
        if checked:  # a few more than it took so far, so that there is seldom another pass
            left = int(1.1 * left * drawn / made) + 64 if made else BLOCK
        size = min(BLOCK, left)
        each = condition if condition is None or isinstance(condition, int) else condition[made : made + size]
        frame = encoding.decode(source.sample(size, generator=generator, **as_option(each)), start + made)
        drawn += size
        if checked:
            kept = np.logical_and.reduce([holds(_values(frame, name)) for name, holds in checked.items()])
            frame = encoding.renumbered(frame[kept].iloc[: num_rows - made], start + made)
        made += len(frame)
        if checked and made == 0 and drawn >= MOST_IN_VAIN:
            wishes = " and ".join(f"{name} = {value!r}" for name, value in (where or {}).items())
            raise UserError(f"where: none of {drawn} rows has {wishes}; the model hardly makes such rows")
        yield frame
        if num_rows == 0:
            return


def rows_of_shard(
    source: Samples,
    encoding: TableEncoding,
    num_rows: int,
    generator: torch.Generator,
    shard: Shard,
    *,
    condition: int | None = None,
    where: Mapping[Any, Any] | None = None,
) -> Iterator[pd.DataFrame]:
    """Tables whose rows are a shard's of one draw of `num_rows` rows, see `adagan.mixtures.stream_samples`.

    Raises:
        ValueError: As `drawn_rows`; fewer rows than shards.
    """
    import pandas as pd

    for block in shard.blocks(num_rows, BLOCK, generator):
        options: dict[str, Any] = {"condition": condition, "where": where, "start": block.begin}
        parts = list(drawn_rows(source, encoding, block.size, block.generator, **options))
        frame = pd.concat(parts, ignore_index=not encoding.has_index).iloc[block.kept]
        yield frame if encoding.has_index else frame.reset_index(drop=True)


def wishes_of(text: str | None, encoding: TableEncoding) -> dict[Any, Any]:
    """What ``--where city=Bern|Basel,age=18..30`` says, each value of its column's kind.

    Raises:
        UserError: A part of it is no such pair, or a value of another kind.
    """
    wishes: dict[Any, Any] = {}
    by_name = {str(column.name): column for column in encoding.columns}
    for part in text.split(",") if text else ():
        name, equals, value = (each.strip() for each in part.partition("="))
        if not equals or name not in by_name:
            raise UserError(f"--where: expected COLUMN=VALUE with a column of {list(by_name)}, got {part!r}")
        column = by_name[name]
        low, dots, high = value.partition("..")
        if dots and column.kind is not Kind.CATEGORY:
            wishes[column.name] = slice(*(_read(column, end) if end else None for end in (low, high)))
        else:
            wishes[column.name] = [_read(column, each) if each else None for each in value.split("|")]
    return wishes


def _read(column: Column, text: str) -> Any:
    import pandas as pd

    if column.kind is Kind.CATEGORY:
        categories = getattr(column.dtype, "categories", None)
        known = list(column.values) if categories is None else [categories[code] for code in column.values]
        return next((value for value in known if str(value).lower() == text.lower()), text)
    try:
        if column.kind is Kind.DATE:
            return pd.to_datetime(text, format=column.format or "ISO8601")
        return pd.Timedelta(text) if column.kind is Kind.DURATION else float(text)
    except ValueError as error:
        raise UserError(f"--where: {text!r} is no {column.kind}, as column {column.name!r} has") from error


def _values(frame: pd.DataFrame, name: Any) -> pd.Series:
    return frame[name] if name in frame.columns else frame.index.get_level_values(name).to_series()


def _checked(encoding: TableEncoding, name: Any, wanted: Any) -> Callable[[pd.Series], NDArray[np.bool_]]:
    """What says of the column's values whether they are wanted."""
    column = next((column for column in encoding.columns if column.name == name), None)
    if column is None or column.kind is Kind.IDENTIFIER:
        known = [column.name for column in encoding.columns if column.kind is not Kind.IDENTIFIER]
        raise UserError(f"where: there is no column {name!r} that is learnt, but {known}")
    if column.format:  # text is compared as the dates that it writes
        if isinstance(wanted, slice):
            wanted = slice(_as_date(column, wanted.start), _as_date(column, wanted.stop))
        else:
            several = wanted if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
            wanted = [_as_date(column, each) for each in several]
        holds = _test(column, wanted)
        return lambda values: holds(as_dates(values, column.format, column.name))
    return _test(column, wanted)


def _as_date(column: Column, value: Any) -> Any:
    return _read(column, value) if isinstance(value, str) else value


def _test(column: Column, wanted: Any) -> Callable[[pd.Series], NDArray[np.bool_]]:
    name = column.name
    if isinstance(wanted, slice):
        if column.kind is Kind.CATEGORY and not getattr(column.dtype, "ordered", False):
            raise UserError(f"where: {name!r} is a category, which has no ranges; give a value or a list of values")
        return lambda values: _within(values, wanted)
    several = list(wanted) if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
    if column.kind is Kind.CATEGORY:
        categories = getattr(column.dtype, "categories", None)
        known = list(column.values) if categories is None else [categories[code] for code in column.values]
        for value in several:
            if value is not None and value == value and value not in known:
                raise UserError(f"where: column {name!r} has no {value!r}, but {_listed(known)}")
    missing = any(value is None or value != value for value in several)
    return lambda values: (values.isin(several) | (values.isna() & missing)).to_numpy(dtype=bool)


def _within(values: pd.Series, wanted: slice) -> NDArray[np.bool_]:
    inside = values.notna()
    if wanted.start is not None:
        inside &= (values >= wanted.start).fillna(False)
    if wanted.stop is not None:
        inside &= (values <= wanted.stop).fillna(False)
    found: NDArray[np.bool_] = inside.to_numpy(dtype=bool)
    return found


def _listed(known: list[Any]) -> str:
    return ", ".join(map(repr, known[:10])) + (" ..." if len(known) > 10 else "")


def rows_of(
    source: Samples,
    encoding: TableEncoding,
    num_rows: int,
    generator: torch.Generator | None,
    condition: Any = None,
    where: Mapping[Any, Any] | None = None,
) -> pd.DataFrame:
    """One table of rows of a mixture, plain or refined; the arguments are those of `drawn_rows`."""
    import pandas as pd

    chance = generator_for(device_of(source), generator)
    if not where:
        return encoding.decode(source.sample(num_rows, generator=chance, **as_option(condition)))
    parts = list(drawn_rows(source, encoding, num_rows, chance, condition=condition, where=where))
    return pd.concat(parts, ignore_index=not encoding.has_index)
