"""What the library tells the user of the command line: verdicts on stdout, notes on stderr, each once."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class Notices(logging.Handler):
    """Prints what the package logs: what it found to stdout, what the user should know to stderr."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._noted: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self.note(record.getMessage())
        else:
            print(record.getMessage(), flush=True)  # noqa: T201

    def note(self, message: str) -> None:
        """Prints a note, unless it is there already."""
        line = " ".join(message.split())
        if line not in self._noted:
            self._noted.add(line)
            print(f"adagan: note: {line}", file=sys.stderr, flush=True)  # noqa: T201

    def show_warning(self, message: Warning | str, *_: object, **__: object) -> None:
        """In the place of `warnings.showwarning`."""
        self.note(str(message))


@contextmanager
def notices_shown() -> Iterator[None]:
    """Within the block, what the package logs and warns of is shown; afterwards all is as before."""
    notices, logger = Notices(), logging.getLogger("adagan")
    level = logger.level
    with warnings.catch_warnings():
        warnings.showwarning = notices.show_warning
        logger.addHandler(notices)
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            logger.setLevel(level)
            logger.removeHandler(notices)
