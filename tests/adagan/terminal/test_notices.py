"""What the command line prints of the library's log and warnings."""

import logging
import warnings

import pytest

from adagan.terminal.notices import notices_shown

LOG = logging.getLogger("adagan.somewhere")


def test_findings_go_to_stdout_and_notes_to_stderr_once(capsys: pytest.CaptureFixture[str]) -> None:
    with notices_shown():
        LOG.info("Round %d: done.", 1)
        LOG.debug("not for users")
        for _ in range(2):
            LOG.warning("a cause,\n an argument")
            warnings.warn("a cause, an argument", stacklevel=1)
        warnings.warn("another", stacklevel=1)
    printed = capsys.readouterr()
    assert printed.out == "Round 1: done.\n"
    assert printed.err == "adagan: note: a cause, an argument\nadagan: note: another\n"


def test_afterwards_all_is_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    logger, show = logging.getLogger("adagan"), warnings.showwarning
    level, handlers = logger.level, list(logger.handlers)
    with pytest.raises(RuntimeError, match="stop"), notices_shown():
        raise RuntimeError("stop")
    LOG.info("unseen")
    assert (logger.level, logger.handlers, warnings.showwarning) == (level, handlers, show)
    assert capsys.readouterr() == ("", "")


def test_the_library_says_nothing_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    import adagan

    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger(adagan.__name__).handlers)
    LOG.propagate, propagated = True, LOG.propagate
    LOG.info("unseen")
    LOG.propagate = propagated
    assert capsys.readouterr() == ("", "")
