"""The rows of a study as one table: medians and ranges over seeds, and which method is clearly ahead; as text too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean, median

from adagan.study.cells import ORACLE
from adagan.study.columns import NOTHING, OF_METHODS, STANDARD_ERRORS, Column, is_clear, present, values
from adagan.study.task import Row

RULE = (
    "median (least to largest) over seeds; bold: better than every other method by more than "
    f"{STANDARD_ERRORS:g} standard errors of the difference of the means"
)
LATEX = {"↑": r"$\uparrow$", "↓": r"$\downarrow$", "≤": r"$\leq$", "–": "--", "²": "$^2$", "³": "$^3$", "⁶": "$^6$"}
LATEX |= {"·": r"$\cdot$", "₂": "$_2$", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$"}


@dataclass(frozen=True)
class Summary:
    """A table of text.

    Attributes:
        titles: Of the columns; the first names the method.
        lines: One for each method and number of samples, the oracle's first.
        strong: The cells that are clearly ahead, as pairs of line and column.
    """

    titles: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    strong: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, rows: Sequence[Row], methods: Sequence[str]) -> Summary:
        """Of a study's rows; `methods` are names of rows, in the order of the table."""
        columns = present(OF_METHODS, rows)
        sizes = sorted({row["num_samples"] for row in rows if "num_samples" in row}) or [0]
        lines: list[tuple[str, ...]] = []
        strong = set()
        for size, method in product(sizes, (ORACLE, *methods)):
            good = {name: _good(rows, name, size) for name in methods}
            own = [row for row in rows if row["method"] == method]
            if not own:
                continue
            failed = sum(bool(row.get("failure")) for row in own)
            name = "a perfect model" if method == ORACLE else method
            notes = [f"{size:,} samples"] * (len(sizes) > 1) + [f"{failed} failed"] * (failed > 0)
            found = {key: values(_good(rows, method, size), key, column) for key, column in columns.items()}
            for place, (key, column) in enumerate(columns.items(), start=1):
                others = [values(good[other], key, column) for other in methods if other != method]
                if method != ORACLE and is_ahead(found[key], [numbers for numbers in others if numbers], column):
                    strong.add((len(lines), place))
            cells = (ranged(found[key], column) for key, column in columns.items())
            lines.append((name + (f" ({', '.join(notes)})" if notes else ""), *cells))
        titles = ("method", *(column.title for column in columns.values()))
        return cls(titles, tuple(lines), frozenset(strong))

    def markdown(self) -> str:
        """As a table of Markdown."""
        marked = [
            [f"**{text}**" if (line, place) in self.strong else text for place, text in enumerate(cells)]
            for line, cells in enumerate(self.lines)
        ]
        rule = ["---", *("---:" for _ in self.titles[1:])]
        return "".join(f"| {' | '.join(cells)} |\n" for cells in (self.titles, rule, *marked)) + f"\n{RULE}\n"

    def latex(self) -> str:
        """As a ``tabular`` of LaTeX, with the rules of the package ``booktabs``."""
        body = []
        for line, cells in enumerate(self.lines):
            texts = [_latex(text) for text in cells]
            bold = [rf"\textbf{{{text}}}" if (line, place) in self.strong else text for place, text in enumerate(texts)]
            body.append(" & ".join(bold) + r" \\")
        head = " & ".join(_latex(title) for title in self.titles) + r" \\"
        form = "l" + "r" * (len(self.titles) - 1)
        parts = [rf"\begin{{tabular}}{{{form}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
        return "\n".join([f"% {RULE}", *parts, r"\end{tabular}", ""])


def ranged(numbers: Sequence[float], column: Column) -> str:
    """The median, and the range where there is more than one number."""
    if not numbers:
        return NOTHING
    shown = [column.form.format(column.scale * of(numbers)) for of in (median, min, max)]
    return shown[0] if len(numbers) == 1 or column.level else f"{shown[0]} ({shown[1]} to {shown[2]})"


def is_ahead(numbers: Sequence[float], others: Sequence[Sequence[float]], column: Column) -> bool:
    """Whether numbers are better than those of every other method, and clearly so; never of one seed, or one method."""
    if not column.sign or not numbers or not others:
        return False
    return all(column.sign * (fmean(numbers) - fmean(of)) > 0 and is_clear(numbers, of) for of in others)


def _good(rows: Sequence[Row], method: str, size: int) -> list[Row]:
    own = [row for row in rows if row["method"] == method and not row.get("failure")]
    return [row for row in own if row.get("num_samples", 0) == size]


def _latex(text: str) -> str:
    return "".join(LATEX.get(sign, sign) for sign in text)
