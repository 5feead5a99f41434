"""Dates and durations: how they are written, and how many steps they lie apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adagan.mixtures.errors import UserError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

_DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")
FORMATS = (
    *(day + time for day in _DAYS for time in _TIMES),
    *("%Y-%m-%dT" + time.strip() + zone for time in _TIMES[1:] for zone in ("", "Z", "%z")),
    *("%Y-%m-%d" + time + "%z" for time in _TIMES[1:]),
    "%Y-%m",
    "%H:%M",
    "%H:%M:%S",
)
"""How dates are written that are seen for dates without being told."""
DURATION = r"-?\d+ days?( [+-]?\d{2}:\d{2}:\d{2}(\.\d+)?)?"
LOOKED_AT = 50
UNITS = {"D": 86_400 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
STEPS = (*(seconds * 10**9 for seconds in (86_400, 3_600, 60, 1)), 10**6, 10**3, 1)
"""Nanoseconds: days, hours, minutes, and down to one."""


def format_of(text: pd.Series) -> str:
    """How the dates in text without missing values are written; empty if they are none.

    Raises:
        ValueError: It may be the day or the month that stands first.
    """
    first = str(text.iloc[0])
    if not any(sign.isdigit() for sign in first) or len(first) > 40:
        return ""
    some = text.iloc[:LOOKED_AT]
    fitting = [form for form in FORMATS if _fits(some, form)]
    found = [form for form in fitting if _fits(text, form)] if len(text) > LOOKED_AT else fitting
    if len(found) > 1 and {found[0][:2], found[1][:2]} == {"%m", "%d"}:
        raise UserError(
            f"column {text.name!r} holds dates such as {first!r}, of which the month or the day may stand first; say "
            f'which: {{{text.name!r}: {"date:" + found[0]!r}}}, --columns "{text.name}=date:{found[1]}"'
        )
    return found[0] if found else ""


def _fits(text: pd.Series, form: str) -> bool:
    import pandas as pd

    return bool(pd.to_datetime(text, format=form, errors="coerce", utc="%z" in form).notna().all())


def as_dates(series: pd.Series, form: str, name: Any) -> pd.Series:
    """Dates, text or objects as pandas' dates, by the clock on the wall.

    Raises:
        ValueError: Text that is no date of the format.
    """
    import pandas as pd

    if str(series.dtype).startswith("date32"):  # pyarrow's days, which have no time zone to ask for
        return series.astype("datetime64[s]")
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        try:
            series = pd.to_datetime(series, format=form or "ISO8601", utc="%z" in form)
        except (ValueError, TypeError) as error:
            raise UserError(f"frame: column {name!r} holds what is no date: {error}") from error
    return series.dt.tz_localize(None) if series.dt.tz is not None else series


def step_of(distances: NDArray[np.int64], unit: str) -> int:
    """The coarsest step, in units, of which all distances are multiples."""
    size = UNITS[unit]
    return next(step // size for step in STEPS if step >= size and not (distances % (step // size)).any())
