"""Which form a table corpus has, and the reader of that form."""

from pathlib import Path

from xser.core.errors import XserError
from xser.corpora.tables import arrow
from xser.corpora.tables.audformat_folder import HEADER, read_audformat_folder
from xser.corpora.tables.datasets_folder import read_datasets_folder
from xser.corpora.tables.delimited import CSV_SUFFIXES, JSON_SUFFIXES, read_delimited
from xser.corpora.tables.native import Native
from xser.corpora.tables.sidecar import Sidecar

SUFFIXES = (*CSV_SUFFIXES, *JSON_SUFFIXES, *arrow.SUFFIXES)
FORMS = f"a table ({', '.join(SUFFIXES)}), or the folder of a data set of audformat or of Hugging Face's datasets"


def read_native(path: Path, settings: Sidecar) -> Native:
    """Read a table corpus as text.

    Parameters
    ----------
    path
        A table, or a folder that `xser.corpora.tables.audformat_folder` or `xser.corpora.tables.datasets_folder` reads.
    settings
        Of the file beside it (`xser.corpora.tables.sidecar.read_sidecar`).

    Raises
    ------
    XserError
        When there is no such file or folder, it has none of the forms, or cannot be read.
    """
    if not path.exists():
        raise XserError(f"there is no file or folder {path}: give {FORMS}; or the name of a recipe")
    if (path / HEADER).is_file():
        return read_audformat_folder(path, settings)
    if path.is_dir():
        native = read_datasets_folder(path, settings)
        if native is not None:
            return native
    elif path.suffix.lower() in (*CSV_SUFFIXES, *JSON_SUFFIXES):
        columns, rows = read_delimited(path)
        return Native(path, path.parent, tuple(columns), rows)
    elif path.suffix.lower() in arrow.SUFFIXES:
        audio = settings.columns.get("path")
        columns, (rows,), audio, shards = arrow.read_shards([path], path.parent, audio)
        about = {"columns": {"path": audio}} if audio else {}
        return Native(path, path.parent, tuple(columns), rows, about, shards)
    raise XserError(f"{path} is no corpus: give {FORMS}; or the name of a recipe")
