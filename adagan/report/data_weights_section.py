"""What each newcomer was told to learn, for a page: pictures of the data weights, or the values that carry them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.missing.column_terms import ColumnTerms
from adagan.mixtures.data_weights import DataWeights
from adagan.mixtures.errors import UserError
from adagan.report.look import Look
from adagan.report.missing_page import picture_kind, picture_view
from adagan.report.missing_section import entry_terms
from adagan.report.numbers import number, share
from adagan.report.panel import PageTable, Panel
from adagan.round import Round
from adagan.run_folder import RunFolder

HEAVY = 0.1
"""The share of the points, those of most weight, by which a round's data weights are told in words."""


def weights_of_rounds(
    folder: RunFolder, look: Look, rounds: Sequence[Round], shown: Sequence[int]
) -> tuple[list[Panel], PageTable | None]:
    """The data weights of the rounds that had some: pictures of the points that a run keeps, or words on columns."""
    boosted = [index for index in shown if index > 1]
    if not boosted:
        return [], None
    data_weights = folder.data_weights()
    preview, rows = folder.preview()
    relative = {index: _relative(data_weights[index - 1], rows) for index in boosted}
    view = picture_view(replace(look, data=replace(look.data, points=preview)))
    if view is None:
        return [], _weights_in_words(preview, look, relative, rounds)
    # a few extreme weights must not turn all the others into one colour
    limit = max(2.0, *(float(values.quantile(0.98)) for values in relative.values()), 0.0)
    panels = []
    for index, values in relative.items():
        remark = _weight_words(values, data_weights[index - 1])
        largest = number(float(values.max()))
        alt = f"Data weights of round {index}: {remark}, the largest shown is {largest} times the average"
        panels.append(Panel.of(view.weights(values, limit), f"round {index}", remark, alt, kind=picture_kind(view)))
    return panels, None


def _weight_words(values: Tensor, data_weights: DataWeights) -> str:
    if float(values.max() - values.min()) < 1e-9:
        return "all points weigh the same"
    return f"{share(data_weights.kept_share)} of the points have weight"


def _weights_in_words(points: Tensor, look: Look, relative: dict[int, Tensor], rounds: Sequence[Round]) -> PageTable:
    """Which values the rows with the most weight have that others have not."""
    encoding = look.data.encoding
    terms = ColumnTerms(points, encoding) if isinstance(encoding, TableEncoding) else None
    flat, rows = points.flatten(1).double().numpy(), []
    for index, values in relative.items():
        heavy = values.argsort(descending=True, stable=True)[: max(int(HEAVY * len(values)), 1)]
        same = float(values.max() - values.min()) < 1e-9
        words = entry_terms(flat, heavy) if terms is None else terms.told(heavy)
        weight = float(values[heavy].mean())
        told = "all points weigh the same" if same else words or "no column tells them from the rest"
        rows.append([str(index), share(rounds[index - 1].kept_share), number(weight), told])
    titles = (
        "round",
        "rows with weight",
        f"weight of the heaviest {share(HEAVY)}, of the average",
        "which rows these are",
    )
    return PageTable("The data weights", titles, rows, frozenset({0, 3}))


def _relative(data_weights: DataWeights, rows: Tensor) -> Tensor:
    """Weights at the previewed rows in units of the average, shape (n,)."""
    values = data_weights.values
    if int(rows.max()) >= len(values):
        raise UserError(
            f"the data weights are of {len(values)} points and the preview shows row {int(rows.max())}; "
            "files of different runs lie in one folder"
        )
    return values[rows] * len(values)
