"""Ctrl-C and SIGTERM: one line that says what is kept and how to go on, and a run that does go on."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_runs import fit, points, same_mixture

from adagan.command_line import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Ctrl-C is heard, whatever started the tests: a shell's background processes begin with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


SIGNALS = [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143)]


@pytest.mark.parametrize(("calls", "kept"), [(1, "of which nothing is kept; adagan resume"), (2, "round 1 is kept")])
@pytest.mark.parametrize("stop", SIGNALS)
def test_an_interrupted_run_says_what_is_kept_and_is_resumed(
    calls: int,
    kept: str,
    stop: tuple[int, str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    number, word, status = stop
    data = points(tmp_path)
    assert main(fit(data, tmp_path / "whole")) == 0
    with monkeypatch.context() as patch:
        from adagan.boosting import AdaGAN

        boost, begun = AdaGAN.boost, []

        def interrupted(self: AdaGAN) -> AdaGAN:
            begun.append(1)
            if len(begun) == calls:
                signal.raise_signal(number)
            return boost(self)

        patch.setattr(AdaGAN, "boost", interrupted)
        capsys.readouterr()
        assert main(fit(data, tmp_path / "run")) == status
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith(f"adagan: {word} in round {calls}")
    assert kept in line
    assert f"adagan resume {tmp_path / 'run'}" in line
    assert printed.out.count("Round ") == calls - 1
    assert main(["resume", str(tmp_path / "run")]) == 0
    # the verdicts of the rounds that were run now, and no others
    assert capsys.readouterr().out.count("Round ") == 3 - calls
    assert same_mixture(tmp_path / "run", tmp_path / "whole")


def test_an_interrupt_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("adagan.run_folder.RunFolder.create", interrupted)
    assert main(fit(points(tmp_path), tmp_path / "run")) == 130
    assert capsys.readouterr().err == "adagan: interrupted before anything was written\n"
    assert not (tmp_path / "run").exists()


def test_a_run_that_was_killed_before_its_end_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("adagan.run_folder.RunFolder.finish", killed)
        with pytest.raises(Killed):
            main(fit(points(tmp_path), run))
    assert "kept" not in json.loads((run / "run.json").read_text())
    assert main(["resume", str(run)]) == 0
    content = json.loads((run / "run.json").read_text())
    assert (len(content["rounds"]), content["kept"], content["stopped"]) == (2, 2, "")
    assert json.loads((run / "mixture.json").read_text())["kept"] == 2
    capsys.readouterr()
    assert main(["resume", str(run)]) == 2
    assert "has 2 rounds already; ask for more to add some" in capsys.readouterr().err


def test_a_signal_while_resume_reads_the_data_names_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    run = tmp_path / "run"
    assert main(fit(points(tmp_path), run)) == 0
    capsys.readouterr()

    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("adagan.verbs.stored_run.read_inputs", interrupted)
    assert main(["resume", str(run), "--rounds", "3"]) == 143
    assert f"rounds 1 to 2 are kept, and adagan resume {run} goes on from there" in capsys.readouterr().err


def test_a_resume_that_was_interrupted_remembers_how_many_rounds_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    from adagan.boosting import AdaGAN

    run, boost = tmp_path / "run", AdaGAN.boost

    def interrupted(self: AdaGAN) -> AdaGAN:
        if len(self.rounds_) == 2:
            raise KeyboardInterrupt
        return boost(self)

    assert main(fit(points(tmp_path), run)) == 0
    with monkeypatch.context() as patch:
        patch.setattr(AdaGAN, "boost", interrupted)
        assert main(["resume", str(run), "--rounds", "3"]) == 130
    assert main(["resume", str(run)]) == 0
    assert len(json.loads((run / "run.json").read_text())["rounds"]) == 3
    capsys.readouterr()
    assert main(["resume", str(run)]) == 2
    assert "has 3 rounds already" in capsys.readouterr().err


def test_resume_refuses_other_columns(tmp_path: Path, capsys: Captured) -> None:
    for words in (["--columns", "zip=category"], ["--columns=zip=category"]):
        assert main(["resume", str(tmp_path), *words]) == 2
        assert "--columns: a run keeps the kinds that it began with" in capsys.readouterr().err


@pytest.mark.slow
def test_a_second_interrupt_while_a_round_is_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    from adagan.mixtures.storage.held_folder import HeldFolder

    data = points(tmp_path)
    assert main(fit(data, tmp_path / "whole")) == 0
    replace, remove, moments = HeldFolder.replace, HeldFolder.remove, list[str]()

    def interrupted(self: HeldFolder, old: str, new: str) -> None:
        moments.append(new)
        if len(moments) == stop:
            signal.raise_signal(signal.SIGINT)
        replace(self, old, new)

    def again(self: HeldFolder, name: str) -> None:
        if len(moments) == stop and name.endswith(".draft"):
            signal.raise_signal(signal.SIGINT)  # while the first one is answered
        remove(self, name)

    # three files of an empty run, and five of a round: component, weights, critic, mixture.json, run.json; the
    # first, a middle and the last one
    for stop in (9, 11, 13):
        run = tmp_path / f"run{stop}"
        with monkeypatch.context() as patch:
            patch.setattr(HeldFolder, "replace", interrupted)
            patch.setattr(HeldFolder, "remove", again)
            moments.clear()
            capsys.readouterr()
            assert main(fit(data, run)) == 130
        assert moments[7] == "run.json"
        assert "round 1 is kept" in capsys.readouterr().err
        assert len(json.loads((run / "run.json").read_text())["rounds"]) == 1
        assert main(["resume", str(run)]) == 0
        assert same_mixture(run, tmp_path / "whole")
        assert not list(run.glob(".*"))
