"""The table that every stage hands to the next: a row an utterance, a CSV file that a person can open.

`COLUMNS` is its schema. Every read checks it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from xser.core.errors import XserError
from xser.core.files import whole_file

if TYPE_CHECKING:
    import pandas as pd  # which takes its time, and whoever wants the names of columns needs none of it

PARTS = ("train", "valid", "test")


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    name
        Its heading.
    meaning
        What stands in it, for people.
    stage
        Which stage adds it: 0 (prepare) or 1 (manifests).
    number
        Whether it holds numbers (float64); all other columns hold text, and an unknown value is the empty text.
    allowed
        The only values there are; empty where any will do.
    filled
        Whether no row may leave it empty.
    optional
        Whether a table may lack it.
    """

    name: str
    meaning: str
    stage: int = 0
    number: bool = False
    allowed: tuple[str, ...] = ()
    filled: bool = False
    optional: bool = False


COLUMNS = (
    Column("utterance", "<corpus>-<stem>, unique", filled=True),
    Column("corpus", "the recipe's name, or that of the table", filled=True),
    Column("language", "ISO 639-3 code", filled=True),
    Column("speaker", "<corpus>-<native speaker>, empty when unknown"),
    Column("gender", "as the corpus says it"),
    Column("age", "in years or words, as the corpus says it"),
    Column("text", "<corpus>-<text id>, empty when unknown"),
    Column("transcript", "what is said"),
    Column("intensity", "of the emotion, as the corpus says it"),
    Column("take", "of several recordings of one text"),
    Column("native_label", "the corpus's own label"),
    Column("official_part", "the corpus's own part, empty without", allowed=(*PARTS, "")),
    Column("source", "the recording, below the corpus's folder"),
    Column("audio", "its 16 kHz copy, below the prepared folder; in a manifest an absolute path"),
    Column("seconds", "its duration", number=True),
    Column("digest", "first 16 hexadecimal digits of the SHA-256 of the 16-bit samples"),
    Column("start", "where a segment begins in its recording, in seconds", number=True, optional=True),
    Column("end", "where it ends", number=True, optional=True),
    Column("emotion", "a class of the scheme", stage=1, filled=True),
    Column("part", "of the split", stage=1, allowed=PARTS),
)
_BY_NAME = {column.name: column for column in COLUMNS}
ROW_COLUMNS = tuple(column.name for column in COLUMNS if column.stage == 0 and not column.optional)
MANIFEST_COLUMNS = (*ROW_COLUMNS, *(column.name for column in COLUMNS if column.stage == 1))
NUMBERS = tuple(column.name for column in COLUMNS if column.number)


def read_rows(path: Path, manifest: bool = False) -> pd.DataFrame:
    """Read a table of utterances and check it against `COLUMNS`.

    Parameters
    ----------
    path
        A CSV file that `write_rows` wrote: ``rows.csv`` of stage 0 or a manifest of stage 1.
    manifest
        Whether the columns of stage 1 must be there.

    Returns
    -------
    pandas.DataFrame
        Text in every column but `NUMBERS`; an unknown value is the empty text, never NaN (a speaker may be called
        "NA").

    Raises
    ------
    XserError
        With the file, and the line where it is one line's fault: no such file, no CSV, a column that is missing,
        unknown or holds what it must not, an utterance that stands twice.
    """
    import pandas as pd

    again = "delete it and run its stage again"
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError as error:
        raise XserError(f"{path} is missing: run the stage that writes it again") from error
    except (ValueError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise XserError(f"{path} is not a table of utterances ({error}): {again}") from error
    for name in MANIFEST_COLUMNS if manifest else ROW_COLUMNS:
        if name not in rows.columns:
            raise XserError(f"{path} has no column {name!r}: {again}")
    for name in rows.columns:
        if name not in _BY_NAME:
            raise XserError(f"{path} has the unknown column {name!r}: {again}")
        rows[name] = _checked(rows[name], _BY_NAME[name], path, again)
    repeated = rows["utterance"].duplicated()
    if repeated.any():
        line = _line(repeated)
        raise XserError(f"{path}, line {line}: the utterance {rows['utterance'][line - 2]} stands twice: {again}")
    return rows


def _checked(values: pd.Series, column: Column, path: Path, again: str) -> pd.Series:
    import pandas as pd

    if column.number:
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
        wrong = numbers.isna() & ((values != "") | (not column.optional))  # not every recording is cut into segments
        wanted = "a number"
    else:
        numbers = values
        wrong, wanted = pd.Series(False, index=values.index), "text"
    if column.allowed:
        wrong, wanted = ~values.isin(column.allowed), " or ".join(each or "nothing" for each in column.allowed)
    elif column.filled:
        wrong, wanted = values == "", "not empty"
    if wrong.any():
        line = _line(wrong)
        raise XserError(
            f"{path}, line {line}: the column {column.name!r} should be {wanted}, and is {values[line - 2]!r}: {again}"
        )
    return numbers


def _line(wrong: pd.Series) -> int:
    """The line of the file, counted from 1, of the first row that is wrong: a row is a line, below the heading."""
    return int(wrong.to_numpy().argmax()) + 2


def write_rows(path: Path, rows: pd.DataFrame) -> None:
    """Write a table of utterances (`rows_content`), whole or not at all."""
    with whole_file(path) as part:
        part.write_bytes(rows_content(rows))


def rows_content(rows: pd.DataFrame) -> bytes:
    """The CSV file of a table of utterances, sorted by ``utterance``.

    Parameters
    ----------
    rows
        At least `ROW_COLUMNS`; they come first, in that order. Line breaks inside a cell become spaces, so that a row
        is a line; seconds are written with six decimals.
    """
    first = [column for column in MANIFEST_COLUMNS if column in rows.columns]
    rows = rows[first + [column for column in rows.columns if column not in first]]
    rows = rows.sort_values("utterance", kind="stable")
    text = [column for column in rows.columns if column not in NUMBERS]
    rows = rows.assign(**{column: rows[column].str.replace(r"[\r\n]+", " ", regex=True) for column in text})
    return rows.to_csv(index=False, float_format="%.6f", lineterminator="\n").encode()
