"""Tables as vectors and back: every kind of column, exactly where it is exact."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from adagan.components import TableEncoding

LENGTH = 40
RANDOM = np.random.default_rng(100)
NORMAL = RANDOM.normal(size=LENGTH)
HOLES = np.arange(LENGTH) % 7 == 3
"""Where values are missing."""
WHOLE = RANDOM.integers(-5, 100, LENGTH)
DAYS = pd.date_range("2024-01-31", periods=LENGTH, freq="3D")


def holed(values: Any) -> list[Any]:
    return [None if hole else value for hole, value in zip(HOLES, list(values), strict=True)]


COLUMNS: dict[str, tuple[Any, str]] = {
    "float64": (NORMAL, "number"),
    "float32": (NORMAL.astype("f4"), "number"),
    "float16": (NORMAL.astype("f2"), "number"),
    "GPS": (47.3769 + 1e-5 * NORMAL, "number"),
    "far from 0": (1e8 + NORMAL, "number"),
    "prices": (np.round(NORMAL + 5, 2), "number"),
    "missing floats": (np.where(HOLES, np.nan, NORMAL), "number"),
    "Float64": (pd.array(holed(NORMAL), dtype="Float64"), "number"),
    "zero-heavy": (np.where(np.arange(LENGTH) % 8 > 0, NORMAL**2, 0.0), "number"),
    "a spike at the top": (np.minimum(np.exp(NORMAL), 2.0), "number"),
    "skewed": (np.exp(3 * NORMAL), "number"),
    "objects of floats": (pd.Series(holed(NORMAL), dtype=object), "number"),
    "decimals": (pd.Series([Decimal(f"{value:.2f}") for value in NORMAL], dtype=object), "number"),
    "int64": (WHOLE, "whole number"),
    "int8": (WHOLE.astype("i1"), "whole number"),
    "big-endian": (WHOLE.astype(">i4"), "whole number"),
    "unix seconds": (1_700_000_000 + 61 * WHOLE, "whole number"),
    "beyond 2^53": (2**60 + WHOLE, "whole number"),
    "uint64 beyond int64": (np.array([2**63 + int(value) + 5 for value in WHOLE], dtype="u8"), "whole number"),
    "objects of ints": (pd.Series([int(value) for value in WHOLE], dtype=object), "whole number"),
    "Int64 with missing": (pd.array(holed(WHOLE), dtype="Int64"), "whole number"),
    "whole floats with missing": (np.where(HOLES, np.nan, WHOLE), "whole number"),
    "skewed counts": (np.rint(np.exp(2 * NORMAL + 4)).astype(int), "whole number"),
    "bool": (NORMAL > 0, "category (2)"),
    "boolean with missing": (pd.array(holed(NORMAL > 0), dtype="boolean"), "category (2)"),
    "objects of bools": (pd.Series(holed((NORMAL > 0).tolist()), dtype=object), "category (2)"),
    "text": (np.where(NORMAL > 0, "Bern", "Zürich"), "category (2)"),
    "text with missing": (pd.Series(holed(["x", "y"] * 20)), "category (2)"),
    "string with NA": (pd.Series(holed(["x", "y"] * 20), dtype="string"), "category (2)"),
    "objects of text": (pd.Series(holed(["x", ""] * 20), dtype=object), "category (2)"),
    "category": (pd.Categorical(holed(["a", "b"] * 20), ["b", "a", "never"]), "category (2)"),
    "ordered": (pd.Categorical(["S", "M", "L", "S"] * 10, ["S", "M", "L"], ordered=True), "category (ordered, 3)"),
    "categories of numbers": (pd.Categorical([10, 20] * 20), "category (2)"),
    "intervals": (pd.cut(NORMAL, 3), "category (ordered, 3)"),
    "dates": (DAYS, "date"),
    "dates in ns": (DAYS.astype("datetime64[ns]") + pd.Timedelta("1ns"), "date"),
    "dates with a zone": (DAYS.tz_localize("Europe/Zurich"), "date"),
    "dates with missing": (pd.Series(DAYS).mask(HOLES), "date"),
    "dates far away": (pd.Series(["1600-01-01", "9999-12-31"] * 20).astype("datetime64[s]"), "date"),
    "objects of dates": (pd.Series(holed([day.date() for day in DAYS]), dtype=object), "date"),
    "text of dates": (DAYS.strftime("%Y-%m-%d"), "date"),
    "text of dates with missing": (pd.Series(holed(DAYS.strftime("%d.%m.%Y"))), "date"),
    "text of times": (DAYS.strftime("%Y-%m-%d %H:%M:%S"), "date"),
    "text of months": (DAYS.strftime("%Y-%m"), "date"),
    "American dates": (DAYS.strftime("%m/%d/%Y"), "date"),
    "durations": (pd.to_timedelta(WHOLE, unit="min"), "duration"),
    "durations with missing": (pd.Series(pd.to_timedelta(WHOLE, unit="h")).mask(HOLES), "duration"),
    "text of durations": (pd.to_timedelta(WHOLE + 10, unit="h").astype(str), "duration"),
    "constant": (np.full(LENGTH, 7), "constant"),
    "constant text": (np.full(LENGTH, "x"), "constant"),
    "constant date": (pd.Series([date(2024, 1, 1)] * LENGTH, dtype=object), "constant"),
    "all missing": (np.full(LENGTH, np.nan), "constant"),
    "row numbers": (np.arange(1, LENGTH + 1), "identifier"),
    "names": ([f"n{index}" for index in range(LENGTH)], "identifier"),
}


@pytest.mark.filterwarnings("ignore:column .* looks like an identifier")
@pytest.mark.parametrize("case", COLUMNS)
def test_every_kind_of_column_comes_back(case: str) -> None:
    values, told = COLUMNS[case]
    frame = pd.DataFrame({"before": NORMAL, case: values, "after": NORMAL > 0})
    encoding = TableEncoding(frame)
    column = encoding.columns[1]
    assert column.told == told
    vectors = encoding.encode(frame)
    assert torch.isfinite(vectors).all()
    assert torch.allclose(encoding.nearest(vectors), vectors, atol=1e-6)
    decoded = encoding.decode(vectors)
    assert decoded[case].dtype == frame[case].dtype
    if told == "identifier":
        numbered = decoded[case].tolist()
        assert numbered == ([f"{case}-{n}" for n in range(1, 41)] if case == "names" else [*range(41, 81)])
        return
    pd.testing.assert_series_equal(decoded[case].isna(), frame[case].isna())
    fractions = column.kind == "number" and column.decimals is None
    largest = float(frame[case].astype(float).abs().max()) if fractions and case != "constant" else 1
    pd.testing.assert_frame_equal(decoded, frame, check_exact=False, rtol=1e-5, atol=1e-6 * largest)
    if not fractions:
        pd.testing.assert_series_equal(decoded[case], frame[case], check_exact=True)
    if case in ("GPS", "far from 0"):  # precise on the scale of the deviations, not of the values
        assert float((decoded[case] - frame[case]).abs().max()) < 1e-6 * float(frame[case].std())


@pytest.mark.filterwarnings("ignore:column .* looks like an identifier")
def test_all_columns_together_are_read_back_from_json() -> None:
    frame = pd.DataFrame({name: values for name, (values, _) in COLUMNS.items()})
    encoding = TableEncoding(frame)
    restored = TableEncoding.from_config(json.loads(json.dumps(encoding.config(), allow_nan=False)))
    vectors = encoding.encode(frame)
    assert torch.equal(restored.encode(frame), vectors)
    pd.testing.assert_frame_equal(restored.decode(vectors), encoding.decode(vectors))
    assert list(encoding.decode(vectors).columns) == list(frame.columns)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "ä ", "", None]), st.booleans(), st.integers(-128, 127), st.floats(-10, 10)
        ),
        min_size=2,
        max_size=19,
    )
)
def test_any_table_comes_back(rows: list[tuple[str | None, bool, int, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["text", "flag", "byte", "number"]).astype({"byte": "int8", "text": "str"})
    if len(frame.drop_duplicates()) == 1:
        return
    encoding = TableEncoding(frame)
    pd.testing.assert_frame_equal(encoding.decode(encoding.encode(frame)), frame, rtol=1e-5, atol=1e-5)


def test_scales_and_blocks_are_those_of_scikit_learn() -> None:
    frame = pd.DataFrame({"x": NORMAL, "city": np.where(NORMAL > 0, "Bern", "Rome")})
    numbers = StandardScaler().fit_transform(frame[["x"]])
    blocks = OneHotEncoder(sparse_output=False).fit_transform(frame[["city"]])
    assert np.allclose(TableEncoding(frame).encode(frame).numpy(), np.hstack([numbers, blocks]), atol=1e-6)


@pytest.mark.parametrize(
    ("index", "type_"),
    [
        (pd.RangeIndex(LENGTH), pd.RangeIndex),
        (RANDOM.permutation(LENGTH), pd.RangeIndex),
        (DAYS, pd.DatetimeIndex),
        (pd.Index(["a", "b"] * 20, name="group"), pd.Index),
        (pd.MultiIndex.from_arrays([["a", "b"] * 20, WHOLE], names=["group", "number"]), pd.MultiIndex),
    ],
    ids=["range", "shuffled", "dates", "named text", "two levels"],
)
def test_an_index_that_means_something_is_learnt(index: Any, type_: type) -> None:
    frame = pd.DataFrame({"x": NORMAL}, index=index)
    encoding = TableEncoding(frame)
    decoded = encoding.decode(encoding.encode(frame))
    assert type(decoded.index) is type_
    assert decoded.index.names == frame.index.names
    if type_ is not pd.RangeIndex:
        assert decoded.index.equals(frame.index)


def test_columns_are_called_as_they_were() -> None:
    frame = pd.DataFrame(NORMAL.reshape(20, 2), columns=pd.Index(np.array([2019, 2020]), name="year"))
    encoding = TableEncoding.from_config(json.loads(json.dumps(TableEncoding(frame).config())))
    pd.testing.assert_index_equal(encoding.decode(encoding.encode(frame)).columns, frame.columns)


TABLE = pd.DataFrame({"zip": [3000, 8000, 3000, 1200], "x": [0.5, 1.25, 3.75, 2.0], "id": ["a", "b", "c", "d"]})


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({}, ["whole number", "number", "category (4)"]),
        ({"zip": "category"}, ["category (3)", "number", "category (4)"]),
        ({"zip": "text", "x": "category"}, ["category (3)", "category (4)", "category (4)"]),
        ({"id": "identifier"}, ["whole number", "number", "identifier"]),
        ({"id": "drop"}, ["whole number", "number"]),
    ],
)
def test_kinds_are_said(columns: dict[str, str], told: list[str]) -> None:
    encoding = TableEncoding(TABLE, columns=columns)
    assert [column.told for column in encoding.columns] == told
    decoded = encoding.decode(encoding.encode(TABLE))
    assert list(decoded.columns) == list(TABLE.columns)[: len(told)]
    assert decoded["zip"].tolist() == TABLE["zip"].tolist()


@pytest.mark.parametrize(("form", "day"), [("%d/%m/%Y", 3), ("%m/%d/%Y", 4)])
def test_a_date_that_may_be_two_is_asked_for(form: str, day: int) -> None:
    frame = pd.DataFrame({"day": ["03/04/2024", "05/06/2024", "01/02/2024"]})
    with pytest.raises(ValueError, match=r"column 'day' holds dates such as '03/04/2024', .*--columns \"day=date:"):
        TableEncoding(frame)
    encoding = TableEncoding(frame, columns={"day": f"date:{form}"})
    assert encoding.columns[0].step == 86_400 * 10**6
    assert pd.to_datetime(frame["day"], format=form)[0].day == day
    assert encoding.decode(encoding.encode(frame))["day"].tolist() == frame["day"].tolist()


@pytest.mark.parametrize(
    ("name", "values", "remark"),
    [
        ("id", np.arange(60) * 3 + 5, "looks like an identifier"),
        ("userId", np.arange(60) * 3 + 5, "looks like an identifier"),
        ("row", np.arange(60), "looks like an identifier"),
        ("name", [f"name {n}" for n in range(60)], "looks like an identifier"),
        ("paid", np.arange(60) * 3 + 5, None),
        ("code", [f"c{n % 150}" for n in range(1_500)], "has 150 categories"),
        ("city", ["Bern", "Rome"] * 30, None),
    ],
)
def test_identifiers_are_noticed(name: str, values: Any, remark: str | None) -> None:
    encoding = TableEncoding(pd.DataFrame({name: values, "x": RANDOM.normal(size=len(values))}))
    assert [text.startswith(f"column {name!r} {remark}") for text in encoding.remarks] == ([True] if remark else [])


def test_vectors_near_a_row_are_decoded_as_that_row(generator: torch.Generator) -> None:
    exact = {name: values for name, (values, told) in COLUMNS.items() if told not in ("number", "identifier")}
    frame = pd.DataFrame(exact)
    encoding = TableEncoding(frame)
    vectors = encoding.encode(frame)
    # a blur of a tenth, 7 deviations from another row
    blurred = encoding.blurred(vectors, generator)
    assert float((blurred - vectors)[:, -20:].std()) == pytest.approx(0.1, rel=0.2)
    assert not torch.equal(blurred[:, 0], vectors[:, 0])
    pd.testing.assert_frame_equal(encoding.decode(blurred), frame)
    assert torch.allclose(encoding.nearest(blurred), vectors, atol=1e-5)


def test_numbers_stay_within_what_was_seen() -> None:
    frame = pd.DataFrame({"count": np.array([0, 1, 250], dtype="uint8"), "paid": [0.0, 0.1234567, 99.9]})
    far = TableEncoding(frame).encode(frame) * 100
    decoded = TableEncoding(frame).decode(far)
    assert decoded["count"].tolist() == [0, 0, 250]
    assert decoded["paid"].tolist() == [0.0, 0.0, 99.9]


FEW = pd.DataFrame({"x": [1.0, 2.0], "kind": ["a", "b"]})


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (FEW.to_numpy(), TypeError, "frame: expected a pandas DataFrame, got ndarray"),
        (FEW.iloc[:0], ValueError, r"frame: expected rows and columns, got shape \(0, 2\)"),
        (FEW.assign(x=[1.0, np.inf]), ValueError, "column 'x' has 1 of 2 numbers infinite; make them missing"),
        (FEW.assign(p=pd.period_range("2020", periods=2)), TypeError, r"column 'p' is of dtype period.*convert it"),
        (FEW.assign(z=[1j, 2j]), TypeError, "column 'z' is of dtype complex128"),
        (FEW.assign(mixed=[1, "a"]), TypeError, r"column 'mixed' holds int and str; .* by astype\(str\)"),
        (FEW.assign(lists=[[1], [2]]), TypeError, "column 'lists' holds list"),
        (pd.concat([FEW, FEW], axis=1), ValueError, "column 'x' occurs twice"),
        (FEW.rename(columns={"x": (1, 2)}), TypeError, r"\(1, 2\) is a tuple; expected categories and names that are"),
        (FEW[:1], ValueError, "every column is constant or an identifier, so there is nothing to learn"),
    ],
)
def test_tables_that_cannot_be_encoded(frame: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        TableEncoding(frame)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"y": "number"}, "columns: there is no column 'y' in the table"),
        ({"x": "numeral"}, "columns: 'x' is said to be 'numeral'; expected one of number, category, date, duration"),
        ({"kind": "number"}, "columns: 'kind' is said to be number, but holds 'a' of dtype str"),
        ({"kind": "date"}, "column 'kind' holds what is no date"),
        ({"x": "drop", "kind": "drop"}, "columns: all of them are dropped"),
    ],
)
def test_what_is_said_and_does_not_hold(columns: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TableEncoding(FEW, columns=columns)


def test_rows_and_vectors_that_do_not_fit() -> None:
    encoding = TableEncoding(FEW)
    with pytest.raises(ValueError, match=r"frame: expected the columns \['x', 'kind'\], got \['x'\]"):
        encoding.encode(FEW[["x"]])
    with pytest.raises(ValueError, match="column 'kind' holds 'c', which the encoding has not seen"):
        encoding.encode(FEW.assign(kind=["a", "c"]))
    with pytest.raises(ValueError, match="column 'kind' has missing values, of which the encoding has seen none"):
        encoding.encode(FEW.assign(kind=["a", None]))
    with pytest.raises(ValueError, match=r"vectors: expected shape \(N, 3\), got \(5, 2\)"):
        encoding.decode(torch.zeros(5, 2))


def test_other_order_or_no_rows_at_all() -> None:
    encoding = TableEncoding(FEW)
    assert torch.equal(encoding.encode(FEW[["kind", "x"]]), encoding.encode(FEW))
    assert encoding.encode(FEW[:0]).shape == (0, 3)
    pd.testing.assert_frame_equal(encoding.decode(torch.empty(0, 3)), FEW[:0])


@pytest.mark.parametrize(
    ("name", "value"),
    [("dtype", "load"), ("columns", [{"name": "x"}]), ("columns", []), ("scaling", {}), ("names", None), ("index", 3)],
)
def test_a_damaged_config_is_refused_in_one_line(name: str, value: Any) -> None:
    config = TableEncoding(FEW).config()
    with pytest.raises(ValueError, match=r"the encoding of a table is damaged: .*Error: ") as caught:
        TableEncoding.from_config({**config, name: value})
    assert "\n" not in str(caught.value)
