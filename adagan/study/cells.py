"""Cells: one task, one method, one seed; what a study plans, fills, keeps and does not fill again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from adagan.study.methods.catalogue import ESTIMATORS, METHOD_OF_ROW
from adagan.study.methods.kinds import KINDS
from adagan.study.methods.of_kinds import BARE, BOOSTED, method_name
from adagan.study.methods.own import method_of_row
from adagan.study.methods.ratio_methods import RATIO_METHODS
from adagan.study.task import Row
from adagan.study.tasks.catalogue import BENCHMARKS, DATA_SETS
from adagan.study.tasks.held_out import SUFFIX
from adagan.study.tasks.missing_families import FAMILIES, PREFIX
from adagan.study.tasks.own_data import OwnData
from adagan.study.tasks.ratios import PAIRS
from adagan.study.tasks.ratios import PREFIX as RATIO_PREFIX
from adagan.suggestions import check_name

ORACLE, MEMORISER = "oracle", "memoriser"
OWN = "own data"
IDENTITY = ("benchmark", "dataset", "kind", "method", "seed")
"""The keys of a row that say whose it is; no table has all of them."""


@dataclass(frozen=True)
class Cell:
    """One training and its rows, before they are there.

    Attributes:
        task: A name in the list of tasks.
        method: A name in the list of methods, or ``oracle``, which is not trained.
        rows: The method's rows that are wanted.
        seed: Of the data and the training.
        names: What the table calls task and method, as pairs of a row's key and its value.
        data: The user's own data, which are the task then.
    """

    task: str
    method: str
    rows: tuple[str, ...]
    seed: int
    names: tuple[tuple[str, str], ...]
    data: OwnData | None = None

    def head(self, row: str) -> Row:
        """How its row of that name begins."""
        return {**dict(self.names), "method": row, "seed": self.seed}


def identity(row: Mapping[str, object]) -> tuple[object, ...]:
    """Whose row it is: rows of the same are of one cell and one answer."""
    return tuple(row.get(key) for key in IDENTITY)


def benchmark_cells(benchmark: str, methods: Sequence[str], seeds: Sequence[int]) -> list[Cell]:
    """Methods on one task, the oracle first; ``NAME-refined`` shares its training with ``NAME``.

    Raises:
        ValueError: An unknown task or method; the closest name is suggested.
    """
    check_name(benchmark, BENCHMARKS, "benchmark")
    for row in methods:
        check_name(row, METHOD_OF_ROW, "--methods")
    rows: dict[str, tuple[str, ...]] = {}
    for row in methods:
        method = METHOD_OF_ROW[row]
        rows[method] = (*rows.get(method, ()), row)
    names = (("benchmark", benchmark),)
    oracle = [Cell(benchmark, ORACLE, (ORACLE,), seed, names) for seed in seeds]
    return oracle + [Cell(benchmark, method, own, seed, names) for seed in seeds for method, own in rows.items()]


def own_cells(data: OwnData, methods: Sequence[str], seeds: Sequence[int]) -> list[Cell]:
    """Methods on the user's own data, the oracle first; rows of one method share its training.

    Raises:
        ValueError: An unknown method; the closest name is suggested.
    """
    rows: dict[str, tuple[str, ...]] = {}
    for row in methods:
        method = method_of_row(row)
        rows[method] = (*rows.get(method, ()), row)
    names = (("benchmark", data.source),)
    oracle = [Cell(OWN, ORACLE, (ORACLE,), seed, names, data) for seed in seeds]
    return oracle + [Cell(OWN, method, own, seed, names, data) for seed in seeds for method, own in rows.items()]


def component_cells(kinds: Sequence[str], datasets: Sequence[str], seeds: Sequence[int]) -> list[Cell]:
    """Kinds of components, bare and boosted; first what they are read against: the oracle, and a memoriser.

    Then come all kinds with the first seed, in their order, so that a table made in pieces is of use early.

    Raises:
        ValueError: An unknown kind or data set; the closest name is suggested.
    """
    for kind in kinds:
        check_name(kind, KINDS, "--kinds")
    for dataset in datasets:
        check_name(dataset, DATA_SETS, "--data")

    def cell(dataset: str, kind: str, rows: tuple[str, ...], seed: int) -> Cell:
        method = ORACLE if kind == ORACLE else method_name(kind, rows)
        return Cell(f"{dataset}{SUFFIX}", method, rows, seed, (("dataset", dataset), ("kind", kind)))

    references = [
        cell(dataset, kind, rows, seed)
        for dataset in datasets
        for seed in seeds
        for kind, rows in ((ORACLE, (ORACLE,)), (MEMORISER, BARE))
    ]
    trained = [
        cell(dataset, kind, rows, seed)
        for seed in seeds
        for kind in kinds
        for dataset in datasets
        for rows in (BARE, BOOSTED)
    ]
    return list(dict.fromkeys(references + trained))


def missing_cells(families: Sequence[str], estimators: Sequence[str], seeds: Sequence[int]) -> list[Cell]:
    """Estimators of what is missing on families of known worlds.

    Raises:
        ValueError: An unknown family or estimator; the closest name is suggested.
    """
    for family in families:
        check_name(family, FAMILIES, "--families")
    for estimator in estimators:
        check_name(estimator, ESTIMATORS, "--methods")
    return [
        Cell(f"{PREFIX}{family}", estimator, (estimator,), seed, (("dataset", family),))
        for seed in seeds
        for family in families
        for estimator in estimators
    ]


def ratio_cells(worlds: Sequence[str], critics: Sequence[str], seeds: Sequence[int]) -> list[Cell]:
    """Critics on worlds whose density ratio is known.

    Raises:
        ValueError: An unknown world or critic; the closest name is suggested.
    """
    for world in worlds:
        check_name(world, PAIRS, "--worlds")
    for critic in critics:
        check_name(critic, RATIO_METHODS, "--methods")
    return [
        Cell(f"{RATIO_PREFIX}{world}", RATIO_METHODS[critic].name, (critic,), seed, (("dataset", world),))
        for seed in seeds
        for world in worlds
        for critic in critics
    ]


def of_cells(rows: Iterable[Row], cells: Iterable[Cell]) -> list[Row]:
    """The rows that belong to the cells."""
    wanted = {identity(cell.head(row)) for cell in cells for row in cell.rows}
    return [row for row in rows if identity(row) in wanted]


def remaining(cells: Iterable[Cell], rows: Iterable[Row]) -> list[Cell]:
    """The cells whose rows are not all there yet; one that failed is tried again."""
    there = {identity(row) for row in rows if not row.get("failure")}
    return [cell for cell in cells if any(identity(cell.head(row)) not in there for row in cell.rows)]
