"""Pages for everybody: order of headings, landmarks, names, table headers, and contrast in both colour schemes."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import sklearn.ensemble  # noqa: F401  (its import draws from Python's generator, which the fixture would see)
from reported_runs import make_fast, make_run

from adagan.report.page import write_report

TEXT_CONTRAST = 4.5
"""Of the Web Content Accessibility Guidelines 2.1, level AA, for text."""


class Outline(HTMLParser):
    """Every start tag with its attributes, and what the page says of itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def named(self, *names: str) -> list[tuple[str, dict[str, str | None]]]:
        return [each for each in self.tags if each[0] in names]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    with pytest.MonkeyPatch.context() as patch:
        make_fast(patch)
        return write_report(make_run(tmp_path_factory.mktemp("runs") / "run"), num_samples=20).read_text("utf-8")


def test_it_has_a_language_a_title_landmarks_and_a_way_past_the_links(page: str) -> None:
    outline = Outline(page)
    assert outline.tags[0] == ("html", {"lang": "en"})
    assert [tag for tag, _ in outline.named("header", "nav", "main", "footer")] == ["header", "nav", "main", "footer"]
    assert outline.named("a")[0][1] == {"class": "skip", "href": "#content"}
    assert len(outline.named("title")) == 1


def test_headings_begin_with_one_and_skip_no_level(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in Outline(page).named("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1 == levels[0]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_links_lead_somewhere_and_ids_are_unique(page: str) -> None:
    outline = Outline(page)
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [str(attributes["href"]) for _, attributes in outline.named("a")]
    assert {target.removeprefix("#") for target in targets} <= set(ids)


def test_pictures_have_words_and_tables_have_headers(page: str) -> None:
    outline = Outline(page)
    assert all(attributes.get("alt") for _, attributes in outline.named("img"))
    tables, captions = outline.named("table"), outline.named("caption")
    assert len(tables) == len(captions) >= 3
    assert {attributes.get("scope") for _, attributes in outline.named("th")} == {"col", "row"}
    # what scrolls is reached by the keyboard and has a name
    scrolling = [attributes for _, attributes in outline.tags if attributes.get("class") == "scroll"]
    assert len(scrolling) == len(tables)
    assert all(attributes["tabindex"] == "0" and attributes["role"] == "region" for attributes in scrolling)
    assert all(attributes["aria-label"] for attributes in scrolling)


def colours(page: str) -> list[dict[str, str]]:
    """The colours of the light and of the dark scheme."""
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", rule)) for rule in re.findall(r":root \{([^}]*)\}", page)]


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_by_hand() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_text_stands_out_in_both_schemes(page: str) -> None:
    light, dark = colours(page)
    assert luminance(light["paper"]) > 0.9
    assert luminance(dark["paper"]) < 0.02
    for scheme in (light, dark):
        for ink in ("ink", "soft", "accent"):
            for paper in ("paper", "wash"):
                assert contrast(scheme[ink], scheme[paper]) >= TEXT_CONTRAST, (ink, paper)


def test_the_reader_chooses_the_scheme_and_print_is_light(page: str) -> None:
    assert "@media screen and (prefers-color-scheme: dark)" in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "@media print" in page
    # a figure's colours turn with the page, a photo's do not
    assert re.search(r"figure\.chart img \{ filter: invert\(1\)", page)
