"""The critics of a run, named on the command line."""

from pathlib import Path

import pytest
import torch
from small_runs import fit, points

from adagan import AdaGAN
from adagan.command_line import main
from adagan.components import (
    BestOf,
    BinaryCritic,
    ClassifierCritic,
    Critic,
    Gaussian,
    KernelCritic,
    SharpCritic,
    VectorScaling,
)
from adagan.options.boosting_options import make_model
from adagan.options.run_options import parse_run
from adagan.run_folder import RunFolder

KINDS = {
    "sharp": SharpCritic,
    "softmax": Critic,
    "binary": BinaryCritic,
    "classifier": ClassifierCritic,
    "kernel": KernelCritic,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_made_with_its_options(kind: str) -> None:
    words = ["ring", "--critic-kind", kind, "--calibrator", "best-of", "--critic.folds", "3", "--critic.width", "9"]
    words += ["--resolution", "0.1"]
    model = make_model(parse_run(words)[1], "")
    critic, coarse = model.critic(), model.coarse_critic()
    assert type(critic) is KINDS[kind]
    assert type(coarse) is Critic
    assert (critic.folds, critic.calibrator) == (coarse.folds, coarse.calibrator) == (3, BestOf())
    assert (coarse.width, coarse.noise) == (9, 0.1)
    assert getattr(critic, "width", 9) == 9


def test_the_default_is_the_librarys() -> None:
    model = make_model(parse_run(["ring"])[1], "")
    critic = model.critic()
    assert type(critic) is type(AdaGAN(Gaussian).critic()) is SharpCritic
    assert critic.calibrator == VectorScaling()
    assert critic.get_params() == SharpCritic(calibrator=VectorScaling()).get_params()


def test_options_of_networks_are_not_ignored_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    make_model(parse_run(["ring", "--critic.max-steps", "5", "--critic.max-samples", "300"])[1], "")
    assert caplog.messages == [
        "--critic.max-steps: for critics that are networks only; add --critic-kind softmax, or leave it out"
    ]


@pytest.mark.slow
def test_a_run_keeps_it(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["fit", points(tmp_path), "--out", str(out), "--rounds", "2", "--component", "gaussian"]
    threads = ["--threads", str(torch.get_num_threads())]
    assert main([*words, *threads, "--critic-kind", "kernel", "--calibrator", "isotonic"]) == 0
    assert isinstance(RunFolder(out).critic(), KernelCritic)
    assert main(["resume", str(out), "--rounds", "3"]) == 0
    assert len(RunFolder(out).content()["rounds"]) == 3


@pytest.mark.parametrize(("option", "word"), [("--critic-kind", "kernal"), ("--calibrator", "plat")])
def test_an_unknown_name_is_named(option: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(fit(points(tmp_path), tmp_path / "run", option, word)) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f"{option}: unknown name '{word}'; did you mean" in message
