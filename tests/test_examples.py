"""Every example runs, small, and shows what it says; the README's code runs as it stands, on fewer steps."""

import importlib.util
import re
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import torch

from adagan import Critic

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def quick_critics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Critics of a few steps, wherever the defaults would train longer."""
    quick = partial(Critic, max_steps=150, width=32)
    monkeypatch.setattr("adagan.boosting.Critic", quick)
    original = __import__("adagan.boosting", fromlist=["AdaGAN"]).AdaGAN.__init__
    monkeypatch.setattr(original, "__kwdefaults__", {**original.__kwdefaults__, "critic": quick})


@pytest.mark.usefixtures("quick_critics")
def test_your_own_generator_finds_every_cluster() -> None:
    example = load("your_own_generator")
    model = example.main()
    # one component finds one cluster of the four; the mixture is to put mass on each of them
    corners = torch.tensor([[3.0, 3.0], [3.0, -3.0], [-3.0, 3.0], [-3.0, -3.0]])
    nearest = torch.cdist(model.sample(4_000, torch.Generator().manual_seed(0)), corners).argmin(dim=1)
    shares = torch.bincount(nearest, minlength=4) / 4_000
    first = torch.cdist(model.mixture_[:1].sample(4_000, torch.Generator().manual_seed(0)), corners).argmin(dim=1)
    assert len(first.unique()) == 1
    assert float(shares.min()) > 0.03
    assert model.rounds_[-1].divergence < 0.5 * model.rounds_[0].divergence


def test_your_own_generator_is_fifteen_lines_long() -> None:
    source = (ROOT / "examples" / "your_own_generator.py").read_text()
    body = source[source.index("class OneCluster") : source.index("def four_clusters")]
    assert len([line for line in body.splitlines() if line.strip()]) <= 16


@pytest.mark.usefixtures("quick_critics")
def test_the_readme_figure_is_drawn(tmp_path: Path) -> None:
    example = load("unbalanced_ring")
    shares = example.main(max_steps=200, rounds=2, out=str(tmp_path / "figure.png"))
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert shares["data"] > 0.98


@pytest.mark.usefixtures("quick_critics")
def test_less_is_missing_after_boosting() -> None:
    before, after = load("whats_missing").main(num_points=3_000, rounds=3)
    assert before > 0.3
    assert after < before


@pytest.mark.usefixtures("quick_critics")
def test_the_readme_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)
    assert blocks
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        assert len([line for line in block.splitlines() if line and not line.startswith(("from", "import"))]) <= 15
        exec(block.replace("max_steps=4_000", "max_steps=60"), names)
    samples, refined = names["samples"], names["refined"]
    assert isinstance(samples, torch.Tensor)
    assert isinstance(refined, torch.Tensor)
    assert samples.shape == refined.shape == (10_000, 2)
    assert (tmp_path / "mixture" / "mixture.json").is_file()


def test_the_benchmark_of_the_sampler_prints_its_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    ratios = load("benchmark_sampling").main(num_samples=20_000, repeats=1)
    assert capsys.readouterr().out.count("ratio") == len(ratios) == 2
    assert min(ratios.values()) > 0
