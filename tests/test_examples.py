"""Every example runs, small, and shows what it says."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from adagan.components.critics import sharp_critic

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def pictures_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples draw into the working directory unless told otherwise."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def quick_critics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Critics of a few steps, wherever the defaults would train longer."""
    monkeypatch.setattr(sharp_critic, "STEPS", 150)


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
    assert Path("your_own_generator.png").read_bytes().startswith(b"\x89PNG")


def test_your_own_generator_is_fifteen_lines_long() -> None:
    source = (ROOT / "examples" / "your_own_generator.py").read_text()
    body = source[source.index("class OneCluster") : source.index("def four_clusters")]
    assert len([line for line in body.splitlines() if line.strip()]) <= 16


@pytest.mark.usefixtures("quick_critics")
def test_the_readme_figure_is_drawn(tmp_path: Path) -> None:
    example = load("unbalanced_ring")
    shares = example.main(max_steps=100, out=str(tmp_path / "figure.png"), num_points=3_000)
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert shares["data"] > 0.98


@pytest.mark.usefixtures("quick_critics")
def test_boosting_stops_when_nothing_is_left() -> None:
    model = load("when_to_stop").main(num_points=2_000)
    assert model.stopped_
    assert len(model.mixture_) <= len(model.rounds_) < model.rounds


def test_what_samples_miss_is_found() -> None:
    # the truth is .187; six standard errors of 5,000 points are .033
    assert load("what_samples_miss").main(num_points=5_000) == pytest.approx(0.187, abs=0.033)


@pytest.mark.usefixtures("quick_critics")
def test_less_is_missing_after_boosting() -> None:
    before, after = load("whats_missing").main(num_points=3_000, rounds=3)
    assert before > 0.3
    assert after < before


@pytest.mark.usefixtures("quick_critics")
def test_every_class_gets_its_smaller_cluster() -> None:
    before, after = load("conditional").main(num_points=1_500)
    assert max(before) < 0.01
    assert min(after) > 0.05


def test_the_benchmark_of_the_sampler_prints_its_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    ratios = load("benchmark_sampling").main(num_samples=20_000, repeats=1)
    assert capsys.readouterr().out.count("ratio") == len(ratios) == 2
    assert min(ratios.values()) > 0


def test_the_benchmark_of_ratios_prints_a_row_for_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    example = load("benchmark_ratios")
    rows = example.quick(seed=100)
    worlds, methods = {row.world for row in rows}, {row.method for row in rows}
    assert len(worlds) == 2
    assert {"ExactCritic", "Critic", "BinaryCritic", "ClassifierCritic", "calibrated gradient boosting"} <= methods
    assert len(example.all_worlds()) == 11
    assert len(rows) == len(worlds) * len(methods)
    assert all(0 <= row.error < 10 and row.cpu_seconds >= 0 for row in rows)
    assert all(row.error < 1e-6 for row in rows if row.method == "ExactCritic")
    assert capsys.readouterr().out.count("KernelCritic, alpha 0") == 3


@pytest.mark.usefixtures("quick_critics")
def test_a_table_gets_the_kinds_of_rows_that_one_generator_misses() -> None:
    data, one, boosted = load("mixed_table").main()
    assert one.dtypes.equals(data.dtypes)
    assert boosted.dtypes.equals(data.dtypes)
    assert len(set(one["kind"])) == 1
    # of the 3,000 rows of the data, 300 are of the rarest kind
    assert boosted["kind"].value_counts().min() > 100
    assert set(boosted["kind"]) == {"private", "firm", "public"}


def test_a_lightning_module_is_boosted_untouched() -> None:
    model = load("lightning_module").main(max_steps=60, rounds=1, critic_steps=30)
    assert type(model.mixture_.components[0].module_).__name__ == "GAN"
    assert model.sample(10).shape == (10, 2)


PEERS = {"CTGAN": "ctgan", "TVAE": "ctgan", "TabularARGN": "mostlyai.engine", "ForestDiffusion": "ForestDiffusion"}


@pytest.mark.parametrize("peer", PEERS)
def test_the_synthesiser_says_what_is_not_installed(
    peer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = load("synthesiser")
    monkeypatch.setattr(example, "find_spec", lambda name: None)
    assert example.main(peer) is None
    package = PEERS[peer].removesuffix(".engine")
    assert capsys.readouterr().out == f"skipped: this example boosts {peer}, and {package} is not installed\n"


@pytest.mark.parametrize("peer", PEERS)
def test_a_synthesiser_is_boosted_where_it_is_installed(peer: str) -> None:
    from joblib.externals.loky import get_reusable_executor

    pytest.importorskip(PEERS[peer], exc_type=ImportError)
    example = load("synthesiser")
    assert set(example.PEERS) == set(PEERS)
    drawn = example.main(peer, num_rows=500, rounds=1, epochs=1)
    assert list(drawn.columns) == ["kind", "orders", "paid"]
    assert drawn["orders"].dtype == "int64"
    get_reusable_executor().shutdown(wait=True)  # CTGAN's workers would wait for more


def test_the_wrapper_of_each_synthesiser_is_ten_lines_long() -> None:
    source = (ROOT / "examples" / "synthesiser.py").read_text()
    classes = source[: source.index("PEERS =")].split("\nclass ")[1:]
    assert len(classes) == 3
    for body in classes:
        assert len([line for line in body.splitlines() if line.strip() and '"""' not in line]) <= 10


def test_sdgym_gets_its_two_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    example = load("sdgym_synthesizer")
    monkeypatch.setattr(example, "BUDGET", 4)
    data, drawn = example.main(300)
    assert drawn.dtypes.equals(data.dtypes)
    assert list(drawn.columns) == list(data.columns)
    assert len(drawn) == 300
    assert set(drawn["room"]) <= set(data["room"])
    # a newer SDGym hands over metadata of several tables
    _, metadata = example.guests(300)
    nested = {"METADATA_SPEC_VERSION": "V1", "tables": {"guests": metadata}, "relationships": []}
    model = example.get_trained_synthesizer(data, nested)
    assert list(example.sample_from_synthesizer(model, 7).columns) == list(data.columns)
    source = (ROOT / "examples" / "sdgym_synthesizer.py").read_text()
    body = source[source.index("KINDS =") : source.index("def guests")]
    assert len([line for line in body.splitlines() if line.strip() and '"""' not in line]) <= 15


def test_the_benchmark_of_the_rules_prints_its_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    ratios = load("benchmark_rules").main(num_points=100_000, repeats=1)
    assert capsys.readouterr().out.count("ratio ") >= len(ratios) == 9
    assert 0 < ratios["arrays"] <= 3


def test_the_benchmark_of_mixture_weights_prints_certified_times(capsys: pytest.CaptureFixture[str]) -> None:
    gaps = load("benchmark_mixture_weights").main(num_points=2_000, num_components=10)
    assert capsys.readouterr().out.count("CPU s") == len(gaps) == 6
    assert max(gaps.values()) < 1e-9


def test_the_dial_turns_from_coverage_to_realism(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = load("dial").main(num_points=2_000, out=str(tmp_path / "dial.png"))
    assert (tmp_path / "dial.png").read_bytes().startswith(b"\x89PNG")
    assert len(capsys.readouterr().out.splitlines()) == len(points) + 1
    assert points[0].recall > points[-1].recall + 0.03
    assert points[0].precision < points[-1].precision - 0.05


def test_the_better_the_discriminator_the_smaller_or_noisier_the_gradient() -> None:
    found = load("vanishing_gradients").main(checkpoints=(25, 400))
    assert Path("vanishing_gradients.png").read_bytes().startswith(b"\x89PNG")
    (early, late), (noisy_early, noisy_late) = found[0.0], found[1.0]
    assert late.minimax < 0.1 * early.minimax
    assert late.noise > 2 * early.noise
    # with instance noise the distributions overlap, and a better discriminator does no harm
    assert noisy_late.minimax > 0.5 * noisy_early.minimax
    assert noisy_late.noise < 2 * noisy_early.noise


def test_the_share_of_data_is_a_dial_between_coverage_and_realism() -> None:
    found = load("coverage_or_realism").main(pis=(0.05, 0.95), max_steps=600)
    assert Path("coverage_or_realism.png").read_bytes().startswith(b"\x89PNG")
    assert found[0.05].coverage > 0.9 > found[0.95].coverage
    assert found[0.95].realism > 0.9 > found[0.05].realism


def test_classes_and_codes_of_the_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = load("digits_codes").main(max_steps=80, width=16, out=str(tmp_path / "codes.png"))
    assert (tmp_path / "codes.png").read_bytes().startswith(b"\x89PNG")
    assert "class (down) against code (across)" in capsys.readouterr().out
    # guessing one class for all gives .1
    assert len(found.accuracies) == 3
    assert min(found.accuracies.values()) > 0.5
    assert 0.1 <= found.purity <= 1
    assert 0 <= found.shared <= 1


def test_what_critics_and_cells_cost_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharp_critic, "STEPS", 5)
    example = load("costs")
    monkeypatch.setattr(example, "TABLE_STEPS", 5)
    rows = example.main({"1 x 8 x 8": 2}, (1_000,), 200)
    assert [row.name for row in rows] == ["1,000 x 10", "200 x 1 x 8 x 8"]
    assert capsys.readouterr().out.count("|") == 7 * 4
    assert all(row.share > 0 for row in rows)


QUICK_FIT = """
import sys
sys.path.insert(0, sys.argv[1])
import benchmark_memory
from adagan.components.critics import sharp_critic
sharp_critic.STEPS = 20
benchmark_memory.fit(sys.argv[2])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_the_benchmark_of_memory_prints_peaks_and_draws_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    example = load("benchmark_memory")
    monkeypatch.setattr(example, "FIT", [sys.executable, "-W", "ignore", "-c", QUICK_FIT, str(ROOT / "examples")])
    (found,) = example.main(smallest=4, largest=4)
    assert found["seconds"] > found["training"] > 0
    assert 0 < found["own"] < 2_000
    assert "10,000" in capsys.readouterr().out
    assert Path("benchmark_memory.png").read_bytes().startswith(b"\x89PNG")


def test_the_benchmark_of_draws_prints_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    ratios = load("benchmark_draws").main(smallest=3, largest=4, rows=2**17, repeats=3)
    assert len(capsys.readouterr().out.splitlines()) == len(ratios) + 1 == 11
    # it is .7; without draws ahead 6
    assert ratios[10_000, 256] < 3
