"""The table that every stage hands to the next: a row an utterance, a CSV file that a person can open."""

import pandas as pd

from xser.core.errors import XserError
from xser.core.files import whole_file

ROW_COLUMNS = (
    "utterance",  # <corpus>-<stem>, unique
    "corpus",
    "language",  # ISO 639-3
    "speaker",  # <corpus>-<native speaker>, empty when unknown
    "gender",
    "age",  # in years or words, as the corpus says it
    "text",  # <corpus>-<text id>, empty when unknown
    "transcript",
    "intensity",
    "take",
    "native_label",
    "official_part",  # train, valid, test or empty
    "source",  # the recording, below the corpus's folder
    "audio",  # its 16 kHz copy, below the prepared folder; in a manifest an absolute path
    "seconds",
    "digest",  # first 16 hexadecimal digits of the SHA-256 of the 16-bit samples
)
MANIFEST_COLUMNS = (*ROW_COLUMNS, "emotion", "part")
PARTS = ("train", "valid", "test")
NUMBERS = ("seconds", "start", "end")


def read_rows(path):
    """Read a table of utterances.

    Parameters
    ----------
    path : str or Path
        A CSV file that `write_rows` wrote: ``rows.csv`` of stage 0 or a manifest of stage 1.

    Returns
    -------
    pandas.DataFrame
        Text in every column but `NUMBERS`; an unknown value is the empty string, never NaN (a speaker may be called
        "NA").

    Raises
    ------
    XserError
        When the file is missing, not a CSV file, or lacks a column of `ROW_COLUMNS`.
    """
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError as error:
        raise XserError(f"{path} is missing: run the stage that writes it again") from error
    except (ValueError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise XserError(f"{path} is not a table of utterances ({error}): delete it and run its stage again") from error
    missing = [column for column in ROW_COLUMNS if column not in rows.columns]
    if missing:
        raise XserError(f"{path} has no column {missing[0]!r}: delete it and run its stage again")
    for column in set(NUMBERS) & set(rows.columns):
        try:
            rows[column] = pd.to_numeric(rows[column]).astype(float)
        except ValueError as error:
            raise XserError(f"{path} has something else than numbers in column {column!r} ({error})") from error
    return rows


def write_rows(path, rows):
    """Write a table of utterances, whole or not at all, sorted by ``utterance``.

    Parameters
    ----------
    path : str or Path
        The CSV file.
    rows : pandas.DataFrame
        At least `ROW_COLUMNS`; they come first, in that order. Line breaks inside a cell become spaces, so that a row
        is a line; seconds are written with six decimals.
    """
    first = [column for column in MANIFEST_COLUMNS if column in rows.columns]
    rows = rows[first + [column for column in rows.columns if column not in first]]
    rows = rows.sort_values("utterance", kind="stable")
    text = [column for column in rows.columns if column not in NUMBERS]
    rows = rows.assign(**{column: rows[column].str.replace(r"[\r\n]+", " ", regex=True) for column in text})
    with whole_file(path) as part:
        rows.to_csv(part, index=False, float_format="%.6f", lineterminator="\n", encoding="utf-8")
