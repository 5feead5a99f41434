"""A user's mistakes, apart from the package's own faults: which argument, what was expected, what came, what to do."""

from __future__ import annotations


class UserError(ValueError):
    """A mistake of the caller's, raised where it is seen, in one sentence that names the argument and the cure.

    On the command line it ends with exit status 2 and that sentence; whatever else is raised is a fault of the package,
    with status 1 and a traceback in a log file.
    """


class UserTypeError(UserError, TypeError):
    """A mistake of the caller's that is one of type: a class for an object, a name for a rule, text for numbers."""
