"""The report: one page that stands alone, says what is missing and how sure that is, and shows every round."""

import base64
import html
import io
import math
import os
import re
from dataclasses import replace

import matplotlib
import pandas as pd
import pytest
import sklearn.ensemble  # noqa: F401  (its import draws from Python's generator, which the fixture would see)
import torch
from PIL import Image
from reported_runs import Page, calibration, make_fast, make_run, record

from adagan import AdaGAN
from adagan.components import Gaussian, KernelCritic
from adagan.components.critics.calibration import calibration_record
from adagan.data.training_data import TrainingData
from adagan.mixtures import Mixture
from adagan.report.critic_section import refinement_panels
from adagan.report.page import shown_rounds, write_report
from adagan.report.pictures import view_of
from adagan.report.rounds_section import cost_table, diagnostics_table
from adagan.round import verdict
from adagan.run_folder import RUN_FILE, RunFolder

CURVES, REFINED, RELIABILITY, WEIGHTS, DIAL = 2 + 4, 2, 1, 1, 1


@pytest.fixture(scope="module", autouse=True)
def fast():
    with pytest.MonkeyPatch.context() as patch:
        make_fast(patch)
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
    references = [value for name, value in found.attributes if name in ("src", "srcset", "data")]
    rounds = (1 + 3) + 2 + WEIGHTS + CURVES + DIAL + RELIABILITY + REFINED
    # and a map where something is missing of these sixty points
    assert len(references) == len(found.images) in (rounds, rounds + 1)
    for image in found.images:
        assert len(image["alt"]) > 10
        prefix, content = image["src"].split(",")
        assert prefix == "data:image/png;base64"
        assert Image.open(io.BytesIO(base64.b64decode(content))).format == "PNG"


def test_begins_with_what_is_missing_and_ends_with_how_it_was_made(page):
    plain = html.unescape(page)
    headings = ["What is missing", "How sure that is", "What boosting did about it", "What it cost"]
    headings += ["What the samples are worth", "Can the critic be trusted?", "How it was made"]
    places = [plain.index(each) for each in ('class="lead"', "Next:", *(f"{heading}</h2>" for heading in headings))]
    assert places == sorted(places)
    assert verdict(record(3, [1 / 3] * 3)) in plain
    assert "<dt>seed of the run</dt><dd>5</dd>" in page
    assert "<dt>CPU seconds</dt><dd>4.5</dd>" in page
    assert "The data were not at hand: this page looked at the 60 points" in plain
    assert "Stopped:" not in page
    assert "Kept:" not in page


def test_numbers_are_three_digits_with_their_intervals(page):
    # .1 ± 1.96 · .01 before the last round; its divergence .5/3 ± 1.96 · .01
    cells = "<td>10.0% (8.0% to 12.0%)</td><td>70.0%</td><td>33.3%</td><td>–</td><td>0.167 ± 0.0196</td>"
    assert f'<th scope="row" class="words">3</th>{cells}' in page
    (_, *cells), *_ = diagnostics_table([record(2, [0.5, 0.5])]).rows
    accuracy = f"{calibration().accuracy:.3f}"
    assert cells[:6] == ["0.5", "0.9", "70.0%", "30", "0.25 ± 0.0196", accuracy]


def test_an_edge_that_may_be_luck_is_said_to_be():
    (row,) = diagnostics_table([record(1, [1.0], calibration=CHANCE)]).rows
    assert row[6] == f"0.500 ({CHANCE.level:.2g})"


def test_cost_is_told_by_part():
    rounds = [record(t, [1 / t] * t, training_cpu_seconds=1.2, cpu_seconds=1.5, seconds=3.0) for t in (1, 2)]
    assert cost_table(rounds).rows == [
        ["round 1", "1.2 (80.0%)", "0.3 (20.0%)", "1.5", "3"],
        ["round 2", "1.2 (80.0%)", "0.3 (20.0%)", "1.5", "3"],
        ["all", "2.4 (80.0%)", "0.6 (20.0%)", "3", "6"],
    ]
    assert cost_table([record(1, [1.0])]).rows == [["round 1", "–", "–", "1.5", "1"]]


def test_the_dial_says_what_its_ends_are(page):
    (alt,) = [image["alt"] for image in Page(page).images if "dial" in image["alt"]]
    assert re.search(r"at 0\.001 it covers [\d.]+% of the data .* at 0\.999 it covers [\d.]+%", alt)


def test_a_run_that_stopped_says_why_and_what_it_kept(tmp_path):
    run = make_run(tmp_path / "run", notes=("<b>odd</b>",))
    RunFolder(run).finish(2, "the critic <sees> nothing")
    text = write_report(run, num_samples=20).read_text(encoding="utf-8")
    assert "<b>Stopped:</b> the critic &lt;sees&gt; nothing." in text
    assert "<b>Kept:</b> the mixture after round 2." in text
    assert "<b>Mind:</b> there are notes on round 3" in text
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


def test_all_rounds_are_in_the_table_and_eight_in_pictures(tmp_path):
    text = write_report(make_run(tmp_path / "run", rounds=10), num_samples=10).read_text(encoding="utf-8")
    rows = re.findall(r'<th scope="row" class="words">(\d+)</th>', text[text.index("The rounds: intervals") :])
    assert rows == [str(index) for index in range(1, 11)] * 2
    assert all(html.escape(verdict(record(index, [1 / index] * index))) in text for index in range(1, 11))
    assert re.findall(r"<b>after round (\d+)</b>", text) == ["1", "2", "4", "5", "6", "7", "9", "10"]
    assert text.count("Of the 10 rounds, 8 are shown, evenly spread.") == 2


@pytest.mark.parametrize("count", [1, 2, 8, 9, 10, 30, 1000])
def test_shown_rounds_are_distinct_and_hold_both_ends(count):
    shown = shown_rounds(count)
    assert (shown[0], shown[-1], len(shown)) == (1, count, min(count, 8))
    assert sorted(set(shown)) == shown


HOSTILE = "<script>alert('1')</script>\"><img src=x onerror=y> $verdict {{ title }} {% raise %}"


def test_hostile_strings_are_text(tmp_path):
    run = make_run(tmp_path / "<b>'&run", rounds=1, notes=(HOSTILE,), divergence_name=HOSTILE)
    text = write_report(run, num_samples=5).read_text(encoding="utf-8")
    found = Page(text)
    assert "script" not in found.tags
    assert all(image["src"].startswith("data:") for image in found.images)
    escaped = html.escape(HOSTILE).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    assert f"Note: {escaped}." in text
    assert "Boosting run &lt;b&gt;&#39;&amp;run</title>" in text


@pytest.fixture(scope="module")
def hostile_table(tmp_path_factory):
    """A run of a table whose columns and categories are called by HTML, which leaves one category out."""
    random = torch.Generator().manual_seed(100)
    rare = torch.rand(300, generator=random) < 0.2
    values = torch.randn(300, generator=random) + 9 * rare
    frame = pd.DataFrame(
        {HOSTILE: values.numpy(), "kind": ["<i>rare</i>" if each else "<b>x" for each in rare.tolist()]}
    )
    folder = tmp_path_factory.mktemp("table") / "run"
    AdaGAN(Gaussian, rounds=1, critic=KernelCritic, coarse_critic=KernelCritic, seed=100, folder=folder).fit(frame)
    return folder, frame


def test_a_table_is_told_by_quantiles_and_its_names_are_text(hostile_table):
    folder, frame = hostile_table
    data = TrainingData.checked(frame, columns=RunFolder(folder).encoding())
    text = write_report(folder, num_samples=50, data=data).read_text(encoding="utf-8")
    found = Page(text)
    assert "script" not in found.tags
    assert all(image["src"].startswith("data:") for image in found.images)
    assert "&lt;b&gt;x " in text
    assert "&lt;i&gt;rare&lt;/i&gt; " in text
    quantiles = " / ".join(f"{frame[HOSTILE].quantile(at, interpolation='nearest'):,.5g}" for at in (0.05, 0.5, 0.95))
    assert f'<td class="words">{quantiles}</td>' in text
    assert "principal component" not in text
    assert "The data were not at hand" not in text


def test_other_data_are_refused(short_run):
    with pytest.raises(ValueError, match="data: these are not the data of the run"):
        write_report(short_run, data=TrainingData.checked(torch.zeros(60, 2)))


@pytest.mark.parametrize("shape", [(1, 8, 8), (5,), (1,)], ids=str)
def test_images_have_pictures_and_columns_have_quantiles(shape, tmp_path):
    text = write_report(make_run(tmp_path / "run", shape, rounds=2), num_samples=20).read_text(encoding="utf-8")
    found = [image["alt"] for image in Page(text).images]
    is_columns = shape == (5,)
    assert ("Samples after round 2 against the data" in found) is not is_columns
    assert ("Entries of the data and of the samples" in text) is (len(shape) == 1)
    if is_columns:
        assert '<th scope="row" class="words">entry 5</th>' in text
        assert "weight of the heaviest 10.0%" in text


STARVED = calibration_record(torch.tensor([1.0, -1.0]).repeat(50), torch.tensor([1.0, -1.0]).repeat(50), 1.0)
CHANCE = replace(STARVED, visible_mass=0.01)


class Nowhere(torch.nn.Module):
    """A critic that finds data at one sample in a hundred and nothing like them elsewhere."""

    def log_ratio(self, x):
        ratio = torch.full((len(x),), math.inf, dtype=torch.float64)
        ratio[::100] = 0
        return ratio


def test_samples_that_cannot_be_refined_leave_a_sentence():
    data = torch.rand(30, 2, generator=torch.Generator().manual_seed(0))
    panels, text = refinement_panels(view_of(data), Mixture([Gaussian().fit(data)]), Nowhere(), 10, seed=0)
    assert panels == []
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
