"""The table on disk gives back what was written."""

import pandas as pd
import pytest

from tests.support.made_rows import rows_of, shuffled
from xser.core.errors import XserError
from xser.core.rows import MANIFEST_COLUMNS, ROW_COLUMNS, read_rows, write_rows

ODD = ["NA", "nan", "None", "", "1", "01", "1e5", 'say "no"', "a,b", " space ", "Colère", "ä", "#", "'", "true", "\\n"]


def test_what_is_written_is_read(tmp_path):
    rows = rows_of({"a": {"sad": len(ODD)}}).drop(columns="emotion")
    rows["transcript"] = ODD
    rows["speaker"] = ODD[::-1]
    write_rows(tmp_path / "rows.csv", rows)
    back = read_rows(tmp_path / "rows.csv")
    assert list(back.columns) == list(ROW_COLUMNS)
    pd.testing.assert_frame_equal(back, rows, check_dtype=False)
    assert back["seconds"].dtype == float
    assert all(isinstance(value, str) for value in back["speaker"])


def test_a_row_is_a_line(tmp_path):
    rows = rows_of({"a": {"sad": 2}})
    rows["transcript"] = ["one\r\ntwo", "one\rtwo"]
    write_rows(tmp_path / "rows.csv", rows)
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 3
    assert list(read_rows(tmp_path / "rows.csv")["transcript"]) == ["one two", "one two"]


def test_the_order_of_rows_and_columns_leaves_no_trace(tmp_path):
    rows = rows_of({"a": {"sad": 20}, "b": {"happy": 20}}).assign(part="train")
    write_rows(tmp_path / "one.csv", rows)
    write_rows(tmp_path / "two.csv", shuffled(rows, 0)[list(reversed(rows.columns))])
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert list(read_rows(tmp_path / "two.csv").columns) == list(MANIFEST_COLUMNS)


def test_seconds_have_six_decimals(tmp_path):
    write_rows(tmp_path / "rows.csv", rows_of({"a": {"sad": 1}}).assign(seconds=[1 / 3]))
    assert ",0.333333," in (tmp_path / "rows.csv").read_text()


def table(**second):
    """A table of two utterances, the second of which has other values."""
    values = {**dict.fromkeys(ROW_COLUMNS, "x"), "seconds": "1", "official_part": ""}
    rows = [{**values, "utterance": "first"}, {**values, "utterance": "second", **second}]
    names = list(dict.fromkeys([*ROW_COLUMNS, *second]))
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is missing"),
        ("", "not a table"),
        ("utterance,corpus\na,b\n", "no column 'language'"),
        (table(seconds="x"), "rows.csv, line 3: the column 'seconds' should be a number, and is 'x'"),
        (table(official_part="x"), "line 3: the column 'official_part' should be train or valid or test or nothing"),
        (table(utterance=""), "line 3: the column 'utterance' should be not empty"),
        (table(utterance="first"), "line 3: the utterance first stands twice"),
        (table(colour="red"), "unknown column 'colour'"),
        ('utterance,"', "not a table"),
    ],
)
def test_what_is_no_table_is_told(tmp_path, content, said):
    path = tmp_path / "rows.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(XserError, match=said) as caught:
        read_rows(path)
    assert str(path) in str(caught.value)
