"""Known worlds: the model is a fresh draw of the truth, changed a little, some modes dropped or starved, or none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from adagan.data.built_in import KnownModes, known_modes
from adagan.missing.missing_mass import Missing, missing_mass
from adagan.mixtures.errors import UserError

RING = replace(known_modes("unbalanced-ring"), num_points=10_000)
CLUSTERS = replace(known_modes("clusters-16"), num_points=10_000)


def starved(modes: KnownModes, kept: dict[int, float]) -> KnownModes:
    """The modes with some at a part of their share, the others in proportion."""
    shares = modes.probabilities.clone()
    for mode, part in kept.items():
        shares[mode] *= part
    return replace(modes, probabilities=shares / shares.sum())


def lacking(modes: KnownModes, model: KnownModes, dropped: list[int]) -> float:
    return float((modes.probabilities - model.probabilities)[dropped].sum())


def mode_of(points: Tensor, modes: KnownModes) -> Tensor:
    return torch.cdist(points, modes.centres).argmin(dim=1)


def found(modes: KnownModes, model: KnownModes, seed: int) -> tuple[Tensor, Missing]:
    data = modes.draw(modes.num_points, 2 * seed)
    return data, missing_mass(data, model.draw(3 * modes.num_points, 2 * seed + 1), seed=seed)


@pytest.mark.parametrize("modes", [RING, CLUSTERS], ids=["ring", "16 dimensions"])
@pytest.mark.parametrize("change", ["none", "narrowed", "widened", "shifted"])
def test_nothing_is_missing_when_only_shapes_differ(modes: KnownModes, change: str) -> None:
    # a false alarm needs a binomial test at 5 %, corrected for all nodes, against a ratio of 1/2 where it is near 1
    factor = {"narrowed": 0.7, "widened": 1.3}.get(change, 1.0)
    centres = modes.centres + (modes.std / modes.centres.shape[1] ** 0.5 if change == "shifted" else 0.0)
    _, result = found(modes, replace(modes, std=factor * modes.std, centres=centres), seed=3)
    assert result.verdict == "nothing found"
    assert (result.value, result.low, len(result.rows)) == (0.0, 0.0, 0)
    assert 0 < result.high == result.visible < 0.01


@pytest.mark.parametrize("modes", [RING, CLUSTERS], ids=["ring", "16 dimensions"])
@pytest.mark.parametrize(
    "kept",
    [{0: 0.0}, dict.fromkeys(range(4), 0.0), {5: 0.0, 6: 0.0}, {7: 0.3}],
    ids=["one rare", "four rare", "two large", "one starved"],
)
def test_what_is_missing_is_found_and_named(modes: KnownModes, kept: dict[int, float]) -> None:
    model = starved(modes, kept)
    data, result = found(modes, model, seed=5)
    # six standard errors of the counts, and a tenth for what the blur carries across cells
    truth, draws = lacking(modes, model, list(kept)), modes.num_points
    assert result.verdict == "missing"
    assert result.value == pytest.approx(truth, abs=6 * (truth / draws) ** 0.5 + 0.1 * truth)
    assert result.low <= truth
    dropped = torch.isin(mode_of(data, modes), torch.tensor(list(kept))).numpy()
    assert roc_auc_score(dropped, -result.log_ratio.numpy()) > 0.98
    named = np.isin(np.arange(len(data)), result.rows.numpy())
    assert (named & dropped).sum() >= 0.8 * dropped.sum()
    assert (named & ~dropped).sum() <= 0.1 * named.sum()


def test_the_regions_are_disjoint_and_the_largest_lack_comes_first() -> None:
    _, result = found(RING, starved(RING, {0: 0.0, 5: 0.0}), seed=7)
    assert len(result.regions) == 2
    big, rare = result.regions
    assert big.mass > rare.mass
    assert big.low < big.mass < big.high
    assert big.coverage < 0.05
    torch.testing.assert_close(big.centre, RING.centres[5], atol=0.05, rtol=0)
    torch.testing.assert_close(rare.centre, RING.centres[0], atol=0.05, rtol=0)
    assert len(result.rows.unique()) == len(big.rows) + len(rare.rows)


def test_strays_do_not_hide_a_missing_mode() -> None:
    model = starved(RING, {0: 0.0, 5: 0.0})
    strays = 10 * torch.rand(1_500, 2, generator=torch.Generator().manual_seed(0)) - 5
    samples = torch.cat([model.draw(30_000, 1), strays])
    result = missing_mass(RING.draw(10_000, 0), samples)
    assert result.value == pytest.approx(lacking(RING, model, [0, 5]), rel=0.15)
    assert 0.03 < result.strays < 0.05
    assert "have they its scale" in missing_mass(RING.draw(1_000, 0), 100 + samples).describe()


def test_too_few_points_cannot_tell_and_say_how_many_would() -> None:
    result = missing_mass(RING.draw(60, 0), RING.draw(60, 1))
    assert result.verdict == "cannot tell"
    assert result.visible > 0.05
    assert "with about" in result.describe()
    more = int(result.describe().split("with about ")[1].split()[0])
    assert missing_mass(RING.draw(more, 0), RING.draw(2 * more, 1)).verdict == "nothing found"


def test_the_points_own_weights_count() -> None:
    data, model = RING.draw(10_000, 0), starved(RING, {5: 0.0})
    weights = torch.where(mode_of(data, RING) == 5, 1e-9, 1.0)
    assert missing_mass(data, model.draw(30_000, 1)).verdict == "missing"
    assert missing_mass(data, model.draw(30_000, 1), weights=weights).verdict == "nothing found"


def test_the_same_seed_gives_the_same_and_images_and_arrays_are_taken() -> None:
    images = torch.rand(300, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    first, second = (missing_mass(images.numpy(), images, seed=2) for _ in range(2))
    assert first.log_ratio.equal(second.log_ratio)
    assert first.value == 0
    assert first.num_samples == 300


def test_samples_of_another_shape_are_refused() -> None:
    with pytest.raises(UserError, match=r"samples: expected events of shape \(2,\), as the data have, got \(3,\)"):
        missing_mass(torch.zeros(5, 2), torch.zeros(5, 3))


@pytest.mark.parametrize("rows", [torch.zeros(50, 2), torch.zeros(1, 2)], ids=["all equal", "one row"])
def test_points_that_are_all_equal_are_one_cell(rows: Tensor) -> None:
    assert missing_mass(rows, torch.zeros(200, 2)).value == 0
    assert missing_mass(rows, torch.zeros(200, 2)).log_ratio.exp().allclose(torch.ones(len(rows), dtype=torch.float64))


def test_a_region_holds_its_neighbouring_cells_and_all_its_points() -> None:
    centres = torch.tensor([[4.0, 4.0], [-4.0, 4.0], [0.0, -4.0]])
    generator = torch.Generator().manual_seed(0)
    data = centres[torch.arange(400) % 3] + 0.5 * torch.randn(400, 2, generator=generator)
    samples = centres[2 * (torch.arange(800) % 2)] + 0.5 * torch.randn(800, 2, generator=generator)
    for seed in range(5):
        (region,) = missing_mass(data, samples, seed=seed).regions
        assert abs(len(region.rows) - 133) <= 4
        assert region.low < 1 / 3 < region.high


def test_all_missing_and_one_point_only() -> None:
    away = missing_mass(RING.draw(300, 0), 100 + RING.draw(300, 1))
    assert away.value == 1
    assert away.error > 0
    single = missing_mass(RING.draw(1, 0), 100 + RING.draw(300, 1))
    assert single.verdict == "cannot tell"
