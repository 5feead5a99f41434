"""What took far more than its budget."""

from adagan.study.budget import overdrawn


def test_what_took_far_more_than_its_budget_is_told() -> None:
    assert overdrawn(31.9, 16.0) == ""
    assert overdrawn(95.0, 16.0) == "took 95.0 CPU seconds of 16, 5.9 times its budget: not at equal CPU time"
    # a short budget is kept by luck
    assert overdrawn(9.0, 1.0) == ""
    assert "11.5 times its budget" in overdrawn(11.5, 1.0)
