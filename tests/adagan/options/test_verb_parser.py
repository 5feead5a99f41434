"""How options are spelled, what is said of misspelt ones and of values of another kind, and what help shows."""

from collections.abc import Callable

import pytest
from jsonargparse import Namespace

from adagan.mixtures.errors import UserError
from adagan.options.run_options import run_parser
from adagan.options.verb_parser import VerbParser
from adagan.verbs.resume import resume_parser
from adagan.verbs.sample import sample_parser


def parsed(make: Callable[[], VerbParser], *words: str) -> Namespace:
    return make().parse(words)


def underscored(name: str) -> str:
    return "--" + name[2:].replace("-", "_")


@pytest.mark.parametrize("spell", [str, underscored], ids=["dashes", "underscores"])
def test_options_are_spelled_with_dashes_or_underscores(spell: Callable[[str], str]) -> None:
    words = [
        *(spell("--warm-start"), "true"),
        *(spell("--gan.max-steps"), "7"),
        spell("--critic.batch-size") + "=9",
        spell("--critic-kind") + "=kernel",
        *("--trainer.max_time", "00:00:01:00"),
    ]
    settings = parsed(run_parser, "a_b.npy", *words)
    assert settings.warm_start is True
    assert settings.gan.max_steps == 7
    assert settings.critic.batch_size == 9
    assert settings.critic_kind == "kernel"
    # names of Python's and values stay as they are
    assert settings.trainer == {"max_time": "00:00:01:00"}
    assert settings.data == "a_b.npy"


MISTAKES: dict[str, tuple[Callable[[], VerbParser], list[str], str]] = {
    "misspelt": (run_parser, ["--ronds", "3"], "unknown option --ronds; did you mean --rounds? (adagan fit --help"),
    "underscored": (run_parser, ["--gan.max_step", "3"], "option --gan.max_step; did you mean --gan.max-steps?"),
    "of a verb": (sample_parser, ["RUN", "--num-sample=3"], "unknown option --num-sample; did you mean --num-samples?"),
    "nothing like it": (resume_parser, ["RUN", "--xyzzy"], "unknown option --xyzzy (adagan resume --help lists all)"),
    "no value": (run_parser, ["--rounds"], "--rounds: expected one argument"),
    "number": (run_parser, ["--seed", "x"], "--seed: expected a whole number, got 'x'"),
    "rate": (run_parser, ["--gan.learning-rate", "x"], "--gan.learning-rate: expected a number, got 'x'"),
    "switch": (run_parser, ["--warm-start", "x"], "--warm-start: expected true or false, got 'x'"),
    "list": (run_parser, ["--gan.techniques", "packing"], "--gan.techniques: expected a list such as '[one, two]'"),
    "pair": (run_parser, ["--gan.betas", "1"], "--gan.betas: expected two numbers such as '[0.5, 0.9]', got '1'"),
    "mapping": (run_parser, ["--trainer", "fast"], "--trainer: expected names with values such as '{"),
    "one word more": (resume_parser, ["RUN", "more"], "unexpected words: more"),
    "no run": (sample_parser, [], "expected RUN; see adagan sample --help"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name: str) -> None:
    make, words, message = MISTAKES[name]
    with pytest.raises(UserError) as caught:
        parsed(make, *words)
    assert message in str(caught.value)


def test_help_is_for_a_reader_in_a_hurry(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit, match="0"):
        parsed(run_parser, "--help")
    said = capsys.readouterr().out
    assert said.startswith("usage: adagan fit DATA --out RUN [options]")
    for word in ("null", "type:", "None", "_", "`"):
        assert word not in said, word
    for line in ("  --rounds N ", "  --warm-start {true,false}", "(default: 4000)", "(default: 0, 0.99)", "boosting:"):
        assert line in said, line
    assert max(map(len, said.splitlines())) <= 100


def test_a_parser_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    parser = VerbParser("try", "[options]", "Tries.", "That is all.")
    parser.add_argument("--so_spelled", type=float, default=0.5, metavar="X", help="half of 100 %")
    assert parser.parse(["--so-spelled", "1e-3"]).so_spelled == 0.001
    with pytest.raises(SystemExit, match="0"):
        parser.parse(["-h"])
    said = capsys.readouterr().out
    assert "  --so-spelled X  half of 100 % (default: 0.5)" in said
    assert said.endswith("That is all.\n")
