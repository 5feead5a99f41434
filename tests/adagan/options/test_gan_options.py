"""The GAN's objectives, penalties and techniques on the command line."""

from pathlib import Path
from typing import Any

import pytest

from adagan import GAN
from adagan.components import (
    FGAN,
    Classes,
    Codes,
    FewLabels,
    GradientPenalty,
    InstanceNoise,
    Packing,
    ZeroCenteredPenalty,
)
from adagan.options.boosting_options import make_model
from adagan.options.gan_options import OBJECTIVE_NAMES, PENALTY_NAMES, TECHNIQUE_NAMES, gan_options
from adagan.options.run_options import run_parser


def made(*words: str) -> GAN:
    return GAN(**gan_options(run_parser().parse(["unbalanced-ring", *words])))


def test_defaults_are_those_of_the_class() -> None:
    by_default, by_class = made(), GAN()
    names = ("objective", "penalty", "techniques", "schedule", "max_steps", "learning_rate", "betas", "ema_decay")
    for name in names:
        assert repr(getattr(by_default, name)) == repr(getattr(by_class, name)), name


@pytest.mark.parametrize("name", OBJECTIVE_NAMES)
def test_every_objective_has_a_name(name: str) -> None:
    number = {"generalized-minimax": ":0.3", "f-gan-generalized-jensen-shannon": ":0.3", "f-gan-alpha": ":0.5"}
    gan = made("--objective", name + number.get(name, ""))
    assert name.startswith("f-gan") == isinstance(gan.objective, FGAN)


@pytest.mark.parametrize("name", PENALTY_NAMES)
def test_every_penalty_has_a_name(name: str) -> None:
    gan = made("--gan.penalty", f"{name}:3")
    assert gan.penalty is not None
    assert gan.penalty.factor == 3
    assert isinstance(gan.penalty, GradientPenalty) == (name == "gradient")


@pytest.mark.parametrize("name", TECHNIQUE_NAMES)
def test_every_technique_has_a_name(name: str) -> None:
    assert len(made("--gan.techniques", f"[{name}]").techniques) == 1


def test_numbers_and_lists() -> None:
    gan = made(
        "--gan.techniques", "[packing:3, instance-noise:0.2]", "--gan.penalty", "0.5", "--gan.schedule", "constant"
    )
    assert list(map(repr, gan.techniques)) == [repr(Packing(3)), repr(InstanceNoise(0.2))]
    assert repr(gan.penalty) == repr(ZeroCenteredPenalty(0.5))
    assert gan.schedule is not None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("conditional-gan", Classes),
        ("semi-supervised-gan", FewLabels),
        ("info-gan", Codes),
        ("info-gan:3", Codes),
    ],
)
def test_gans_that_learn_classes_or_codes_take_the_same_options(name: str, kind: type, tmp_path: Path) -> None:
    words = ["unbalanced-ring", "--component", name, "--gan.max-steps", "7", "--objective", "minimax"]
    component = make_model(run_parser().parse(words), str(tmp_path / "run")).component()
    assert type(component.conditioning) is kind
    assert component.max_steps == 7
    assert repr(component.objective) == "Minimax()"
    if kind is Codes:
        assert component.conditioning.codes.categorical == ((3,) if ":" in name else (10,))


def test_a_code_has_two_values_at_least(tmp_path: Path) -> None:
    settings = run_parser().parse(["unbalanced-ring", "--component", "info-gan:1"])
    with pytest.raises(ValueError, match="--component info-gan:1: categorical: expected"):
        make_model(settings, str(tmp_path / "run"))


MISTAKES: dict[str, tuple[list[str], str]] = {
    "objective": (["--objective", "minmax"], r"--objective: unknown name 'minmax'; did you mean minimax\?"),
    "pi": (
        ["--objective", "generalized-minimax:1"],
        r"--objective generalized-minimax:1: pi: expected a number in \(0, 1\)",
    ),
    "number": (["--objective", "generalized-minimax"], "--objective: generalized-minimax needs a number"),
    "penalty": (["--gan.penalty", "r3"], r"--gan\.penalty: unknown name 'r3'"),
    "technique": (["--gan.techniques", "[pack]"], r"--gan\.techniques: unknown name 'pack'; did you mean packing\?"),
    "half": (
        ["--gan.techniques", "[packing:1.5]"],
        r"--gan\.techniques packing:1\.5: size: expected a whole number, got 1\.5",
    ),
    "slope": (["--objective", "wasserstein", "--gan.penalty", "0"], r"penalty: the loss of Wasserstein\(\)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name: str) -> None:
    words, message = MISTAKES[name]
    with pytest.raises(ValueError, match=message):
        made(*words)


def test_settings_come_back_from_their_file() -> None:
    parser: Any = run_parser()
    words = ["unbalanced-ring", "--gan.techniques", "[packing:2]", "--gan.penalty", "gradient:3"]
    settings = parser.parse(words)
    again = parser.parse_string(parser.dump(settings))
    assert repr(gan_options(again)["penalty"]) == repr(gan_options(settings)["penalty"]) == repr(GradientPenalty(3))
    assert repr(gan_options(again)["techniques"]) == "[Packing(size=2)]"
