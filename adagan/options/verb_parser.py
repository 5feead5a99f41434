"""The parser of a verb: options spelled with dashes, a suggestion for a misspelt one, help for a reader in a hurry."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace

from adagan.mixtures.errors import UserError
from adagan.suggestions import suggestion

EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "int | str": "a whole number or a name",
    "float | str": "a number or a name",
    "float | Literal['auto']": "a number or auto",
    "list[str]": "a list such as '[one, two]'",
    "dict[str, Any]": "names with values such as '{max_time: 00:01:00:00}'",
    "tuple[float, float]": "two numbers such as '[0.5, 0.9]'",
}


class Help(DefaultHelpFormatter):
    """Says what an option does and its default, and spares the reader types and nulls."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)  # type: ignore[no-untyped-call]

    def _get_help_string(self, action: argparse.Action) -> str:
        # docstrings of classes speak to readers of Python
        said = re.sub(r"``None`` means", "by default", action.help or "").replace("`", "").rstrip(".")
        default = action.default
        if isinstance(default, tuple):
            default = ", ".join(f"{part:g}" for part in default)
        told = isinstance(default, int | float | str) and not isinstance(default, bool) and default != argparse.SUPPRESS
        if action.option_strings and told:
            said += f" (default: {default})"
        return said

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(text, width, break_on_hyphens=False)  # names have hyphens


class VerbParser(ArgumentParser):
    """A parser whose mistakes are `UserError`, in one line.

    Options are spelled with dashes; underscores, as Python has them, are accepted too.

    Args:
        verb: Of the command line.
        usage: What follows the verb.
        description: What it does.
        epilog: What stands at the end of the help.
    """

    def __init__(self, verb: str, usage: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=f"adagan {verb}",
            usage=f"adagan {verb} {usage}",
            description=description,
            epilog=epilog,
            formatter_class=Help,
            exit_on_error=False,
            allow_abbrev=False,
        )

    def parse(self, words: Sequence[str], under: Namespace | None = None) -> Namespace:
        """The options that the words say.

        Args:
            words: What follows the verb.
            under: What holds where they say nothing, in place of the defaults.

        Raises:
            UserError: An unknown option, a value of another kind, or none; the option is named.
        """
        self._spell_with_dashes()
        return self.parse_args(list(self._spelled(words)), under)

    def add_options_of(self, kind: type[Any], prefix: str, group: Any, *, skip: set[str]) -> None:
        """Adds the arguments of a class as options ``--prefix.name`` to a group, with its docstring for help.

        Args:
            kind: The class.
            prefix: What stands before the names.
            group: Of the help.
            skip: Arguments that are no options, or options of their own.
        """
        before = len(self._actions)
        self.add_class_arguments(kind, prefix, as_group=False, skip=skip)
        for action in self._actions[before:]:
            if action.dest == prefix:  # the path of a file for these options alone
                action.help = argparse.SUPPRESS
            else:
                action.metavar = "{true,false}" if isinstance(action.default, bool) else "X"
            group._group_actions.append(action)
            self._optionals._group_actions.remove(action)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        raise UserError(self._plain(message)) from ex

    def _spell_with_dashes(self) -> None:
        for action in self._actions:
            names = dict.fromkeys(name.replace("_", "-") for name in action.option_strings)
            self._option_string_actions.update(dict.fromkeys(names, action))
            action.option_strings = [name for name in names if not name.endswith("+")]  # --list+ appends to a list

    def _spelled(self, words: Iterable[str]) -> Iterable[str]:
        """The words with known options spelled with dashes; an unknown one is refused."""
        known = self._option_string_actions
        for word in words:
            name, equals, value = word.partition("=")
            if not name.startswith("--") or name == "--" or name in known:
                yield word
                continue
            dashed = name.replace("_", "-")
            # --trainer.max_epochs is an entry of --trainer
            if dashed not in known and name.partition(".")[0] not in known:
                options = [option for option in known if option.startswith("--") and "_" not in option]
                raise UserError(f"unknown option {name}{suggestion(dashed, options)} ({self.prog} --help lists all)")
            yield (dashed if dashed in known else name) + equals + value

    def _plain(self, message: str) -> str:
        """A message of jsonargparse's in the words of this command line."""
        lacking = re.search(r"arguments are required: (\w+)", message)
        if lacking:
            return f"expected {lacking[1].upper()}; see {self.prog} --help"
        wrong = re.search(r'Parser key "([\w.]+)":', message)
        if wrong is None:
            return re.sub(r"^argument (\S+):", r"\1:", message).replace("unrecognized arguments", "unexpected words")
        option = wrong[1].replace("_", "-")
        action: Any = next((each for each in self._actions if each.dest == wrong[1]), None)
        kind = re.sub(r"\s*\| (None|null)|None \| ", "", str(getattr(action, "_typehint", "")).replace("typing.", ""))
        kind = re.sub(r"<class '(\w+)'>", r"\1", kind)
        kind = re.sub(r"^Union\[(.*), NoneType\]$", r"\1", kind).replace(", Literal[", " | Literal[")
        got = re.findall(r"(?:Got|Given) value: (.*)", message)
        if kind not in EXPECTED or not got:
            return f"--{option}: {message.partition(':')[2]}"
        return f"--{option}: expected {EXPECTED[kind]}, got {got[-1].strip()!r}"
