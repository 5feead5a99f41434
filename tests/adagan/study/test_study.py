"""The study: metrics on hand-made samples and on the oracle, the rows, the pace, the table, and one tiny run."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from adagan.command_line import main
from adagan.data.built_in import PLANAR_NAMES, KnownModes
from adagan.study import Scores, run_study, score_modes
from adagan.study.benchmarks import benchmark
from adagan.study.distances import sliced_wasserstein
from adagan.study.methods import DEFAULT_METHODS, METHOD_NAMES, METHODS
from adagan.study.metrics import histogram_scores
from adagan.study.runner import method_rows, oracle_rows
from adagan.study.table import study_table

FIELDS = [
    "benchmark",
    "method",
    "seed",
    "cpu_seconds",
    "train_cpu_seconds",
    "sample_cpu_seconds_per_million",
    "num_samples",
    "modes",
    "modes_strict",
    "high_quality",
    "reverse_kl",
    "reverse_kl_all",
    "forward_kl",
    "smallest_share",
    "spread",
    "sliced_wasserstein",
    "core_quality",
    "rounds",
]

PAIR = KnownModes(
    "pair", torch.tensor([[0.0, 0.0], [10.0, 0.0]]), 1.0, torch.tensor([0.25, 0.75]), 100, (100,), strict_count=3
)


def test_scores_of_hand_made_samples() -> None:
    # four at the first mode, two at the second, one between (nearer the second), one beyond 3 std of the first
    samples = torch.tensor([[0.0, 1.0], [0.0, -1.0], [1.0, 0.0], [-1.0, 0.0], [10.0, 2.0], [10.0, -2.0], [6.0, 0.0]])
    samples = torch.cat([samples, torch.tensor([[-3.01, 0.0]])])
    scores = score_modes(samples, PAIR)
    shares = np.array([4 / 6, 2 / 6])
    truth = np.array([0.25, 0.75])
    everywhere = np.array([5 / 8, 3 / 8])
    smoothed = np.array([4.5 / 7, 2.5 / 7])
    assert scores == Scores(
        num_samples=8,
        modes=2,
        modes_strict=1,
        high_quality=6 / 8,
        reverse_kl=pytest.approx(float((shares * np.log(shares / truth)).sum())),
        reverse_kl_all=pytest.approx(float((everywhere * np.log(everywhere / truth)).sum())),
        forward_kl=pytest.approx(float((truth * np.log(truth / smoothed)).sum())),
        smallest_share=pytest.approx((2 / 6) / 0.75),
        spread=pytest.approx(math.sqrt((4 * 1 + 2 * 4) / 12)),
    )


def test_three_standard_deviations_are_the_edge() -> None:
    assert score_modes(torch.tensor([[2.999, 0.0]]), PAIR).high_quality == 1
    assert score_modes(torch.tensor([[3.001, 0.0]]), PAIR).high_quality == 0


def test_a_lost_mode_shows_in_every_column() -> None:
    scores = score_modes(PAIR.centres[:1].repeat(50, 1), PAIR)
    assert (scores.modes, scores.modes_strict, scores.high_quality) == (1, 1, 1)
    assert scores.smallest_share == 0
    assert scores.reverse_kl == pytest.approx(math.log(4))
    assert scores.forward_kl > 2
    assert scores.spread == 0


def test_samples_that_are_not_finite_are_far_away() -> None:
    samples = torch.tensor([[float("nan"), 0.0], [float("inf"), float("-inf")], [0.0, 0.0], [10.0, 0.0]])
    scores = score_modes(samples, PAIR)
    assert scores.high_quality == 0.5
    assert scores.modes == 2


def test_nothing_good_is_not_a_perfect_divergence() -> None:
    scores = score_modes(torch.full((20, 2), 5e3), PAIR)
    assert (scores.modes, scores.high_quality, scores.smallest_share) == (0, 0, 0)
    assert scores.reverse_kl == pytest.approx(-math.log(0.25))
    assert math.isfinite(scores.forward_kl)


def test_a_third_of_the_expected_count_by_default() -> None:
    truth = np.array([0.5, 0.5])
    options: dict[str, Any] = {"num_samples": 60, "strict_count": None, "spread": None}
    assert histogram_scores(np.array([10, 50]), np.array([10, 50]), truth, **options).modes_strict == 2
    assert histogram_scores(np.array([9, 51]), np.array([9, 51]), truth, **options).modes_strict == 1


@pytest.mark.parametrize("name", ["ring", "grid", "unbalanced-ring", "grid-rotated"])
def test_the_truth_scores_what_theory_says(name: str) -> None:
    count = 50_000
    task = benchmark(name)
    scores = task.score(task.oracle(count, 7))
    # P(|z| < 3) in the plane is 1 − e^(−9/2); six standard errors of a share of .9889 are .0028
    assert scores.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.0028)
    # the radius, truncated at three deviations, has E r²/2 = 1 − 4.5 e^(−4.5)/(1 − e^(−4.5)), whose root is .974; the
    # relative standard error of a mean square of 50,000 is .0043 at most, half of it for the root: six are .013
    expected = math.sqrt(1 - 4.5 * math.exp(-4.5) / (1 - math.exp(-4.5)))
    assert expected == pytest.approx(0.974, abs=0.0005)
    assert scores.spread == pytest.approx(expected, rel=0.013)
    assert scores.modes == scores.modes_strict == task.num_modes
    assert scores.smallest_share > 0.7


@pytest.mark.parametrize(("name", "count"), [("ring", 2_500), ("grid", 2_500), ("grid", 50_000)])
def test_reverse_kl_of_the_truth_has_a_floor(name: str, count: int) -> None:
    task = benchmark(name)
    values = [task.score(task.oracle(count, seed)).reverse_kl for seed in range(30)]
    # 2 n KL is about chi² with K − 1 degrees of freedom: mean K − 1, variance 2 (K − 1); 30 draws, six standard errors
    freedom = task.num_modes - 1
    good = count * (1 - math.exp(-4.5))
    error = 6 * math.sqrt(2 * freedom / 30)
    assert 2 * good * float(np.mean(values)) == pytest.approx(freedom, abs=error)


def test_the_unbalanced_grid_cannot_be_full_at_ten_thousand() -> None:
    small, large = oracle_rows("unbalanced-grid", 0)
    assert (small["num_samples"], large["num_samples"]) == (10_000, 50_000)
    # 32 samples are expected of a rare mode where 50 are asked for
    assert small["modes_strict"] == 15
    assert large["modes_strict"] == 25


@pytest.mark.parametrize("name", PLANAR_NAMES)
def test_the_oracles_rows(name: str) -> None:
    for row in oracle_rows(name, 1):
        assert list(row) == FIELDS
        assert (row["benchmark"], row["method"], row["seed"], row["rounds"]) == (name, "oracle", 1, 0)
        assert row["cpu_seconds"] == 0
        json.dumps(row, allow_nan=False)


def test_names() -> None:
    assert set(DEFAULT_METHODS) <= set(METHOD_NAMES)
    assert set(METHODS) <= set(METHOD_NAMES)
    with pytest.raises(ValueError, match=r"benchmark: unknown name 'rings'; did you mean ring\?"):
        run_study("rings", ["vanilla"], seeds=[0], budget=1)
    with pytest.raises(ValueError, match=r"--methods: unknown name 'vanila'; did you mean vanilla\?"):
        run_study("ring", ["vanila"], seeds=[0], budget=1)
    for budget in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="--budget: expected CPU seconds above 0"):
            run_study("ring", ["vanilla"], seeds=[0], budget=budget)
    with pytest.raises(ValueError, match="--rounds: expected 1 or more, got 0"):
        run_study("ring", ["vanilla"], seeds=[0], budget=1, rounds=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:round", "ignore:Initialization", "ignore:Best performing")
@pytest.mark.parametrize("method", METHODS)
def test_every_method_makes_rows(method: str) -> None:
    rows = method_rows("unbalanced-ring", method, 0, 0.7, 2)
    names = {row["method"] for row in rows}
    assert names == {name for name in METHOD_NAMES if name.removesuffix("-refined") == method}
    for row in rows:
        assert list(row) == FIELDS
        assert row["train_cpu_seconds"] > 0
        assert row["cpu_seconds"] >= row["train_cpu_seconds"]
        assert row["rounds"] == (1 if method in ("vanilla", "gaussian-mixture") else 2)
        assert 0 <= row["high_quality"] <= 1
        json.dumps(row, allow_nan=False)


@pytest.mark.slow
def test_a_tiny_study_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.json"
    arguments = ["study", "ring", "--methods", "adagan,adagan-refined", "--seeds", "1", "--budget", "2"]
    assert main([*arguments, "--rounds", "2", "--workers", "1", "--json", str(file)]) == 0
    content = json.loads(file.read_text())
    assert set(content) == {"benchmark", "budget", "rows", "oracle"}
    assert {row["method"] for row in content["rows"]} == {"adagan", "adagan-refined"}
    assert [row["num_samples"] for row in content["oracle"]] == [2_500, 50_000]
    for row in content["rows"] + content["oracle"]:
        assert list(row) == FIELDS
    # the pilots for the pace come on top, and a loaded machine adds to a clock of CPU seconds too
    assert all(1 < row["train_cpu_seconds"] < 10 for row in content["rows"])
    printed = capsys.readouterr().out
    assert "oracle" in printed
    assert "adagan-refined" in printed
    assert "rows written to" in printed.replace("\n", " ")
    assert list(tmp_path.iterdir()) == [file]


def test_the_table_prints_the_oracle_first() -> None:
    rows = [
        {**row, "method": name}
        for name in ("oracle", "vanilla")
        for seed in (0, 1)
        for row in oracle_rows("ring", seed)
    ]
    console = Console(width=150, record=True, file=io.StringIO())
    console.print(study_table(rows, ["vanilla"]))
    lines = [line for line in console.export_text().splitlines() if "oracle" in line or "vanilla" in line]
    assert ["oracle" in line for line in lines] == [True, False, True, False]
    assert "8.0 (0.0)" in lines[0]
    assert "2,500" in lines[0]
    assert "0.989" in lines[2]


def test_sliced_wasserstein_of_a_shift_is_known() -> None:
    pytest.importorskip("ot")
    points = torch.randn(2_000, 2, generator=torch.Generator().manual_seed(0))
    assert sliced_wasserstein(points, points) == pytest.approx(0, abs=1e-12)
    # a shift by s moves every projection by s cos(angle), whose mean square is s²/2 in the plane; 50 directions
    # have a relative standard error of .1 on the square, so that .3 are six on the root
    assert sliced_wasserstein(points, points + torch.tensor([3.0, 0.0])) == pytest.approx(3 / 2**0.5, rel=0.3)
