"""Text tables as people have them: what is read, as what, and what is refused in a line."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from adagan.data.csv_files import CsvForm, read_csv

RANDOM = np.random.default_rng(100)
VALUES = np.round(RANDOM.normal(size=(30, 3)), 3)


def rows(separator: str = ",", decimal: str = ".", end: str = "") -> str:
    return "".join(separator.join(f"{v:.3f}".replace(".", decimal) for v in row) + end + "\n" for row in VALUES)


def read(folder: Path, content: str | bytes, **options: Any) -> tuple[pd.DataFrame, CsvForm]:
    path = folder / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path, **options)


@pytest.mark.parametrize(
    ("content", "names", "told"),
    [
        ("a,b,c\n" + rows(), "abc", "names in the first line, separated by commas"),
        (rows(), [0, 1, 2], "no names in the first line, so columns are numbered, separated by commas"),
        ("a;b;c\n" + rows(";"), "abc", "separated by semicolons"),
        ("a;b;c\n" + rows(";", ","), "abc", "separated by semicolons, decimal commas"),
        (rows(";", ","), [0, 1, 2], "separated by semicolons, decimal commas"),
        ("a\tb\tc\n" + rows("\t"), "abc", "separated by tabs"),
        ("a\tb\tc\n" + rows("\t", ","), "abc", "separated by tabs, decimal commas"),
        ("a|b|c\n" + rows("|"), "abc", "separated by bars"),
        ("a, b, c\n" + rows(", "), "abc", "separated by commas"),
        ("a,b,c,\n" + rows(end=","), "abc", "the empty last column left out"),
        ("\ufeffa,b,c\n" + rows(), "abc", "separated by commas"),
        (("a,b,c\n" + rows()).encode("utf-16"), "abc", "UTF-16"),
        (("\ufeffa,b,c\n" + rows()).encode("utf-16-be"), "abc", "UTF-16"),
        ("a,b,c\n\n" + rows() + "\n\n", "abc", "separated by commas"),
        (("a,b,c\n" + rows()).replace("\n", "\r\n"), "abc", "separated by commas"),
        (("a,b,c\n" + rows()).replace("\n", "\r"), "abc", "separated by commas"),
        ('"a","b","c"\n' + rows(), "abc", "separated by commas"),
        ("2019,2020,2021\n" + rows(), ["2019", "2020", "2021"], "names in the first line"),
        ("0,1,2\n" + rows(), ["0", "1", "2"], "names in the first line"),
        ("x 1,x/2,größe\n" + rows(), ["x 1", "x/2", "größe"], "names in the first line"),
        (
            ",a,b,c\n" + "".join(f"{n},{line}\n" for n, line in enumerate(rows().splitlines())),
            "abc",
            "the row numbers in the first column left out",
        ),
    ],
)
def test_how_a_table_is_written_is_found_out_and_said(tmp_path: Path, content: Any, names: Any, told: str) -> None:
    frame, form = read(tmp_path, content)
    assert list(frame.columns) == list(names)
    assert told in form.told
    assert np.array_equal(frame.to_numpy(), VALUES)


@pytest.mark.parametrize(
    ("cells", "expected", "dtype"),
    [
        (["1", "2", "30"], [1, 2, 30], "int64"),
        (["1", "", "30"], [1, None, 30], "Int64"),
        (["+1", "-2", "3"], [1, -2, 3], "int64"),
        (["1.5", "NA", "2"], [1.5, np.nan, 2.0], "float64"),
        (["1e3", "2E-2", ".5"], [1000.0, 0.02, 0.5], "float64"),
        (["0.1", "47.376887654321012", "5."], [0.1, 47.376887654321012, 5.0], "float64"),
        (["1700000000", "1700000061", "0"], [1700000000, 1700000061, 0], "int64"),
        (["9007199254740993", "1", "2"], [9007199254740993, 1, 2], "int64"),
        (["18446744073709551615", "1", "2"], [2**64 - 1, 1, 2], "uint64"),
        (["123456789012345678901234", "1", "2"], ["123456789012345678901234", "1", "2"], "str"),
        (["01234", "00000", "80000"], ["01234", "00000", "80000"], "str"),
        (["0", "10", "0"], [0, 10, 0], "int64"),
        (["True", "False", "True"], [True, False, True], "bool"),
        (["true", "", "FALSE"], [True, None, False], "boolean"),
        (["yes", "no", "yes"], ["yes", "no", "yes"], "str"),
        (["#n1", "n2", "#"], ["#n1", "n2", "#"], "str"),
        (["a", "null", "N/A"], ["a", None, None], "str"),
        (["", "nan", "NULL"], [np.nan] * 3, "float64"),
        (['"x, ""1"""', '"x; 2"', "x"], ['x, "1"', "x; 2", "x"], "str"),
        (['"two\nlines"', "one", "one"], ["two\nlines", "one", "one"], "str"),
        (['"1,234"', '"12,345"', "5"], [1234, 12345, 5], "int64"),
        (['"1,234.5"', '"1,234,567.25"', "5"], [1234.5, 1234567.25, 5.0], "float64"),
        (['"0,5"', '"1,25"', "3"], [0.5, 1.25, 3.0], "float64"),
        (['"1.234,5"', '"2,5"', "3"], [1234.5, 2.5, 3.0], "float64"),
        (["1'234", "12'345.5", "7"], [1234.0, 12345.5, 7.0], "float64"),
        (["1 234", "12 345", "7"], [1234, 12345, 7], "int64"),
        (["2024-01-01", "2024-02-30x", "2024"], ["2024-01-01", "2024-02-30x", "2024"], "str"),
        (["12%", "7%", "8%"], ["12%", "7%", "8%"], "str"),
        (["Zürich", "東京", "🙂"], ["Zürich", "東京", "🙂"], "str"),
    ],
)
def test_cells_become_values(tmp_path: Path, cells: list[str], expected: list[Any], dtype: str) -> None:
    frame, _ = read(tmp_path, "value,other\n" + "".join(f"{cell},x{n}\n" for n, cell in enumerate(cells)))
    assert str(frame["value"].dtype) == dtype
    found = [None if pd.isna(value) else value for value in frame["value"].tolist()]
    assert found == [None if pd.isna(value) else value for value in expected]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("1,2\n3,4\n5,6\n", [0, 1]),
        ("0,1\n1,0\n1,1\n", [0, 1]),
        ("0,1,2,3\n4,4,1,0\n1,1,1,1\n", ["0", "1", "2", "3"]),
        ("2019,2020\n5,7\n6,8\n", ["2019", "2020"]),
        ("2019,2020\n2001,2003\n2004,1999\n", [0, 1]),
        ("Bern,1\nBern,2\nRome,3\n", [0, 1]),
        ("city,1st\nBern,2\nRome,3\n", ["city", "1st"]),
        ("city,name\nBern,Ada\nRome,Bo\n", ["city", "name"]),
    ],
)
def test_a_first_line_of_names_or_of_values(tmp_path: Path, content: str, names: list[Any]) -> None:
    assert list(read(tmp_path, content)[0].columns) == names


def test_the_user_may_say_what_the_first_line_is(tmp_path: Path) -> None:
    assert list(read(tmp_path, "1,2\n3,4\n", header=True)[0].columns) == ["1", "2"]
    assert len(read(tmp_path, "a,b\nc,d\n", header=False)[0]) == 2


def test_kinds_that_are_said_are_kept_as_they_are_written(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, "zip,x\n3000,1\n8000,2\n", kinds={"zip": "category"})
    assert frame["zip"].tolist() == ["3000", "8000"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n" + rows(), "the first line has 2 names, the rows below have 3 values; give every column one name"),
        ("a,b,c,d\n" + rows(), "the first line has 4 names, the rows below have 3 values"),
        ("a,b\n1,2\n3,4\n5\n", "line 4 has 1 values, the others have 2"),
        ("a,b\n1,2\n3,4,5\n", "line 3 has 3 values, the others have 2; put cells that hold commas in quotes"),
        ("a,b,a\n1,2,3\n", "the name 'a' stands over 2 columns"),
        ("a,,c\n1,2,3\n4,5,6\n", "column 2 has no name in the first line"),
        ("a;b\n1,234;x\n5,678;y\n", "1,234 may be 1.234 or 1234; write its numbers with a decimal point"),
        ("a;b,c\nd;e,f\n", "the lines may be separated by commas or by semicolons"),
        (
            "a,b\n" + "1,x\n" * 40 + "?,x\n",
            "1 of 41 values of column 'a' are no numbers, such as '?'; leave them empty",
        ),
        (b"a,b\nZ\xfcrich,1\n", "not a text file in UTF-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), "not a text file in UTF-8: it holds zero bytes"),
        ("\n\n", "the file has no rows"),
        ("a,b\n", "the file has names and no rows"),
    ],
)
def test_what_is_ambiguous_is_refused_in_a_line(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'data.csv'}: {message}")
    assert "\n" not in str(caught.value)
