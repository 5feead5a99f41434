"""Progress in plain lines, by hand-made clocks, and what waits before it is shown."""

import io

import pytest

from adagan.components.training.progress import announce, listening
from adagan.terminal.display import Bars, Lines, Patient, progress_shown, rounds_shown


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Recorder:
    """What it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []
        self.closed = False

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.told.append((stage, done, total))

    def close(self) -> None:
        self.closed = True


def test_lines_say_round_stage_steps_and_time_left() -> None:
    clock, stream = Clock(), io.StringIO()
    lines = Lines(stream, rounds=3, done=1, clock=clock)
    for clock.now, step in ((0.5, 50), (2.0, 200), (2.5, 250), (4.0, 1_200)):
        lines("generator", step, 4_000)
    lines("round", 2, 3)
    clock.now = 10.0
    lines("critic", 50, 300)
    assert stream.getvalue().splitlines() == [
        "round 2 of 3, generator: 200 of 4,000, 0:38 left",
        "round 2 of 3, generator: 1,200 of 4,000, 0:09 left",
        "round 3 of 3, critic: 50 of 300",
    ]


def test_lines_are_a_second_apart_and_farther_in_a_long_run() -> None:
    clock, stream = Clock(), io.StringIO()
    lines = Lines(stream, clock=clock)
    for tenth in range(36_000):
        clock.now = tenth / 10
        lines("samples", tenth, 36_000)
    written = stream.getvalue().splitlines()
    assert written[0] == "samples: 10 of 36,000, 59:59 left"
    # one a second for 50 seconds, and then 1.02 times as late as the one before
    assert 50 < len(written) < 50 + 225
    assert "\r" not in stream.getvalue()


def test_a_stage_that_begins_anew_is_timed_anew() -> None:
    clock, stream = Clock(), io.StringIO()
    lines = Lines(stream, clock=clock)
    for clock.now, step in ((1.5, 100), (3.0, 50), (5.0, 100)):
        lines("critic", step, 150)
    assert stream.getvalue().splitlines()[-1] == "critic: 100 of 150, 0:02 left"


def test_what_is_done_soon_is_not_shown() -> None:
    clock, recorder = Clock(), Recorder()
    patient = Patient(lambda: recorder, patience=1.5, clock=clock)
    for clock.now in (0.0, 1.0, 1.5, 2.0):
        patient("samples", int(10 * clock.now), 100)
    patient.close()
    assert recorder.told == [("samples", 15, 100), ("samples", 20, 100)]
    assert recorder.closed
    unseen = Patient(lambda: pytest.fail("it was shown"), patience=1.5, clock=clock)
    unseen("samples", 1, 2)
    unseen.close()


def test_rounds_are_shown_where_they_are_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    with rounds_shown(2, 0, visible=False):
        announce("generator", 1, 2)
    with rounds_shown(2, 0, visible=True), progress_shown() as told, listening(told):
        announce("generator", 1, 2)
    # pytest's stderr is no terminal, and nothing here takes a second
    assert capsys.readouterr() == ("", "")


def test_bars_follow_stages_and_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    bars = Bars(rounds=2, done=0)
    bars("generator", 50, 100)
    bars("round", 1, 2)
    bars("critic", 7, 10)
    bars.close()
    shown = capsys.readouterr()
    assert "1/2" in shown.err
    assert "critic" in shown.err
    assert "7/10" in shown.err
    assert shown.out == ""
