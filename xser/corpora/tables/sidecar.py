"""The YAML file beside a table or folder: what the table itself does not say, in the words of corpus.yaml.

    language: deu
    labels: {W: angry, F: happy, x: drop}
    columns: {path: file, label: majority_vote}

``mine.yaml`` stands beside ``mine.csv``, ``mine.parquet`` or the folder ``mine``. Every key may be missing.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from xser.core.records import OneOf, read_yaml, understood
from xser.corpora.description.corpus_yaml import Emotion, Shared, Text
from xser.corpora.tables.columns import USUAL
from xser.corpora.tables.words import code_of_language


class Sidecar(Shared):
    """What a person writes beside a table."""

    language: Annotated[Text, AfterValidator(understood(code_of_language))] | None = None
    """Of the rows that do not say theirs: a code such as `deu` or `de`, or an English name."""
    columns: dict[Annotated[str, OneOf(USUAL)], str] = {}
    """Field: the column that holds it, where its name does not tell."""
    labels: dict[str, Emotion] = {}
    """Label of the table: canonical emotion, or `drop`."""
    root: Text | None = None
    """Where relative paths start, from the folder that holds the table."""
    tables: tuple[str, ...] = ()
    """Of an audformat database: the tables whose rows are the utterances."""
    made_up: bool = False
    """Whether the recordings stand in for real ones: results say so."""


def sidecar_of(path: Path) -> Path:
    """Return the path of the YAML file beside a table or folder, be it there or not; ``.yml`` where it is called so."""
    beside = path.with_name(f"{path.name if path.is_dir() else path.stem}.yaml")
    short = beside.with_name(f"{beside.name[:-5]}.yml")
    return short if short.is_file() and not beside.exists() else beside


def read_sidecar(path: Path) -> Sidecar:
    """Read what the file beside a table says; where there is none, nothing.

    Raises
    ------
    XserError
        Naming the file, the line and the key, for whatever cannot be understood.
    """
    return read_yaml(path, Sidecar) if path.is_file() else Sidecar()
