"""Tables of a study: who comes first, what is marked, and what is said of that which failed."""

import io
import math
from typing import Any

from rich.console import Console

from adagan.study.columns import is_clear
from adagan.study.tables import component_table, failures, study_table


def test_the_table_prints_the_oracle_first() -> None:
    rows = [
        {"benchmark": "ring", "method": name, "seed": seed, "num_samples": size, **scores}
        for name, scores in (
            ("vanilla", {"modes": 7, "train_cpu_seconds": 9.0}),
            ("oracle", {"modes": 8, "train_cpu_seconds": 0.0}),
        )
        for seed in (0, 1)
        for size in (2_500, 50_000)
    ]
    rows.append({"benchmark": "ring", "method": "vanilla", "seed": 2, "failure": "ValueError: alas"})
    rows.append({"benchmark": "ring", "method": "ensemble", "seed": 0, "failure": "took too long"})
    lines = [[cell.strip() for cell in line.strip("│").split("│")] for line in shown(rows, ["vanilla", "ensemble"])]
    of_size = [["oracle", "2,500", "8.0 (0.0)", "–"], ["vanilla (1 failed)", "2,500", "7.0 (0.0)", "9 (0)"]]
    assert [line for line in lines if len(line) == 4][:2] == of_size
    assert ["ensemble (1 failed)", "50,000", "–", "–"] in lines
    assert failures(rows) == ["ring, vanilla, 2: failed: ValueError: alas", "ring, ensemble, 0: failed: took too long"]


def shown(rows: list[dict[str, Any]], methods: list[str]) -> list[str]:
    console = Console(width=150, record=True, file=io.StringIO())
    console.print(study_table(rows, methods))
    return console.export_text().splitlines()


def test_where_everything_failed_the_table_says_so() -> None:
    rows = [{"benchmark": "ring", "method": "vanilla", "seed": 0, "failure": "ValueError: alas"}]
    assert any("vanilla (1 failed)" in line for line in shown(rows, ["vanilla"]))


def row(kind: str, method: str, seed: int = 0, **values: Any) -> dict[str, Any]:
    found = {"coverage": 0.5, "precision": 0.5, "c2st_auc": 0.6, "c2st_level": 0.25, "mmd": 0.001}
    head = {"dataset": "blobs", "kind": kind, "method": method, "seed": seed, "num_samples": 5_000, "failure": ""}
    return {**head, **found, **values}


def test_a_difference_is_clear_beyond_two_standard_errors() -> None:
    # variances 1 and 1 of two values each: the standard error of the difference is 1
    low, high = [0.0, math.sqrt(2)], [2.1, 2.1 + math.sqrt(2)]
    assert is_clear(low, high)
    assert is_clear(high, low)
    assert not is_clear(low, [value - 0.2 for value in high])
    assert not is_clear([0.0], [9.0])


def test_the_table_marks_what_speaks_for_boosting_and_against_it() -> None:
    rows = [row("oracle", "oracle", seed, coverage=0.97) for seed in (0, 1)]
    rows += [row("memoriser", "bare", seed) for seed in (0, 1)]
    for seed in (0, 1):
        small = 0.001 * seed
        rows.append(row("gan", "bare", seed, coverage=0.5 + small, precision=0.5 + small, mmd=0.001 + 0.01 * seed))
        rows.append(row("gan", "boosted", seed))
        rows.append(row("gan", "boosted-refined", seed, coverage=0.6, precision=0.4 + small, mmd=0.004 + 0.01 * seed))
    overview, table = component_table(rows).split("### blobs")
    # by column: better, worse, the same, worse by less than two standard errors
    assert "| gan | = = = ▲ ▼ = ▽ |" in overview
    lines = table.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    titles, body = cells[0], cells[2:]
    assert [line[:2] for line in body] == [
        ["oracle", "oracle"],
        ["memoriser", "bare"],
        ["gan", "bare"],
        ["", "boosted"],
        ["", "boosted-refined"],
    ]
    # a column without values is left out
    assert titles == ["component", "", "coverage ↑", "precision ↑", "C2ST AUC ↓", "level", "MMD²·10³ ↓"]
    assert body[0][2] == "0.970 (0.000)"
    # better and worse by hundreds of standard errors; the same; worse by less than two
    assert body[4][2:] == ["0.600 (0.000) **▲**", "0.401 (0.001) **▼**", "0.600 (0.000)", "0.250", "9.00 (7.07) ▽"]
    assert not any(mark in cell for cell in body[2] for mark in "▲▼△▽")
    assert "Boosted and refined against bare: 1 ▲, 0 △, 1 ▽, 1 ▼." in lines


def test_one_seed_marks_faintly() -> None:
    rows = [row("gan", "bare"), row("gan", "boosted", coverage=0.4), row("gan", "boosted-refined", coverage=0.6)]
    table = component_table(rows)
    assert "0.400 ▽" in table
    assert "0.600 △" in table
    assert "**▲**" not in table.split("###", 1)[1]


def test_a_line_of_fewer_seeds_than_others_says_so() -> None:
    rows = [row("gan", "bare", seed) for seed in (0, 1)] + [row("gan", "boosted"), row("gan", "boosted-refined")]
    lines = component_table(rows).splitlines()
    assert any(line.startswith("| gan | bare |") for line in lines)
    assert any(line.startswith("|  | boosted (1 seed) |") for line in lines)
