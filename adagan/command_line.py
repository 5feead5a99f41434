"""The command line: ``adagan VERB ...``; each verb's ``--help`` is its reference.

Exit status 0 on success, and else one line on stderr. 2 is a user's mistake: a `UserError`, a file that cannot be read
or written, an exception in the user's own code (``--component MODULE:MAKE``), too little memory. 1 is a fault of ours.
Where a traceback helps it stands in a log file, which the line names. 130 and 143 are Ctrl-C and SIGTERM; the line says
what is kept. 141 is a reader that went away, as in ``adagan missing RUN | head -1``: nothing is said.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from adagan.mixtures.errors import UserError
from adagan.suggestions import suggestion
from adagan.terminal.notices import notices_shown
from adagan.terminal.stop_signals import stop_signals
from adagan.verbs.stored_help import stored_help

VERBS = {
    "fit": "boost a generator on data and write a run folder",
    "resume": "go on with a run that was interrupted, or add rounds to it",
    "sample": "draw samples from a run's mixture",
    "report": "write one HTML page about a run",
    "missing": "say which data a run's mixture does not make",
    "study": "compare methods on a benchmark at equal CPU time",
}

HELP = """usage: adagan [--help] [--version] VERB ...

Boosting for any generative model.

verbs:
{verbs}

adagan VERB --help tells all about a verb. A first run, on scikit-learn's digits:

  adagan fit digits --out run --rounds 3
  adagan report run
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP.format(verbs="\n".join(f"  {name:<8}{text}" for name, text in VERBS.items())), end="")  # noqa: T201
        return 0 if words else 2
    if words[0] == "--version":
        from adagan import __version__

        print(f"adagan {__version__}")  # noqa: T201
        return 0
    if words[0] not in VERBS:
        return _complain(f"unknown verb {words[0]!r}{suggestion(words[0], VERBS)} (known: {', '.join(VERBS)})")
    text = stored_help(words)
    if text is not None:
        print(text, end="")  # noqa: T201
        return 0
    with notices_shown(), stop_signals() as received:
        try:
            import_module(f"adagan.verbs.{words[0]}").run(words[1:])
            sys.stdout.flush()
        except SystemExit as done:  # of --help
            return int(done.code or 0)
        except KeyboardInterrupt as interrupt:
            stopped = "terminated" if received else "interrupted"
            return _complain(f"{stopped} {interrupt}".rstrip(), status=128 + received[0] if received else 130)
        except UserError as error:
            return _complain(str(error))
        except BrokenPipeError:
            return 141
        except OSError as error:
            return _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        except Exception as error:
            from adagan.terminal.faults import described

            return _complain(*described(error))
    return 0


def _complain(message: str, status: int = 2) -> int:
    print(f"adagan: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    return status


def script() -> None:
    """The console script's entry."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        status = 141
    if status == 141:  # Python itself would complain when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)
