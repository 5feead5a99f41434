"""Quality of tables: what a perfect model scores, what lost categories, broken pairs and copies score."""

import numpy as np
import pandas as pd
import pytest
import sklearn.ensemble  # noqa: F401  (its import draws from Python's generator, which the fixture would see)

from adagan.quality import TableQuality, table_quality
from adagan.quality.columns import share_interval
from adagan.quality.score import kolmogorov_smirnov, score_of_counts, total_variation

ROWS = 600


def shop(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Two columns that go together, a category of 3 %, dates, and a number that is missing in a fifth of the rows."""
    random = np.random.default_rng(seed)
    age = random.normal(40, 10, rows)
    return pd.DataFrame(
        {
            "age": age,
            "paid": np.where(random.random(rows) < 0.2, np.nan, 2 * age + random.normal(0, 5, rows)),
            "grade": random.choice(["low", "middle", "high"], rows, p=[0.6, 0.37, 0.03]),
            "old": age > 45,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 300, rows), "D"),
        }
    )


@pytest.fixture(scope="module")
def perfect() -> TableQuality:
    return table_quality(shop(100), shop(101), shop(102), targets=["paid", "day"])


def test_distances_of_histograms_by_hand() -> None:
    first, second = np.array([0.5, 0.5, 0.0]), np.array([0.2, 0.5, 0.3])
    assert total_variation(first, second) == pytest.approx(0.3)
    assert kolmogorov_smirnov(first, second) == pytest.approx(0.3)
    # a distance of the middle counts once in the one and twice in the other
    assert total_variation(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == pytest.approx(0.5)


def test_the_distance_of_a_perfect_model_is_that_of_two_draws() -> None:
    counts = np.array([500, 500])
    found = score_of_counts(total_variation, counts, np.array([800, 200]), np.random.default_rng(100))
    assert found.value == pytest.approx(0.3)
    # the difference of two shares of 1,000 draws each: normal with deviation sqrt(.25/1000 · 2); mean |x| is .8 of it
    deviation = np.sqrt(0.25 / 1000 * 2)
    assert found.perfect == pytest.approx(0.798 * deviation, rel=0.35)
    assert found.perfect < found.limit < 3 * deviation
    assert found.is_clear


def test_fresh_rows_are_as_good_as_a_perfect_model(perfect: TableQuality) -> None:
    # 5 columns and 10 pairs, each beyond its limit in one case of twenty
    assert sum(found.score.is_clear for found in perfect.columns if found.score) <= 4
    assert sum(found.score.is_clear for found in perfect.pairs) <= 5
    assert perfect.copying.verdict == "no sign of copying"
    assert perfect.copying.exact == perfect.copying.exact_perfect == 0
    by_name = {found.target: found for found in perfect.efficacy}
    assert set(by_name) == {"paid", "day"}
    # paid is told from age, and the day from nothing
    assert by_name["paid"].from_samples == pytest.approx(by_name["paid"].from_data, abs=0.06)
    assert by_name["paid"].from_data > 0.8
    assert by_name["day"].from_data == pytest.approx(0.5, abs=0.1)


def test_what_is_wrong_with_samples_is_seen_where_it_is() -> None:
    samples = shop(101)
    samples["grade"] = samples["grade"].replace("high", "middle")
    samples["paid"] = samples["paid"].sample(frac=1, random_state=100).to_numpy()
    samples["age"] += 8
    found = table_quality(shop(100), samples, targets=["paid"])
    by_name = {each.column.name: each for each in found.columns}
    age = by_name["age"].score
    assert age is not None
    # a normal moved by .8 deviations: 2 Φ(.4) − 1 = .31
    assert age.value == pytest.approx(0.31, abs=0.1)
    assert age.is_clear
    (rare,) = found.rare
    assert (rare.column, rare.value, rare.in_samples) == ("grade", "high", 0.0)
    assert rare.is_short
    worst = found.pairs[0]
    assert worst.names == ("age", "paid")
    # a fifth of the ranks is missing, and counts as the middle
    assert worst.in_data > 0.7
    assert abs(worst.in_samples) < 0.25
    (told,) = found.efficacy
    assert told.from_samples < 0.65 < told.from_data


def test_missing_values_and_identifiers_have_their_place(perfect: TableQuality) -> None:
    paid = next(each for each in perfect.columns if each.column.name == "paid")
    assert paid.missing == pytest.approx((0.2, 0.2), abs=0.1)
    data = shop(100).assign(id=range(ROWS))
    names = [each.column.name for each in table_quality(data, data, targets=["old"]).columns]
    assert "id" not in names
    assert "age" in names


def test_a_column_that_is_missing_throughout_has_no_distance() -> None:
    data = pd.DataFrame({"a": np.arange(60.0) % 7, "b": [1.5, 2.5, None] * 20})
    samples = data.assign(b=np.nan)
    found = table_quality(data, samples)
    assert found.columns[1].score is None
    assert found.columns[1].missing == (pytest.approx(1 / 3), 1.0)


def test_targets_are_the_users_choice() -> None:
    found = table_quality(shop(100), shop(101), targets=["old"])
    assert [each.target for each in found.efficacy] == ["old"]
    assert found.efficacy[0].from_data > 0.95


def test_intervals_of_shares_at_their_ends() -> None:
    assert share_interval(0, 100)[0] == 0
    # the rule of three, exactly: 1 − (.025)^(1/100)
    assert share_interval(0, 100)[1] == pytest.approx(1 - 0.025 ** (1 / 100))
    assert share_interval(100, 100)[1] == 1
