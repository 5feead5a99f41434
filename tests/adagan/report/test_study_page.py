"""A study as a page: sizes apart, failures told, names as text."""

from pathlib import Path

from adagan.report.settings import Making
from adagan.report.study_page import write_study_page


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
    assert '">&lt;b&gt;mine (100 samples)</th><td>0.600 (0.141)</td><td>4 (1)</td>' in text
    assert '">&lt;b&gt;mine (1,000 samples)</th><td>0.100</td>' in text
    assert '">a perfect model (100 samples)</th><td>0.900</td><td>–</td>' in text
    assert '">other (100 samples, 1 failed)</th><td>–</td>' in text
    assert "ring, other, 0: failed: ValueError: &lt;i&gt;no" in text
    assert "draws of the truth" in text
    assert "<dt>coverage ↑</dt>" in text
