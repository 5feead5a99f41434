"""Text tables beyond those of public reports, of the same kinds: what came, and what it is to become."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from adagan.data.csv_files import read_csv

TWO = [[1, 2], [3, 4]]

COLUMNS: dict[str, tuple[list[str], list[Any], str]] = {
    # what came: the cells of a column, their values, and its type
    "spaces before numbers": ([" 1", "  2", "30 "], [1, 2, 30], "int64"),
    "a negative zero": (["-0.0", "1.5", "2"], [-0.0, 1.5, 2.0], "float64"),
    "a typographic minus": (["−5", "3", "4"], [-5, 3, 4], "int64"),
    "a typographic minus before decimals": (["−5.25", "3", "4"], [-5.25, 3.0, 4.0], "float64"),
    "the least whole number": (["-9223372036854775808", "1", "2"], [-(2**63), 1, 2], "int64"),
    "one below the least": (["-9223372036854775809", "1", "2"], ["-9223372036854775809", "1", "2"], "str"),
    "the largest whole number": (["9223372036854775807", "-1", "2"], [2**63 - 1, -1, 2], "int64"),
    "large beside negative": (["9223372036854775808", "-1", "2"], ["9223372036854775808", "-1", "2"], "str"),
    "whole numbers and decimals": (["1", "2.5", "3"], [1.0, 2.5, 3.0], "float64"),
    "decimals that are whole": (["1.0", "2.0", "3.0"], [1.0, 2.0, 3.0], "float64"),
    "far apart": (["1e300", "1e-300", "1"], [1e300, 1e-300, 1.0], "float64"),
    "twenty digits": (["0.12345678901234567890", "1", "2"], [0.12345678901234568, 1.0, 2.0], "float64"),
    "years": (["2019", "2020", "2021"], [2019, 2020, 2021], "int64"),
    "numbers in quotes": (['"1"', '"2"', '"3"'], [1, 2, 3], "int64"),
    "a number with a line end in quotes": (['"1\n"', "2", "3"], [1, 2, 3], "int64"),
    "blanks for missing": (["  ", "1", "2"], [None, 1, 2], "Int64"),
    "#N/A of spreadsheets": (["1", "#N/A", "2"], [1, None, 2], "Int64"),
    "None of Python": (["1", "None", "2"], [1, None, 2], "Int64"),
    "<NA> of pandas": (["1", "<NA>", "2"], [1, None, 2], "Int64"),
    "nan among whole numbers": (["1", "nan", "2"], [1, None, 2], "Int64"),
    "NULL among decimals": (["1.5", "NULL", "2"], [1.5, None, 2.0], "float64"),
    "NaN among text": (["a", "NaN", "b"], ["a", None, "b"], "str"),
    "n/a among text": (["a", "n/a", "b"], ["a", None, "b"], "str"),
    "missing truth values": (["True", "", "False"], [True, None, False], "boolean"),
    "truth values in capitals": (["TRUE", "FALSE", "TRUE"], [True, False, True], "bool"),
    "truth values and digits": (["True", "0", "1"], ["True", "0", "1"], "str"),
    "T and F": (["T", "F", "T"], ["T", "F", "T"], "str"),
    "Y and N": (["Y", "N", "Y"], ["Y", "N", "Y"], "str"),
    "hexadecimal codes": (["0x10", "0x11", "0x12"], ["0x10", "0x11", "0x12"], "str"),
    "codes with zeros before them": (["007", "8", "9"], ["007", "8", "9"], "str"),
    "telephone numbers": (["0041791", "0041792", "0041793"], ["0041791", "0041792", "0041793"], "str"),
    "versions": (["1.2.3", "1.2.4", "2.0.0"], ["1.2.3", "1.2.4", "2.0.0"], "str"),
    "addresses": (["10.0.0.1", "10.0.0.2", "10.0.0.3"], ["10.0.0.1", "10.0.0.2", "10.0.0.3"], "str"),
    "ratios": (["1/2", "1/3", "2/3"], ["1/2", "1/3", "2/3"], "str"),
    "shares, one missing": (["5%", "", "7%"], ["5%", None, "7%"], "str"),
    "a currency": (["$1.50", "$2.00", "$3"], ["$1.50", "$2.00", "$3"], "str"),
    "blanks that cannot break between thousands": (["1\u00a0234", "12\u00a0345", "7"], [1234, 12345, 7], "int64"),
    "thin blanks between thousands": (["1\u202f234", "12\u202f345", "7"], [1234, 12345, 7], "int64"),
    "text in quotes with blanks": (['" a"', '"a"', '"a "'], [" a", "a", "a "], "str"),
    "marks of inches": (['5" disk', '3" disk', "x"], ['5" disk', '3" disk', "x"], "str"),
    "days": (["2024-01-05", "2024-02-01", "2024-03-01"], ["2024-01-05", "2024-02-01", "2024-03-01"], "str"),
    "nothing at all": (["", "", ""], [None] * 3, "float64"),
}


def read(folder: Path, content: str | bytes) -> Any:
    path = folder / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column(tmp_path: Path, name: str) -> None:
    cells, expected, dtype = COLUMNS[name]
    frame, _ = read(tmp_path, "value,other\n" + "".join(f"{cell},x{n}\n" for n, cell in enumerate(cells)))
    assert str(frame["value"].dtype) == dtype
    assert [None if pd.isna(value) else value for value in frame["value"].tolist()] == expected


FILES: dict[str, tuple[str | bytes, list[Any], list[Any], str]] = {
    # what came: the text, names of the columns, rows, and words of what is said
    "spaces, as numpy.savetxt writes": ("1.5 2\n3 4\n", [0, 1], [[1.5, 2], [3, 4]], "separated by spaces"),
    "spaces in columns": ("a   b\n1   2\n  3   4 \n", ["a", "b"], TWO, "separated by spaces"),
    "tabs with blanks": ("a \t b\n1 \t 2\n3 \t 4\n", ["a", "b"], TWO, "separated by tabs"),
    "Excel says the separator": ("sep=;\na;b\n1;2\n3;4\n", ["a", "b"], TWO, "separated by semicolons"),
    "Excel says a comma": ("sep=,\r\na,b\r\n1,2\r\n3,4\r\n", ["a", "b"], TWO, "separated by commas"),
    "two commas behind each line": ("a,b,,\n1,2,,\n3,4,,\n", ["a", "b"], TWO, "empty columns without a name (2) left"),
    "an empty column in the middle": ("a,,c\n1,,2\n3,,4\n", ["a", "c"], TWO, "empty columns without a name (1) left"),
    "an empty column with a name": ("a,b,c\n1,,2\n3,,4\n", ["a", "b", "c"], [[1, None, 2], [3, None, 4]], "commas"),
    "row numbers": (",a,b\n0,1,2\n1,3,4\n", ["a", "b"], TWO, "the row numbers in the first column left out"),
    "row numbers with a name": ("n,a\n0,1\n1,3\n", ["n", "a"], [[0, 1], [1, 3]], "names in the first line"),
    "decimal commas between tabs": ("a\tb\n1,5\tx\n2,5\ty\n", ["a", "b"], [[1.5, "x"], [2.5, "y"]], "decimal commas"),
    "commas in text": ("a;b\nx, y;1\nz, w;2\n", ["a", "b"], [["x, y", 1], ["z, w", 2]], "separated by semicolons"),
    "thousands and decimals of Europe": (
        "a;b\n1.234,5;x\n2,5;y\n",
        ["a", "b"],
        [[1234.5, "x"], [2.5, "y"]],
        "decimal c",
    ),
    "points beside decimal commas": ("a;b\n1,5;2.5\n2,5;3.5\n", ["a", "b"], [[1.5, 2.5], [2.5, 3.5]], "decimal commas"),
    "the last line without an end": ("a,b\n1,2\n3,4", ["a", "b"], TWO, "separated by commas"),
    "ends of lines of two kinds": ("a,b\r\n1,2\n3,4\r\n", ["a", "b"], TWO, "separated by commas"),
    "an old sign for the end": ("a,b\n1,2\n3,4\n\x1a", ["a", "b"], TWO, "separated by commas"),
    "a new page": ("a,b\n1,2\n\x0c\n3,4\n", ["a", "b"], TWO, "separated by commas"),
    "blanks around names": (" a , b \n1,2\n3,4\n", ["a", "b"], TWO, "names in the first line"),
    "names with units": ("t [s],v (m/s)\n1,2\n3,4\n", ["t [s]", "v (m/s)"], TWO, "names in the first line"),
    "names of other scripts": ("🙂,é\n1,2\n3,4\n", ["🙂", "é"], TWO, "names in the first line"),
    "a name of two lines": ('"a\nx",b\n1,2\n3,4\n', ["a\nx", "b"], TWO, "names in the first line"),
    "a name with #": ("#c,d\n1,2\n3,4\n", ["#c", "d"], TWO, "names in the first line"),
    "decimals over numbers": ("0.5,1.5\n1,2\n", [0, 1], [[0.5, 1.5], [1, 2]], "no names in the first line"),
    "one column": ("x\n1\n3\n", ["x"], [[1], [3]], "names in the first line"),
    "one column of text": ("Bern\nRome\nBern\n", [0], [["Bern"], ["Rome"], ["Bern"]], "no names in the first line"),
    "one row": ("a,b\n1,2\n", ["a", "b"], [[1, 2]], "names in the first line"),
    "one row without names": ("1,2,3\n", [0, 1, 2], [[1, 2, 3]], "no names in the first line"),
    "UTF-16 of small ends": ("\ufeffa,b\n1,2\n3,4\n".encode("utf-16-le"), ["a", "b"], TWO, "UTF-16"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file(tmp_path: Path, name: str) -> None:
    content, names, rows, told = FILES[name]
    frame, form = read(tmp_path, content)
    assert list(frame.columns) == names
    assert frame.astype(object).where(frame.notna(), None).to_numpy().tolist() == rows
    assert told in form.told


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "a line above the names": ("# by a tool\na,b\n1,2\n", "the first line has 1 names, the rows below have 2 values"),
    "a title above the names": ("My report\n\na,b\n1,2\n3,4\n", "the first line has 1 names, the rows below have 2"),
    "a name that is a blank": ("a, ,c\n1,2,3\n", "column 2 has no name in the first line"),
    "a name twice": ("a,a\n1,2\n", "the name 'a' stands over 2 columns"),
    "single quotes": ("a,b\n'x,1',2\n", "line 2 has 3 values, the others have 2; put cells that hold commas in quotes"),
    "a quote that does not end": ('a,b\n"x,1\ny,2\n', "line 3 has 1 values, the others have 2"),
    "other characters": ("a,b\nZürich,1\n".encode("latin-1"), "not a text file in UTF-8"),
    "characters of Windows": ("a,b\n€,1\n".encode("cp1252"), "not a text file in UTF-8"),
    "UTF-32": ("a,b\n1,2\n".encode("utf-32"), "not a text file in UTF-8: it holds zero bytes"),
    "a zero byte": (b"a,b\n1,\x00\n", "not a text file in UTF-8: it holds zero bytes"),
    "gzip": (gzip.compress(b"a,b\n1,2\n"), "not a text file, but gzip; unpack it"),
    "a spreadsheet": (b"PK\x03\x04" + bytes(50), "not a text file, but zip or Excel; unpack it, or give it the suffix"),
    "Parquet": (b"PAR1" + bytes(50), "not a text file, but Parquet"),
    "a web page": ("<table><tr><td>1</td></tr></table>", "not a table of text, but a web page or XML"),
    "JSON": ('[{"a": 1, "b": 2}]', "not a table of text, but JSON; read it by pandas and save it with to_csv"),
    "JSON by line": ('{"a":1,"b":2}\n{"a":3,"b":4}\n', "not a table of text, but JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_in_a_line(tmp_path: Path, name: str) -> None:
    content, message = REFUSED[name]
    with pytest.raises(ValueError, match=r"data\.csv: ") as caught:
        read(tmp_path, content)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_numpy_writes_is_read_back(tmp_path: Path) -> None:
    values = np.random.default_rng(100).normal(size=(20, 3))
    np.savetxt(tmp_path / "data.csv", values)
    assert np.array_equal(read_csv(tmp_path / "data.csv")[0].to_numpy(), values)
