"""The help that is stored is the help that the parsers say."""

import pytest

from adagan.command_line import VERBS, main
from adagan.verbs import stored_help

WRITE = "write it anew: python -m adagan.verbs.stored_help"


@pytest.mark.parametrize("verb", stored_help.VERBS)
def test_it_is_what_the_parser_says(verb: str) -> None:
    stored = stored_help.stored_help([*verb.split(), "--help"])
    assert stored is not None
    # other versions of Python and jsonargparse break lines elsewhere
    assert stored.split() == stored_help.said_help(verb).split(), WRITE


def test_every_verb_has_some() -> None:
    assert {verb.split()[0] for verb in stored_help.VERBS} == set(VERBS)


@pytest.mark.parametrize("words", [["fit"], ["fit", "ring", "--help"], ["study", "ring", "-h"], ["--help"]])
def test_what_asks_for_something_else_goes_to_the_verb(words: list[str]) -> None:
    assert stored_help.stored_help(words) is None


def test_a_terminal_of_another_width_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert max(map(len, stored_help.said_help("report").splitlines())) <= stored_help.WIDTH
    monkeypatch.delenv("COLUMNS")
    stored_help.said_help("report")


def test_both_spellings_print_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "-h"]) == 0
    first = capsys.readouterr().out
    assert main(["fit", "--help"]) == 0
    assert capsys.readouterr().out == first
