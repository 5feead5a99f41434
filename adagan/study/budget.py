"""Equal CPU time: when a budget was not kept."""

from __future__ import annotations

FAR_OVER = 2.0
"""A training that took more than so many times its budget is compared with nothing."""
SLACK = 10.0
"""CPU seconds that a training may take beyond its budget in any case: short budgets are kept by luck."""


def overdrawn(taken: float, budget: float) -> str:
    """Why a training of so many CPU seconds is no part of a comparison at equal CPU time; empty if it is one."""
    if taken <= max(FAR_OVER * budget, budget + SLACK):
        return ""
    return f"took {taken:.1f} CPU seconds of {budget:g}, {taken / budget:.1f} times its budget: not at equal CPU time"
