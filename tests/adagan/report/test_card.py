"""The model card: YAML that can be read, what is missing with its interval, and names that are text."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.ensemble  # noqa: F401  (its import draws from Python's generator, which the fixture would see)
import torch
import yaml  # type: ignore[import-untyped]
from reported_runs import make_fast, make_run

from adagan import AdaGAN
from adagan.command_line import main
from adagan.components import Gaussian, KernelCritic
from adagan.data.training_data import TrainingData
from adagan.report.card import write_card
from adagan.run_folder import RunFolder


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    make_fast(monkeypatch)
    monkeypatch.setattr("adagan.missing.draws.FEWEST_DRAWS", 2_000)
    monkeypatch.setattr("adagan.report.opened_run.FEWEST_SAMPLES", 500)


class LeavesOut(Gaussian):
    """Two blobs are learnt, one of them is sampled."""

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> torch.Tensor:
        return 0.5 * torch.randn(num_samples, 2, generator=generator)


def test_it_says_what_is_missing_with_its_interval(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(100)
    points = 0.5 * torch.randn(800, 2, generator=generator)
    points[:200] += 8
    choices = {"critic": KernelCritic, "coarse_critic": KernelCritic, "seed": 100}
    AdaGAN(LeavesOut, rounds=1, folder=tmp_path / "run", **choices).fit(points)
    data = TrainingData.checked(points)
    text = write_card(tmp_path / "run", components=[LeavesOut], data=data).read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    content = yaml.safe_load(front)
    assert content["library_name"] == "adagan"
    assert content["tags"][-1] == "vector"
    assert "license" not in content
    (result,) = content["model-index"][0]["results"]
    by_type = {metric["type"]: metric["value"] for metric in result["metrics"]}
    # a quarter of the data is 8 standard deviations away from all samples
    assert by_type["missing_mass_low"] < 0.25 < by_type["missing_mass_high"] + 0.02
    assert by_type["missing_mass"] == pytest.approx(0.25, abs=0.03)
    assert "**At least 2" in body
    assert "| no sample at all |" in body
    assert "nothing is missing there" in body  # of a perfect model
    assert "| a perfect model |" in body
    assert 'Mixture.load("run")' in body


def test_names_are_text_in_markdown_too(tmp_path: Path) -> None:
    random = np.random.default_rng(100)
    name = "<img src=x> | `a` [b](c)"
    frame = pd.DataFrame({name: random.normal(size=300), "kind": random.choice(["<b>x", "y|z"], 300)})
    folder = tmp_path / "<i>run"
    AdaGAN(Gaussian, rounds=1, critic=KernelCritic, coarse_critic=KernelCritic, folder=folder).fit(frame)
    data = TrainingData.checked(frame, columns=RunFolder(folder).encoding())
    text = write_card(folder, tmp_path / "card.md", data=data).read_text(encoding="utf-8")
    body = text.split("---\n", 2)[2]
    assert "<img" not in body
    assert "<b>" not in body
    assert "&lt;img src=x&gt; \\| \\`a\\` \\[b\\](c)" in body
    rows = [line for line in body.splitlines() if line.startswith("| kind |")]
    assert rows[0].replace("\\|", "").count("|") == 9  # eight cells


def test_the_command_writes_it_beside_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "run", rounds=2)
    assert main(["report", str(run), "--card"]) == 0
    assert f"card written to {run / 'card.md'}" in capsys.readouterr().out
    text = (run / "card.md").read_text(encoding="utf-8")
    assert "A generative model: a mixture of 2 components (Gaussian), boosted by adagan in 2\nrounds." in text
    assert "this card looked at the 60 points" in text
