"""The report: one page that stands alone, shows every round and means what it says."""

import base64
import html
import io
import math
import os
import re
from dataclasses import replace
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image

from adagan.components import Critic, Gaussian
from adagan.components.critics.calibration import calibration_record
from adagan.data.training_data import TrainingData
from adagan.mixtures import Mixture
from adagan.mixtures.data_weights import DataWeights
from adagan.prefixes import Prefixes
from adagan.report.page import _refinement, shown_rounds, write_report
from adagan.report.pictures import ImageView, LineView, PlaneView, view_of
from adagan.report.text import overall
from adagan.round import Round, verdict
from adagan.run_folder import RunFolder
from adagan.written_run import RUN_FILE

VOID = {"meta", "img", "link", "br", "hr", "input"}
CURVES, REFINED, RELIABILITY, WEIGHTS, DIAL = 8, 2, 1, 1, 1


class Page(HTMLParser):
    """What a browser would find: images, table rows, headings; fails on tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.tags, self.attributes = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def calibration(sharpness=2.0):
    ratios = torch.linspace(-1.5, 1, 200) * sharpness
    return calibration_record(ratios, -ratios, temperature=1.0)


def record(index, weights, **changes):
    first = index == 1
    usual = Round(
        index=index,
        beta=1.0 if first else 0.5,
        level=None if first else 0.9,
        kept_share=1.0 if first else 0.7,
        effective_sample_size=30.0,
        missing_mass=None if first else 0.3 / index,
        missing_mass_error=None if first else 0.01,
        weights=tuple(weights),
        divergence=0.5 / index,
        divergence_error=0.01,
        divergence_name="JensenShannon()",
        prefixes=Prefixes(tuple(0.5 / t for t in range(1, index + 1)), (0.02,) * (index - 1) + (0.0,)),
        gamma=None if first else 0.1,
        gamma_bound=None if first else 0.17,
        calibration=calibration(),
        seconds=1.0,
        cpu_seconds=1.5,
    )
    return replace(usual, **changes)


def make_run(path, event_shape=(2,), rounds=3, make=Gaussian, **last):
    """A run with Gaussians, uneven data weights and one critic, without any boosting."""
    randomness = torch.Generator().manual_seed(0)
    data = torch.rand(60, *event_shape, generator=randomness)
    folder = RunFolder(path)
    folder.create(TrainingData.checked(data), seed=5)
    components = [make().fit(data) for _ in range(rounds)]
    critic = Critic(max_steps=2, width=16, seed=0).fit(data, Mixture(components))
    mixture = Mixture(components[:1])
    for index in range(1, rounds + 1):
        if index > 1:
            mixture = mixture.append(components[index - 1], [1 / index] * index)
        values = torch.rand(60, generator=randomness, dtype=torch.float64) if index > 1 else torch.ones(60)
        changes = last if index == rounds else {}
        folder.add(
            record(index, mixture.weights.tolist(), **changes),
            DataWeights((values / values.sum()).double(), beta=0.5),
            mixture,
            critic,
            components=[make],
        )
    return path


@pytest.fixture(scope="module", autouse=True)
def coarse_figures():
    """Few dots per inch, which draws faster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adagan.report.figures.DOTS_PER_INCH", 40)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def short_run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "short", rounds=1)


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    return write_report(run, tmp_path_factory.mktemp("page") / "page.html", num_samples=50).read_text(encoding="utf-8")


def test_stands_alone_and_embeds_every_figure(page):
    found = Page(page)
    assert page.startswith("<!DOCTYPE html>")
    assert not re.search(r"https?:|url\(|@import|<script|<link|<iframe", page)
    references = [value for name, value in found.attributes if name in ("src", "href", "srcset", "data")]
    assert len(references) == len(found.images) == (1 + 3) + 3 + WEIGHTS + CURVES + DIAL + RELIABILITY + REFINED
    for image in found.images:
        assert len(image["alt"]) > 10
        prefix, content = image["src"].split(",")
        assert prefix == "data:image/png;base64"
        assert Image.open(io.BytesIO(base64.b64decode(content))).format == "PNG"


def test_begins_with_the_verdict_and_says_how_it_was_made(page):
    state, advice = overall([record(t, [1 / t] * t) for t in (1, 2, 3)])
    plain = html.unescape(page)
    assert plain.index(state) < plain.index(advice) < plain.index("<h2>")
    assert verdict(record(3, [1 / 3] * 3)) in plain
    assert "<dt>seed of the run</dt><dd>5</dd>" in page
    assert "<dt>CPU time</dt><dd>4.5 seconds</dd>" in page
    assert "budget of 0.5" in page
    row = "<td>10.0% ± 2.0</td><td>0.500</td><td>0.900</td><td>33.3%</td><td>70%</td><td>30</td><td>0.167 ± 0.020</td>"
    assert row in page
    accuracy = f"{calibration().accuracy:.3f}"
    assert f"<td>{accuracy}</td>" in page
    assert "Stopped by its rule" not in page
    assert "<b>Kept:</b>" not in page


def test_an_edge_that_may_be_luck_is_said_to_be(tmp_path):
    text = write_report(make_run(tmp_path / "run", rounds=1, calibration=CHANCE), num_samples=5).read_text("utf-8")
    assert f"<td>0.500 ({CHANCE.level:.2g})</td>" in text


def test_the_dial_says_what_its_ends_are(page):
    (alt,) = [image["alt"] for image in Page(page).images if "dial" in image["alt"]]
    assert re.search(r"at 0\.001 it covers [\d.]+% of the data .* at 0\.999 it covers [\d.]+%", alt)


def test_a_run_that_stopped_says_why_and_what_it_kept(tmp_path):
    run = make_run(tmp_path / "run")
    RunFolder(run).finish(2, "the critic <sees> nothing")
    text = write_report(run, num_samples=20).read_text(encoding="utf-8")
    assert "<b>Stopped by its rule:</b> the critic &lt;sees&gt; nothing." in text
    assert "<b>Kept:</b> the mixture after round 2." in text
    assert re.findall(r"<b>after round (\d+)</b>", text) == ["1", "2", "3"]


def test_default_place_same_seed_same_page_and_no_global_state(short_run):
    settings, state = dict(matplotlib.rcParams), torch.get_rng_state()
    path = write_report(short_run, num_samples=20, seed=1)
    first = path.read_bytes()
    assert path == short_run / "report.html"
    assert write_report(short_run, num_samples=20, seed=1).read_bytes() == first
    assert dict(matplotlib.rcParams) == settings
    assert torch.equal(torch.get_rng_state(), state)
    assert [entry.name for entry in short_run.iterdir() if "draft" in entry.name] == []


def test_a_failed_write_leaves_the_old_page(short_run, tmp_path, monkeypatch):
    target = tmp_path / "page.html"
    target.write_text("old", encoding="utf-8")

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(short_run, target, num_samples=5)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("page.html", "old")]


def test_one_round(short_run, tmp_path):
    text = write_report(short_run, tmp_path / "page.html", num_samples=20).read_text(encoding="utf-8")
    assert len(Page(text).images) == (1 + 1) + 1 + WEIGHTS + (CURVES - 2) + RELIABILITY + REFINED
    assert "After one round a first component is in place" in text
    assert "all points weigh the same" in text


def test_thirty_rounds_are_all_in_the_table_and_eight_in_pictures(tmp_path):
    text = write_report(make_run(tmp_path / "run", rounds=30), num_samples=10).read_text(encoding="utf-8")
    assert re.findall(r'<th scope="row">(\d+)</th>', text) == [str(index) for index in range(1, 31)]
    assert all(html.escape(verdict(record(index, [1 / index] * index))) in text for index in range(1, 31))
    assert re.findall(r"<b>after round (\d+)</b>", text) == ["1", "5", "9", "13", "18", "22", "26", "30"]
    assert text.count("Of the 30 rounds, 8 are shown, evenly spread.") == 2


@pytest.mark.parametrize("count", [1, 2, 8, 9, 10, 30, 1000])
def test_shown_rounds_are_distinct_and_hold_both_ends(count):
    shown = shown_rounds(count)
    assert (shown[0], shown[-1], len(shown)) == (1, count, min(count, 8))
    assert sorted(set(shown)) == shown


def test_hostile_strings_are_text(tmp_path):
    hostile = "<script>alert('1')</script>\"><img src=x onerror=y> $verdict ${title} $\\frac"
    run = make_run(tmp_path / "<b>'&run", rounds=1, notes=(hostile,), divergence_name=hostile)
    text = write_report(run, num_samples=5).read_text(encoding="utf-8")
    found = Page(text)
    assert "script" not in found.tags
    assert all(image["src"].startswith("data:") for image in found.images)
    assert f"Note: {html.escape(hostile)}." in text
    assert f"<title>Boosting run {html.escape(run.name)}</title>" in text
    assert text.count(html.escape(hostile)) == 3


@pytest.mark.parametrize(
    ("shape", "kind", "says"),
    [
        ((2,), PlaneView, "blue crosses are samples"),
        ((5,), PlaneView, "the first two principal components of the data, of 5 dimensions"),
        ((1,), LineView, "blue outlines the samples"),
        ((3, 8, 8), ImageView, "Every grid shows images"),
        ((4, 8, 8), ImageView, "The first three of the four channels are shown"),
        ((5, 2, 2), PlaneView, "of 20 dimensions"),
    ],
)
def test_points_are_shown_by_their_shape(shape, kind, says, tmp_path):
    view = view_of(torch.rand(20, *shape, generator=torch.Generator().manual_seed(0)))
    assert type(view) is kind
    assert says in view.legend


@pytest.mark.parametrize("shape", [(1, 8, 8), (5,), (1,)], ids=str)
def test_images_vectors_and_numbers_get_all_figures(shape, tmp_path):
    text = write_report(make_run(tmp_path / "run", shape, rounds=1), num_samples=20).read_text(encoding="utf-8")
    assert len(Page(text).images) == (1 + 1) + 1 + WEIGHTS + (CURVES - 2) + RELIABILITY + REFINED
    assert html.escape(view_of(RunFolder(tmp_path / "run").preview()[0]).legend) in text


def test_image_grids_keep_black_and_white_and_sort_by_weight():
    data = torch.zeros(40, 1, 4, 4)
    data[20:] = 1
    view = view_of(data)
    assert brightness(view.samples(torch.zeros(36, 1, 4, 4))[0]) == pytest.approx(0)
    assert brightness(view.samples(torch.full((36, 1, 4, 4), 7.0))[0]) == pytest.approx(1)  # beyond the data's range
    black_above = np.asarray(
        Image.open(io.BytesIO(view.weights((data[:, 0, 0, 0] == 0).double() * 2, 2.0))).convert("L")
    )
    height, width = black_above.shape
    above, below = (
        black_above[: height // 2, width // 3 : -width // 3],
        black_above[height // 2 :, width // 3 : -width // 3],
    )
    assert (above == 0).mean() > 0.3 > 0.05 > (below == 0).mean()


def brightness(png):
    """The median of the middle of a picture, 0 is black."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=float) / 255
    height, width = pixels.shape
    return float(np.median(pixels[height // 4 : -height // 4, width // 4 : -width // 4]))


def test_samples_outside_the_frame_are_counted():
    square = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    view = view_of(square)
    assert view.samples(square)[1] == ""
    assert (
        view.samples(torch.cat([square[:3], torch.full((1, 2), 9.0)]))[1]
        == "25.0% of the samples lie outside the frame"
    )
    line = view_of(torch.tensor([[0.0], [1.0]]))
    assert line.samples(torch.tensor([[0.5], [-9.0]]))[1] == "50.0% of the samples lie outside the frame"


def test_constant_data_can_be_shown():
    for view in (
        view_of(torch.ones(5, 2)),
        view_of(torch.ones(5, 3)),
        view_of(torch.ones(5, 1)),
        view_of(torch.ones(5, 1, 2, 2)),
    ):
        assert view.data().startswith(b"\x89PNG")


STARVED = calibration_record(torch.tensor([1.0, -1.0]).repeat(50), torch.tensor([1.0, -1.0]).repeat(50), 1.0)
CHANCE = replace(STARVED, visible_mass=0.01)


@pytest.mark.parametrize(
    ("changes", "state", "advice"),
    [
        ([{"calibration": CHANCE}], "the critic finds no difference between samples and data.", "one more round"),
        ([{"calibration": CHANCE, "missing_mass": 0.01}], "the critic finds no difference", "Stop here"),
        ([{"calibration": STARVED, "missing_mass": 0.01}], "the critic cannot tell", "with 26 times as many points"),
        ([{"calibration": CHANCE}] * 2, "and has not since round 2.", "Stop here"),
        ([{"missing_mass": 0.01}], "hardly anything is missing", "refine the samples"),
        ([{"missing_mass": 0.25, "weights": (0.6, 0.4, 0.0)}], "25.0% of the data is missing", "for longer"),
        (
            [{"weights": (0.6, 0.4, 0.0)}, {"weights": (1.0, 0.0)}],
            "10.0% of the data is missing, and the mixture has taken no newcomer since round 2.",
            "for longer",
        ),
        ([{"missing_mass": 0.25}], "boosting is still at work: 25.0% of the data was missing", "Run more rounds"),
    ],
)
def test_overall_verdict(changes, state, advice):
    rounds = [record(t, [1 / t] * t) for t in (1, 2, 3)]
    for index, change in enumerate(changes, start=1):
        rounds[-index] = replace(rounds[-index], **change)
    found = overall(rounds)
    assert found[0].startswith("After 3 rounds ")
    assert state in found[0]
    assert advice in found[1]


@pytest.mark.parametrize(
    ("change", "state", "advice"),
    [
        (
            {"missing_mass": 0.05, "missing_mass_error": 0.04},
            "may be missing, or nothing: the interval holds 0",
            "stop",
        ),
        ({"missing_mass": 0.0, "missing_visible": 0.2}, "too few points were looked at to tell", "more data"),
        ({"missing_mass": 0.0, "missing_visible": 0.01}, "hardly anything is missing", "refine"),
    ],
)
def test_no_rounds_are_advised_on_an_estimate_that_may_be_zero(change, state, advice):
    rounds = [record(1, [1.0]), record(2, [0.5, 0.5], **change)]
    said, cure = overall(rounds)
    assert state in said
    assert advice in cure
    assert not cure.startswith("Run")
    rounds[-1] = replace(rounds[-1], weights=(1.0, 0.0))
    assert not overall(rounds)[1].startswith("Run")


class Nowhere(torch.nn.Module):
    """A critic that finds data at one sample in a hundred and nothing like them elsewhere."""

    def log_ratio(self, x):
        ratio = torch.full((len(x),), math.inf, dtype=torch.float64)
        ratio[::100] = 0
        return ratio


def test_samples_that_cannot_be_refined_leave_a_sentence():
    data = torch.rand(30, 2, generator=torch.Generator().manual_seed(0))
    panels, text = _refinement(view_of(data), Mixture([Gaussian().fit(data)]), Nowhere(), 10, seed=0)
    assert panels == ""
    assert "could not be refined with a budget of 0.5: budget: 0.5 cannot be met" in text


class Shifted(Gaussian):
    """Somebody's own component, which the package does not know."""


def test_a_users_component_is_passed_in(tmp_path):
    run = make_run(tmp_path / "run", rounds=1, make=Shifted)
    with pytest.raises(ValueError, match="class Shifted"):
        write_report(run)
    assert "<dd>Shifted</dd>" in write_report(run, components=[Shifted], num_samples=5).read_text(encoding="utf-8")


def test_errors_name_cause_and_cure(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run"):
        write_report(tmp_path)
    RunFolder(tmp_path / "empty").create(TrainingData.checked(torch.zeros(5, 2)), seed=0)
    with pytest.raises(ValueError, match="has no complete round yet"):
        write_report(tmp_path / "empty")
    run = make_run(tmp_path / "run", rounds=1)
    with pytest.raises(ValueError, match="num_samples: expected 1 or more, got 0"):
        write_report(run, num_samples=0)
    with pytest.raises(IsADirectoryError, match=r"out: .* is a folder; name a file in it"):
        write_report(run, tmp_path)
    (run / "round-001-weights.safetensors").write_bytes(b"cut")
    with pytest.raises(ValueError, match=r"round-001-weights\.safetensors is corrupted"):
        write_report(run)
    (run / "round-001-critic.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"round-001-critic\.safetensors is missing"):
        write_report(run)
    (run / RUN_FILE).write_text('{"format_version": 1', encoding="utf-8")
    with pytest.raises(ValueError, match="corrupted or truncated"):
        write_report(run)
    assert not (run / "report.html").exists()
