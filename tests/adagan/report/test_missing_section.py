"""Regions in a page: pictures with their files' names and classes, a map of the plane, ranges of entries."""

import pytest
import torch

from adagan.data.training_data import TrainingData
from adagan.missing.missing_mass import Missing, Region
from adagan.report.missing_section import entry_terms, region_panels, region_table


def missing(*rows: list[int], shape: tuple[int, ...] = (2,)) -> Missing:
    regions = tuple(
        Region(torch.tensor(own), torch.zeros(shape), 0.1, 0.08, 0.12, coverage)
        for own, coverage in zip(rows, (0.0, 0.25), strict=False)
    )
    return Missing(0.1, 0.08, 0.12, 0.01, regions, torch.zeros(40), 1_000, 0.0)


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adagan.report.figures.DOTS_PER_INCH", 40)


def test_images_come_with_their_files_and_classes() -> None:
    images = torch.rand(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    names = tuple(f"cat/<b>{row}.png" for row in range(40))
    labels = torch.tensor([0, 1] * 20)
    weights = torch.full((40,), 1 / 40, dtype=torch.float64)
    data = TrainingData(images, weights, labels, class_names=("cat", "dog"), names=names)
    found = missing([2, 4, 7], [9], shape=(1, 6, 6))
    first, second = region_panels(found, data)
    assert first.kind == "photo"
    assert first.remark == "10.0% of the data (8.0% to 12.0%), of which no sample was found; 3 images"
    assert "made at 25.0% of its share" in second.remark
    assert "cat/<b>2.png, cat/<b>4.png" in first.alt
    (_, *cells), (_, *others) = region_table(found, data).rows
    assert cells == [
        "10.0%", "8.0% to 12.0%", "no sample at all", "2 of cat, 1 of dog",
        "3 points: cat/<b>2.png, cat/<b>4.png, cat/<b>7.png",
    ]  # fmt: skip
    assert others[2:4] == ["25.0%", "all in class dog"]


def test_the_plane_has_a_map_and_more_entries_have_ranges() -> None:
    plane = TrainingData.checked(torch.rand(40, 2, generator=torch.Generator().manual_seed(0)))
    (panel,) = region_panels(missing([0, 1, 2]), plane)
    assert panel.kind == "chart"
    assert "region 1 around (" in panel.alt
    points = torch.rand(400, 5, generator=torch.Generator().manual_seed(0)).double()
    points[:40, 2] += 10
    words = entry_terms(points.numpy(), torch.arange(40))
    assert words.startswith("entry 3 from 10.")
    assert region_panels(missing(list(range(40)), shape=(5,)), TrainingData.checked(points)) == []
    assert entry_terms(points[40:].numpy(), torch.arange(360)) == "no entry tells it from the rest"
