"""Numbers as a reader has them: three digits, whatever their size; what is not 0 is never told as 0."""

from __future__ import annotations

from adagan.estimate import NORMAL_QUANTILE

NOTHING = "–"


def number(value: float) -> str:
    """Three significant digits, large numbers whole with commas."""
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}".replace("-", "−")


def share(value: float) -> str:
    """A share in per cent, which is 0 % or 100 % only where it is that exactly."""
    percent = 100 * value
    if value in (0, 1):
        return f"{percent:.0f}%"
    digits = 1 if percent >= 1 else 2
    while digits < 9 and round(percent, digits) in (0, 100):
        digits += 1
    return f"{percent:.{digits}f}%"


def share_range(low: float, high: float) -> str:
    """An interval of a share."""
    return f"{share(low)} to {share(high)}"


def with_error(value: float, error: float) -> str:
    """A value and the half width of its 95 % interval."""
    return f"{number(value)} ± {number(NORMAL_QUANTILE * error)}"
