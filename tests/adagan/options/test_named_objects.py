"""Names on the command line: made from classes' names, and the objects that they stand for."""

import pytest

from adagan.mixtures import Alpha, Constant, FDivergence, TopK
from adagan.mixtures.data_weights import RULES
from adagan.mixtures.divergences import DIVERGENCES
from adagan.mixtures.errors import UserError
from adagan.mixtures.steps import STEPS, TARGETS
from adagan.options.named_objects import choose, named

CLASSES = named([*DIVERGENCES, *RULES, *TARGETS])


def test_names_are_those_of_the_classes_with_dashes() -> None:
    names = ["jensen-shannon", "forward-kl", "pearson-chi2", "le-cam", "top-k-last", "keep-share", "missing-mass"]
    assert set(names) <= set(CLASSES)
    assert list(named([TopK], without="K")) == ["top"]
    assert list(named(STEPS)) == ["fully-corrective", "line-search", "harmonic", "constant"]


@pytest.mark.parametrize("kind", DIVERGENCES)
def test_every_divergence_has_a_name_and_a_number_if_it_needs_one(kind: type[FDivergence]) -> None:
    (name,) = named([kind])
    made = choose(f"{name}:{kind.examples[0]}" if kind.examples else name, CLASSES, "--divergence")
    assert type(made) is kind


def test_numbers_are_whole_where_they_are_written_so() -> None:
    assert choose("constant:.5", {"constant": Constant}, "--step").value == 0.5
    assert choose("value:-3", {"value": int}, "") == -3
    assert choose("value:3", {"value": lambda number: number}, "") == 3
    assert isinstance(choose("value:3", {"value": lambda number: number}, ""), int)
    assert choose("alpha:1e-1", {"alpha": Alpha}, "").a == 0.1


MISTAKES = {
    "unknown": ("top-q", "--rule: unknown name 'top-q'; did you mean top-k?"),
    "needs a number": ("top-k", "--rule: top-k needs a number, as in top-k:0.1"),
    "takes none": ("star:3", "--rule: star takes no number"),
    "no number": ("top-k:x", "--rule: expected a number after top-k:, got 'x'"),
    "refused": ("top-k:2", "--rule top-k:2: share: expected a number in (0, 1], got 2"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_name_the_option(name: str) -> None:
    text, message = MISTAKES[name]
    with pytest.raises(UserError) as caught:
        choose(text, named(RULES), "--rule")
    assert message in str(caught.value)
