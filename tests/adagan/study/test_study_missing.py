"""The bench of what is missing: known worlds, their truth, and the estimators that it asks."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from adagan.command_line import main
from adagan.data.glyphs import CLASSES, RARE_CLASSES, labelled_glyphs
from adagan.missing.missing_mass import Missing
from adagan.study.tasks.missing import missing_world
from adagan.study.tasks.missing_families import FAMILIES


def nothing(samples: torch.Tensor, seed: int) -> Missing:
    return Missing(0.0, 0.0, 0.0, 0.0, (), torch.zeros(500, dtype=torch.float64), len(samples), 0.0)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_world_says_what_is_missing(name: str) -> None:
    family = replace(FAMILIES[name](), num_points=500)
    world = missing_world(family, seed=1)
    assert len(world.data) == len(world.groups) == 500
    rows = world.score(nothing)
    assert {(row["change"], row["loss"]) for row in rows} == set(family.cases())
    for row in rows:
        lost = family.losses.get(row["loss"], {})
        kept = 1 - sum(float(family.shares[g]) * (1 - part) for g, part in lost.items())
        truth = sum(float(family.shares[g]) * (1 - part / kept) for g, part in lost.items())
        assert row["truth"] == pytest.approx(truth, abs=1e-6)
        assert row["named"] in (None, 0.0)


def test_changes_leave_every_sample_in_its_group() -> None:
    family = FAMILIES["clusters-16"]()
    generator = torch.Generator().manual_seed(0)
    groups = torch.arange(20).repeat(20)
    points = family.draw_samples(groups, generator)
    centres = torch.stack([points[groups == group].mean(dim=0) for group in range(20)])
    for change in family.changes.values():
        moved = change(points.clone(), groups, generator)
        assert (torch.cdist(moved, centres).argmin(dim=1) == groups).float().mean() > 0.99


def test_glyphs_are_images_of_classes_in_their_shares() -> None:
    images, classes = labelled_glyphs(6_000, seed=3)
    assert images.shape == (6_000, 1, 28, 28)
    assert 0 <= float(images.min()) < float(images.max()) <= 1
    assert torch.equal(labelled_glyphs(6_000, seed=3)[0], images)
    shares = torch.bincount(classes, minlength=len(CLASSES)) / 6_000
    rare = [CLASSES.index(glyph) for glyph in RARE_CLASSES]
    # six standard errors
    assert float((shares[rare] - 0.01).abs().max()) < 6 * (0.01 / 6_000) ** 0.5
    # an I is a slim thing beside a W
    ink = images.flatten(1).mean(dim=1)
    assert ink[classes == CLASSES.index("W")].mean() > 1.5 * ink[classes == CLASSES.index("I")].mean()


@pytest.mark.slow
def test_the_bench_makes_a_table_and_not_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["study", "missing", "--families", "digits", "--seeds", "1", "--workers", "1", "--json"]
    assert main([*words, str(tmp_path / "rows.json")]) == 0
    first = capsys.readouterr().out
    assert "3 and 7" in first
    content = json.loads((tmp_path / "rows.json").read_text())
    lost = next(row for row in content["rows"] if row["loss"] == "3 and 7" and row["change"] == "none")
    assert lost["low"] < lost["truth"]
    assert lost["ratio_auc"] > 0.9
    written = (tmp_path / "rows.json").stat().st_mtime_ns
    assert main([*words, str(tmp_path / "rows.json")]) == 0
    assert capsys.readouterr().out == first
    assert (tmp_path / "rows.json").stat().st_mtime_ns == written
    assert main(["study", "missing", "--families", "rign"]) == 2
    assert "did you mean ring" in capsys.readouterr().err
