"""A study as a page: sizes apart, failures told, names as text."""

from pathlib import Path

import torch

from adagan.report.settings import Making
from adagan.report.study_page import write_study_page
from adagan.study.sketch import sketched


def row(method: str, seed: int, **values: object) -> dict[str, object]:
    return {"benchmark": "ring", "method": method, "seed": seed, "failure": "", "num_samples": 100, **values}


def test_means_over_seeds_of_each_size_and_what_failed(tmp_path: Path) -> None:
    rows = [
        row("oracle", 0, coverage=0.9, train_cpu_seconds=0.0),
        row("<b>mine", 0, coverage=0.5, train_cpu_seconds=3.0),
        row("<b>mine", 1, coverage=0.7, train_cpu_seconds=5.0),
        row("<b>mine", 0, coverage=0.1, num_samples=1_000),
        {"benchmark": "ring", "method": "other", "seed": 0, "failure": "ValueError: <i>no"},
    ]
    making = Making({"data": "ring"}, "", "adagan study ring")
    text = write_study_page(tmp_path / "page.html", rows, ["<b>mine", "other"], making, title="Methods").read_text(
        "utf-8"
    )
    assert '">&lt;b&gt;mine (100 samples)</th><td>0.600 (0.500 to 0.700)</td><td>4 (3 to 5)</td>' in text
    assert '">&lt;b&gt;mine (1,000 samples)</th><td>0.100</td>' in text
    assert '">a perfect model (100 samples)</th><td>0.900</td><td>–</td>' in text
    assert '">other (100 samples, 1 failed)</th><td>–</td>' in text
    assert "ring, other, 0: failed: ValueError: &lt;i&gt;no" in text
    assert "draws of the truth" in text
    assert "<dt>coverage ↑</dt>" in text


def test_pictures_and_charts_of_what_the_rows_have(tmp_path: Path) -> None:
    points = torch.randn(30, 2, generator=torch.Generator().manual_seed(100))
    rows = [
        row("oracle", 0, smallest_share=1.0, high_quality=0.99, cpu_seconds=0.0, sketch=sketched(points)),
        *(
            row("mine", seed, smallest_share=0.5, high_quality=score, cpu_seconds=3.0, sketch=sketched(points))
            for seed, score in enumerate((0.9, 0.902))
        ),
        *(row("other", seed, high_quality=0.5, cpu_seconds=4.0) for seed in (0, 1)),
    ]
    rows[1]["modes_by_round"] = [[0.0, 2.0], [1.0, 1.0]]
    making = Making({"machine": "mine"}, "", "adagan study ring")
    page = write_study_page(tmp_path / "page.html", rows, ["mine", "other"], making, title="Methods").read_text("utf-8")
    for told in (
        "smallest share of a mode, over its true one of every training against its CPU seconds",
        "precision: share of the samples near a mode of every training against its CPU seconds",
        "samples of a perfect model",
        "samples of mine",
        "modes of mine by round",
        "<b>0.901 (0.900 to 0.902)</b>",
    ):
        assert told in page
    assert "samples of other" not in page
    assert page.count("<img") == 5
    assert "Modes by round" in page
