"""Samples are refined where held-out data say that it helps: in memory, from the folder, by the command line."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from clusters import seeded
from torch import Tensor

from adagan import AdaGAN, Mixture
from adagan.command_line import main
from adagan.components import Gaussian, KernelCritic
from adagan.mixtures.refinement.refined import Refined
from adagan.plan import REFINING, Repairs
from adagan.refining.trial import FEWEST_DATA, _affordable

TWO = torch.cat([torch.randn(600, 2, generator=seeded(7)) - 3, torch.randn(600, 2, generator=seeded(8)) + 3])
"""One Gaussian puts a third of its samples between these."""
BOOSTED = partial(AdaGAN, Gaussian, 1, critic=KernelCritic, coarse_critic=KernelCritic, seed=100)


def between(samples: Tensor) -> float:
    return float((samples.sum(dim=1).abs() < 2).double().mean())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[AdaGAN, Path]:
    folder = tmp_path_factory.mktemp("refined") / "run"
    return BOOSTED(refine=True, folder=folder).fit(TWO), folder


def test_samples_are_the_refined_ones_and_the_mixture_keeps_all(run: tuple[AdaGAN, Path]) -> None:
    model, _ = run
    assert isinstance(model.refined_, Refined)
    assert str(model.refinement_).startswith("refined: ")
    samples = model.sample(2_000, seed=1)
    assert torch.equal(samples, model.refined_.sample(2_000, seed=1))
    # 2,000 samples tell shares to .01; half of the draws are left, and those between went first
    assert between(samples) < between(model.mixture_.sample(2_000, seed=1)) - 0.1


def test_it_is_asked_where_rounds_repair_and_nowhere_else() -> None:
    assert AdaGAN(Gaussian).refine
    assert AdaGAN(Gaussian, budget=5).refine
    assert AdaGAN(Gaussian, 3, refine=True).refine
    assert not AdaGAN(Gaussian, 3).refine
    assert not AdaGAN(Gaussian, budget=5, refine=False).refine
    plain = BOOSTED().fit(TWO)
    assert plain.refined_ is None
    assert not hasattr(plain, "refinement_")
    assert torch.equal(plain.sample(50, seed=1), plain.mixture_.sample(50, seed=1))


def test_the_folder_keeps_it_until_there_is_another_round(run: tuple[AdaGAN, Path]) -> None:
    model, folder = run
    loaded = AdaGAN.load(folder)
    assert torch.equal(loaded.sample(50, seed=1), model.sample(50, seed=1))
    assert torch.equal(Refined.load(folder).sample(50, seed=1), model.sample(50, seed=1))
    assert torch.equal(Mixture.load(folder).sample(50, seed=1), model.mixture_.sample(50, seed=1))


def test_another_round_forgets_it(tmp_path: Path) -> None:
    few = TWO[::2]
    model = BOOSTED(refine=True, folder=tmp_path / "run").fit(few)
    assert (tmp_path / "run" / "refinement.json").is_file()
    model.boost()
    assert model.refined_ is None
    assert AdaGAN.load(tmp_path / "run").refined_ is None
    assert not list((tmp_path / "run").glob("refinement*"))
    again = BOOSTED(refine=True, folder=tmp_path / "run").set_params(rounds=2).resume(few)
    assert torch.equal(AdaGAN.load(tmp_path / "run").sample(50, seed=1), again.sample(50, seed=1))


def test_the_command_line_says_and_does_it(
    run: tuple[AdaGAN, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, folder = run
    drawn = {}
    for name, options in (("refined", ()), ("all", ("--refine", "1"))):
        out = tmp_path / f"{name}.npy"
        assert main(["sample", str(folder), "-n", "2000", "--out", str(out), *options]) == 0
        drawn[name] = torch.from_numpy(np.load(out))
        said = capsys.readouterr().out
        assert (str(model.refinement_) in said) == (name == "refined")
    assert between(drawn["refined"]) < between(drawn["all"]) - 0.1


def test_a_damaged_refinement_is_named(run: tuple[AdaGAN, Path], tmp_path: Path) -> None:
    model, _ = run
    model.refined_.save(tmp_path / "copy")  # type: ignore[union-attr]
    broken = tmp_path / "copy" / "refinement.json"
    broken.write_text(broken.read_text().replace("BudgetedRejection", "Another"))
    with pytest.raises(ValueError, match=r"refinement\.json names the method Another; known are BudgetedRejection"):
        Refined.load(tmp_path / "copy")


def test_of_a_budget_a_share_is_kept_for_it() -> None:
    data = BOOSTED()._checked(TWO, weights=None, labels=None, columns=None, layout=None)
    made = {share: Repairs(Gaussian, None, None, 100.0, data, 0, kept_back=share) for share in (0.0, REFINING)}
    assert made[0.0].left - made[REFINING].left == pytest.approx(8.0, abs=0.5)
    assert made[REFINING].left_after - made[REFINING].left == pytest.approx(8.0, abs=0.5)


def test_what_it_may_take_limits_the_points() -> None:
    mixture = Mixture([Gaussian().fit(TWO)])
    assert _affordable(mixture, TWO, 1e6, 2, (0.5, 0.75)) == 5_000
    assert _affordable(mixture, TWO, 1e-9, 2, (0.5, 0.75)) < FEWEST_DATA
    model = BOOSTED().fit(TWO)
    model._refine_where_it_helps(1e-9)
    assert model.refined_ is None
    assert str(model.refinement_) == "not refined: the budget is spent"
