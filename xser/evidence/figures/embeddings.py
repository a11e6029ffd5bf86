"""Embeddings of some utterances of a run, kept for pictures: sources and target, a row an utterance."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from xser.core.errors import XserError
from xser.core.files import whole_file
from xser.core.fingerprints import fingerprint

EMBEDDINGS = "embeddings.npz"
COLUMNS = ("utterance", "corpus", "language", "speaker", "emotion", "part")


def rows_to_picture(rows: pd.DataFrame, at_most: int = 1000) -> pd.DataFrame:
    """Choose the utterances that are pictured: the same ones every time, evenly over the rows.

    Parameters
    ----------
    rows
        Column ``utterance``.
    at_most
        How many; all rows where there are no more.

    Returns
    -------
    pandas.DataFrame
        Some of `rows`, in their order.

    Examples
    --------
    >>> rows = pd.DataFrame({"utterance": [f"u{number}" for number in range(5)]})
    >>> len(rows_to_picture(rows, at_most=3)), len(rows_to_picture(rows))
    (3, 5)
    """
    if len(rows) <= at_most:
        return rows
    chosen = rows["utterance"].map(fingerprint).to_numpy().argsort(kind="stable")[:at_most]
    return rows.iloc[np.sort(chosen)]


def write_embeddings(path: str | Path, rows: pd.DataFrame, embeddings: np.ndarray) -> None:
    """Write embeddings with what a picture tells of them.

    Parameters
    ----------
    path
        ``embeddings.npz`` of a run's folder.
    rows
        Columns `COLUMNS`; ``part`` is ``source`` or ``target``.
    embeddings
        One for each row, (rows, size).
    """
    columns = {name: rows[name].to_numpy(dtype=str) for name in COLUMNS}
    with whole_file(path) as part, open(part, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, embedding=np.asarray(embeddings, dtype=np.float32), **columns)


def read_embeddings(path: str | Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Read what `write_embeddings` wrote.

    Returns
    -------
    (pandas.DataFrame, numpy.ndarray)
        Rows (columns `COLUMNS`) and their embeddings (rows, size), float32.

    Raises
    ------
    XserError
        When the file is missing or damaged, or a number in it is not finite.
    """
    remedy = "delete run.json beside it and run stage 3 (evaluate) again"
    try:
        with np.load(Path(path), allow_pickle=False) as kept:
            rows, embeddings = pd.DataFrame({name: kept[name] for name in COLUMNS}), kept["embedding"]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise XserError(f"{path} cannot be read ({error}): {remedy}") from error
    if embeddings.ndim != 2 or len(embeddings) != len(rows) or not np.isfinite(embeddings).all():
        raise XserError(f"{path} does not hold one row of finite numbers for each utterance: {remedy}")
    return rows, embeddings
