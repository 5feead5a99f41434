"""The table of a page: medians and ranges, bold where the interval says so; the same as Markdown and as LaTeX."""

from typing import Any

import torch

from adagan.study.sketch import MOST, MOST_IMAGES, restored, sketched
from adagan.study.summary import RULE, Summary


def row(method: str, seed: int, **values: Any) -> dict[str, Any]:
    return {"benchmark": "ring", "method": method, "seed": seed, "failure": "", "num_samples": 100, **values}


def rows_of(method: str, *scores: float, key: str = "high_quality") -> list[dict[str, Any]]:
    return [row(method, seed, **{key: score}) for seed, score in enumerate(scores)]


def test_medians_with_their_range_and_what_is_clearly_ahead() -> None:
    rows = [*rows_of("oracle", 0.99, 0.99, 0.99), *rows_of("mine", 0.9, 0.8, 0.81), *rows_of("other", 0.1, 0.2, 0.3)]
    summary = Summary.of(rows, ["mine", "other"])
    assert summary.titles == ("method", "≤ 3 std")
    assert summary.lines == (
        ("a perfect model", "0.990 (0.990 to 0.990)"),
        ("mine", "0.810 (0.800 to 0.900)"),
        ("other", "0.200 (0.100 to 0.300)"),
    )
    assert summary.strong == {(1, 1)}  # and never the oracle's


def test_nothing_is_bold_that_one_seed_says_or_an_interval_does_not() -> None:
    names = ["mine", "other"]
    assert not Summary.of([*rows_of("mine", 0.9), *rows_of("other", 0.1)], names).strong
    # means .5 and .4, a standard error of the difference of .3
    assert not Summary.of([*rows_of("mine", 0.2, 0.8), *rows_of("other", 0.4, 0.4)], names).strong
    assert not Summary.of(rows_of("mine", 0.9, 0.9), ["mine"]).strong
    # of a divergence less is better, and of the spread nothing is
    less = [*rows_of("mine", 0.1, 0.1, key="forward_kl"), *rows_of("other", 0.4, 0.4, key="forward_kl")]
    assert Summary.of(less, names).strong == {(0, 1)}
    spreads = [*rows_of("mine", 0.1, 0.1, key="spread"), *rows_of("other", 0.4, 0.4, key="spread")]
    assert not Summary.of(spreads, names).strong


def test_markdown_and_latex_say_the_same() -> None:
    rows = [*rows_of("mine_a", 0.9, 0.9), *rows_of("other", 0.1, 0.1), {**row("other", 2), "failure": "alas"}]
    summary = Summary.of(rows, ["mine_a", "other"])
    assert summary.markdown() == (
        "| method | ≤ 3 std |\n| --- | ---: |\n| mine_a | **0.900 (0.900 to 0.900)** |\n"
        f"| other (1 failed) | 0.100 (0.100 to 0.100) |\n\n{RULE}\n"
    )
    assert summary.latex().splitlines()[1:] == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"method & $\leq$ 3 std \\",
        r"\midrule",
        r"mine\_a & \textbf{0.900 (0.900 to 0.900)} \\",
        r"other (1 failed) & 0.100 (0.100 to 0.100) \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_a_sketch_is_the_first_samples_in_half_precision() -> None:
    generator = torch.Generator().manual_seed(100)
    points, images = torch.randn(MOST + 9, 2, generator=generator), torch.rand(20, 3, 4, 4, generator=generator)
    for samples, count in ((points, MOST), (images, MOST_IMAGES)):
        found = restored(sketched(samples))
        # halves have 11 bits
        assert torch.allclose(found, samples[:count], rtol=2**-11, atol=1e-7)
    wild = torch.tensor([[float("nan"), float("inf")]])
    assert restored(sketched(wild)).isfinite().all()
