"""A component that hangs is ended, tried once more, and never takes the mixture so far with it."""

import signal
import threading
import time
from typing import Any

import pytest
from clusters import DATA, Nearest, model
from torch import Tensor

from adagan.mixtures.errors import UserError
from adagan.time_limit import TookTooLong, time_limit

pytestmark = pytest.mark.filterwarnings("ignore:round")
SECOND = 1 / 60


class Hanging(Nearest):
    """Waits for ever in its second fit, and perhaps in those after it."""

    fits = 0
    hangs: tuple[int, ...] = (2,)

    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> Any:
        type(self).fits += 1
        if type(self).fits in self.hangs:
            time.sleep(60)
        return super().fit(data, weights=weights)


def hanging(*fits: int) -> type[Hanging]:
    return type("Nearest", (Hanging,), {"fits": 0, "hangs": fits})


def test_what_hangs_is_tried_once_more() -> None:
    fitted = model(hanging(2), rounds=2, component_minutes=0.3 * SECOND).fit(DATA)
    assert len(fitted.rounds_) == 2
    (note,) = (note for note in fitted.rounds_[1].notes if "trained again" in note)
    assert "TookTooLong: round 2: training took longer than the 0.005 minutes" in note


def test_what_hangs_twice_ends_the_run_with_the_mixture_so_far() -> None:
    with pytest.warns(
        UserWarning, match="round 2: the newcomer failed twice: TookTooLong.*what was there before is kept"
    ):
        fitted = model(hanging(2, 3), rounds=3, component_minutes=0.3 * SECOND).fit(DATA)
    assert len(fitted.mixture_) == 1
    assert "failed twice" in fitted.stopped_


def test_a_first_component_that_hangs_is_an_error() -> None:
    with pytest.raises(TookTooLong, match="round 1: training took longer"):
        model(hanging(1), rounds=1, component_minutes=0.2 * SECOND).fit(DATA)


def test_an_alarm_of_somebody_elses_goes_off_all_the_same() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    left = signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(TookTooLong), time_limit(0.05 * SECOND, "it"):
            time.sleep(5)
        with time_limit(5 * SECOND, "it"):
            pass
        assert heard == []
        time.sleep(0.3)
        assert heard == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)
        signal.signal(signal.SIGALRM, before)


def test_another_thread_is_told_that_nothing_could_end_it() -> None:
    said: list[str] = []

    def run() -> None:
        try:
            with time_limit(1, "it"):
                said.append("ran")
        except UserError as error:
            said.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert said[0].startswith("component_minutes: only the main thread can be interrupted")
