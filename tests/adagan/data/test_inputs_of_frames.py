"""DataFrames beyond those of public reports, of the same kinds: columns, dtypes, values and index come back."""

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from adagan.components import TableEncoding
from adagan.components.adapters.tables.dtypes import dtype_from_json

ROWS = 60
RANDOM = np.random.default_rng(100)
X = RANDOM.normal(size=ROWS)
LOW = np.arange(ROWS) % 3 == 0
NUMBER, CATEGORY, DATE = "number", "category", "date"
DAYS = [datetime.date(2024, 1, 1 + row % 28) for row in range(ROWS)]


def column(values: Any) -> pd.DataFrame:
    return pd.DataFrame({"v": values, "x": X})


def arrow(values: Any, dtype: str) -> pd.DataFrame:
    """Made by pyarrow, which is an extra."""
    pytest.importorskip("pyarrow")
    return column(pd.Series(values).astype(dtype_from_json(dtype)))


COLUMNS: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    # what came, and the kind that its first column is taken for
    "int8": (lambda: column(RANDOM.integers(0, 9, ROWS).astype("int8")), NUMBER),
    "uint8 of all values": (lambda: column(RANDOM.integers(0, 256, ROWS).astype("uint8")), NUMBER),
    "int16": (lambda: column(RANDOM.integers(-99, 99, ROWS).astype("int16")), NUMBER),
    "uint64 beyond int64": (lambda: column(2**63 + RANDOM.integers(0, 10**6, ROWS).astype("uint64")), NUMBER),
    "int64 far below": (lambda: column(-(2**62) - RANDOM.integers(0, 10**6, ROWS)), NUMBER),
    "float16": (lambda: column(X.astype("float16")), NUMBER),
    "float32": (lambda: column(X.astype("float32")), NUMBER),
    "far from zero": (lambda: column(1e12 + X), NUMBER),
    "tiny": (lambda: column(1e-120 * X), NUMBER),
    "two decimals": (lambda: column(X.round(2)), NUMBER),
    "zeros and a tail": (lambda: column(np.where(LOW, 0.0, np.exp(X))), NUMBER),
    "one number": (lambda: column(np.full(ROWS, 3.5)), NUMBER),
    "Int8 with missing": (lambda: column(pd.array([1, None] * 30, dtype="Int8")), NUMBER),
    "Float32 with missing": (lambda: column(pd.array(np.where(LOW, None, X), dtype="Float32")), NUMBER),
    "Float64 with missing": (lambda: column(pd.array(np.where(LOW, None, X), dtype="Float64")), NUMBER),
    "sparse": (lambda: column(pd.arrays.SparseArray(np.where(LOW, X, 0.0))), NUMBER),
    "objects that are whole": (lambda: column(pd.Series([1, 2] * 30, dtype=object)), NUMBER),
    "objects and None": (lambda: column(pd.Series([1.5, None] * 30, dtype=object)), NUMBER),
    "decimal numbers": (lambda: column(pd.Series([Decimal("1.10"), Decimal("2.25")] * 30)), NUMBER),
    "decimals of Arrow": (
        lambda: arrow([Decimal("1.10"), Decimal("2.25")] * 30, "decimal128(6, 2)[pyarrow]"),
        NUMBER,
    ),
    "bool": (lambda: column(LOW), CATEGORY),
    "one truth value": (lambda: column(np.ones(ROWS, dtype=bool)), CATEGORY),
    "boolean with missing": (lambda: column(pd.array([True, None, False] * 20, dtype="boolean")), CATEGORY),
    "objects that are truth values": (lambda: column(pd.Series([True, False] * 30, dtype=object)), CATEGORY),
    "truth values and None": (lambda: column(pd.Series([True, None] * 30, dtype=object)), CATEGORY),
    "truth values of Arrow": (lambda: arrow([True, False] * 30, "bool[pyarrow]"), CATEGORY),
    "string with missing": (lambda: column(pd.array(["a", "b", None] * 20, dtype="string")), CATEGORY),
    "objects that are text": (lambda: column(pd.Series(["a", "b"] * 30, dtype=object)), CATEGORY),
    "text and None": (lambda: column(pd.Series(["a", None] * 30, dtype=object)), CATEGORY),
    "text and NaN": (lambda: column(pd.Series(["a", np.nan] * 30, dtype=object)), CATEGORY),
    "text and NA": (lambda: column(pd.Series(["a", pd.NA] * 30, dtype=object)), CATEGORY),
    "text of Arrow": (lambda: arrow(["a", "b"] * 30, "string[pyarrow]"), CATEGORY),
    "one text": (lambda: column(["k"] * ROWS), CATEGORY),
    "empty text": (lambda: column(["", "a"] * 30), CATEGORY),
    "text with blanks": (lambda: column([" a", "a "] * 30), CATEGORY),
    "text of two lines": (lambda: column(["a\nb", "c"] * 30), CATEGORY),
    "other scripts": (lambda: column(["🙂", "é"] * 30), CATEGORY),
    "long text": (lambda: column(["w " * 500 + str(row % 3) for row in range(ROWS)]), CATEGORY),
    "digits as text": (lambda: column([str(row % 7) for row in range(ROWS)]), CATEGORY),
    "codes with zeros": (lambda: column([f"0{row % 7}" for row in range(ROWS)]), CATEGORY),
    "all missing": (lambda: column([None] * ROWS), CATEGORY),
    "all NaN": (lambda: column(np.full(ROWS, np.nan)), CATEGORY),
    "ordered categories, one never seen": (
        lambda: column(pd.Categorical(["lo", "hi"] * 30, categories=["lo", "mid", "hi"], ordered=True)),
        CATEGORY,
    ),
    "categories that are numbers": (lambda: column(pd.Categorical([3, 1] * 30)), CATEGORY),
    "categories with missing": (lambda: column(pd.Categorical(["a", None] * 30)), CATEGORY),
    "categories that are dates": (
        lambda: column(pd.Categorical(pd.to_datetime(["2024-01-01", "2024-02-01"] * 30))),
        CATEGORY,
    ),
    "intervals of pandas.cut": (lambda: column(pd.cut(X, 3)), CATEGORY),
    "days as text": (lambda: column([str(day) for day in DAYS]), DATE),
    "days of Switzerland as text": (lambda: column([f"{day:%d.%m.%Y}" for day in DAYS]), DATE),
    "times of a zone as text": (lambda: column([f"{day}T10:00:00Z" for day in DAYS]), DATE),
    "days as objects": (lambda: column(pd.Series(DAYS)), DATE),
    "times as objects": (
        lambda: column(pd.Series([datetime.datetime(2024, 1, 1, row % 24, 5) for row in range(ROWS)], dtype=object)),
        DATE,
    ),
    "days of Arrow": (lambda: arrow(DAYS, "date32[pyarrow]"), DATE),
    "times of Arrow": (lambda: arrow(pd.date_range("2024", periods=ROWS), "timestamp[ns][pyarrow]"), DATE),
    "times by second": (lambda: column(pd.date_range("2024", periods=ROWS).as_unit("s")), DATE),
    "times by nanosecond": (lambda: column(pd.date_range("2024", periods=ROWS, freq="h").as_unit("ns")), DATE),
    "times with missing": (lambda: column(pd.Series(pd.date_range("2024", periods=ROWS)).mask(LOW)), DATE),
    "times of Zurich": (lambda: column(pd.date_range("2024", periods=ROWS, tz="Europe/Zurich")), DATE),
    "times of UTC": (lambda: column(pd.date_range("2024", periods=ROWS, freq="h", tz="UTC")), DATE),
    "times of the Middle Ages": (
        lambda: column(np.array(["1000-01-01", "1200-02-02"] * 30, dtype="datetime64[s]")),
        DATE,
    ),
    "durations": (lambda: column(pd.to_timedelta(range(ROWS), unit="min")), "duration"),
    "durations with missing": (lambda: column(pd.Series(pd.to_timedelta(range(ROWS), unit="s")).mask(LOW)), "duration"),
}


def both(**options: Any) -> pd.DataFrame:
    return pd.DataFrame(RANDOM.normal(size=(ROWS, 2)), **options)


FORMS: dict[str, Callable[[], pd.DataFrame]] = {
    "names that are years": lambda: both(columns=[2019, 2020]),
    "names of numpy": lambda: both(columns=np.array([1, 2])),
    "names of two kinds": lambda: both(columns=["a", 1]),
    "an empty name": lambda: both(columns=["", "b"]),
    "names that are categories": lambda: both(columns=pd.CategoricalIndex(["a", "b"])),
    "an index of text": lambda: both(columns=["a", "b"], index=[f"r{row}" for row in range(ROWS)]),
    "an index of dates": lambda: both(columns=["a", "b"], index=pd.date_range("2024", periods=ROWS)),
    "an index of categories": lambda: both(columns=["a", "b"], index=pd.CategoricalIndex(["a", "b"] * 30, name="g")),
    "an index of two levels": lambda: both(
        columns=["a", "b"], index=pd.MultiIndex.from_product([["a", "b"], range(30)], names=["k", "n"])
    ),
    "many columns": lambda: pd.DataFrame(RANDOM.normal(size=(ROWS, 150))),
    "one column": lambda: pd.DataFrame({"a": X}),
    "one column of text": lambda: pd.DataFrame({"a": ["u", "v"] * 30}),
    "two rows": lambda: pd.DataFrame({"a": [1.5, 2], "b": ["x", "y"]}),
}

REFUSED: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "numbers without a square": (
        lambda: column(1e200 * X),
        r"'v' has \S+e\+2\d\d; expected numbers up to 1e\+150; div",
    ),
    "text and numbers": (lambda: column(pd.Series([1, "a"] * 30)), "column 'v' holds int and str; expected values of"),
    "fractions": (lambda: column(pd.Series([Fraction(1, 3)] * ROWS)), "column 'v' holds Fraction; expected values of"),
    "times of a day": (lambda: column(pd.Series([datetime.time(5)] * ROWS)), "column 'v' holds time; expected values"),
    "times with a zone as objects": (
        lambda: column(pd.Series([datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)] * ROWS, dtype=object)),
        "column 'v' holds dates with a time zone as objects",
    ),
    "periods": (lambda: column(pd.period_range("2024-01", periods=ROWS, freq="M")), r"dtype period\[M\]; expected"),
    "complex numbers": (lambda: column(X + 1j), "column 'v' is of dtype complex128; expected numbers, booleans, text"),
    "lists": (lambda: column(pd.Series([[1, 2]] * ROWS)), "column 'v' holds list; expected values of one type"),
    "dictionaries": (
        lambda: column(pd.Series([{"a": 1}] * ROWS)),
        "column 'v' holds dict; expected values of one type",
    ),
    "bytes": (lambda: column(pd.Series([b"a", b"b"] * 30)), "column 'v' holds bytes; expected values of one type"),
    "names that are decimals": (lambda: both(columns=[0.5, 1.5]), "expected columns called by text or whole numbers"),
    "names of two levels": (
        lambda: both(columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])),
        r"\('a', 'x'\) is a tuple; expected categories and names that are text",
    ),
    "names that occur twice": (lambda: both(columns=["a", "a"]), "column 'a' occurs twice"),
    "no rows": (lambda: pd.DataFrame({"a": []}), r"expected rows and columns, got shape \(0, 1\)"),
    "no columns": (lambda: pd.DataFrame(index=range(3)), r"expected rows and columns, got shape \(3, 0\)"),
    "nothing but one row": (lambda: pd.DataFrame({"a": [1.5]}), "every column is constant or an identifier, so there"),
}


def returned(frame: pd.DataFrame) -> tuple[TableEncoding, pd.DataFrame]:
    encoding = TableEncoding(frame)
    vectors = encoding.encode(frame)
    assert bool(torch.isfinite(vectors).all())
    stored = TableEncoding.from_config(json.loads(json.dumps(encoding.config())))
    return encoding, stored.decode(vectors)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back(name: str) -> None:
    make, kind = COLUMNS[name]
    frame = make()
    encoding, found = returned(frame)
    assert encoding.columns[0].kind == kind
    # vectors are of single precision: what is scaled comes back to 2^-24 of its spread, and some
    tolerance = 1e-6 * float(frame["v"].std()) if kind == NUMBER and frame["v"].dtype.kind == "f" else 0.0
    pd.testing.assert_frame_equal(found, frame, rtol=1e-6, atol=tolerance)
    if kind != NUMBER:
        assert [str(value) for value in found["v"]] == [str(value) for value in frame["v"]]


@pytest.mark.parametrize("name", FORMS)
def test_a_table_comes_back(name: str) -> None:
    frame = FORMS[name]()
    found = returned(frame)[1]
    assert type(found.index) is type(frame.index)
    if name == "an index of text":  # it identifies rows, and is made anew
        assert found.index.is_unique
        assert not set(found.index) & set(frame.index)
        found.index = frame.index
    pd.testing.assert_frame_equal(found, frame, rtol=1e-6, atol=1e-6, check_freq=False)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_in_a_line(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        TableEncoding(make())
    assert "\n" not in str(caught.value)
