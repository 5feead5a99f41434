"""The command line: ``adagan VERB ...``; each verb's ``--help`` is its reference.

Exit status 0 on success, 2 for a user's mistake (one line on stderr, no traceback), 1 for our own faults.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from adagan.mixtures.errors import UserError
from adagan.verbs.names import suggestion

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
    from jsonargparse import ArgumentError

    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            import_module(f"adagan.verbs.{words[0]}").run(words[1:])
        except ArgumentError as error:
            return _complain(f"{words[0]}: {error}")
        except KeyboardInterrupt:
            return _complain("interrupted; complete rounds are kept", status=130)
        except (UserError, OSError) as error:  # OSError: a missing file, a full disk: never a fault of the code
            return _complain(str(error))
        except Exception as error:
            return _complain(_own_fault(error), status=1)
    return 0


def _own_fault(error: Exception) -> str:
    """One line on a fault of the package's own; the traceback goes to a file."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="adagan-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(error)))
    return f"{type(error).__name__}: {error}; this is a fault of adagan's: please report it with {log.name}"


def _complain(message: str, status: int = 2) -> int:
    print(f"adagan: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    return status


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"adagan: note: {' '.join(str(message).split())}", file=sys.stderr)  # noqa: T201


def script() -> None:
    """The console script's entry."""
    sys.exit(main())
