"""What a table or a dataset's folder says, before the names of its columns and its labels are understood."""

import dataclasses
import hashlib
import math
import re
from pathlib import Path
from typing import Any

LONGEST_NAME = 180  # bytes of an utterance's name: with the rest of the file's name it must stay below 255
MISSING = frozenset(("nan", "none", "null", "<na>", "nat"))  # words for it, where no label or name can be meant


@dataclasses.dataclass(frozen=True)
class Shards:
    """Files that hold the audio of rows, and not only its path.

    Attributes
    ----------
    paths
        Parquet or Arrow files.
    folder
        They lie in or below it, and the paths of the recordings inside begin with theirs from it.
    audio
        The column that holds the audio.
    """

    paths: tuple[Path, ...]
    folder: Path
    audio: str

    @property
    def key(self) -> str:
        """Text that changes whenever the files do."""
        status = [(path.relative_to(self.folder).as_posix(), path.stat()) for path in self.paths]
        return short_hash(repr([self.audio, *((name, each.st_size, each.st_mtime_ns) for name, each in status)]))


@dataclasses.dataclass(frozen=True)
class Native:
    """The rows of a table, as text.

    Attributes
    ----------
    path
        The file or folder that the user named, for messages.
    root
        The folder that relative paths of recordings start from.
    columns
        Names of the columns, in order.
    rows
        Text by column; a column may be missing, and an unknown value is empty.
    about
        Keys of the file beside it (`xser.corpora.tables.sidecar`) that the form has a place for itself.
    shards
        Files that hold the audio of rows; None when recordings are files.
    named
        Whether the columns are called as the fields of `xser.corpora.tables.columns.USUAL` already.
    """

    path: Path
    root: Path
    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    about: dict[str, Any] = dataclasses.field(default_factory=dict)
    shards: Shards | None = None
    named: bool = False


def safe_name(path: str) -> str:
    """Return a path as the name of one file, short enough for any disk.

    Examples
    --------
    >>> safe_name("/wav/anna 1")
    'wav_anna 1'
    """
    name = re.sub(r"[/\x00-\x1f]+", "_", path.strip("/.")) or "_"
    if len(name.encode()) <= LONGEST_NAME:
        return name
    return f"{name.encode()[-LONGEST_NAME:].decode(errors='ignore')}-{short_hash(path)}"


def short_hash(text: str) -> str:
    """Return 8 hexadecimal digits that tell texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def text_of(value: Any) -> str:
    """Write a cell's value as text; what is missing is the empty string.

    Text stays what it is: ``none`` may be a label, and ``nan`` is the code of a language.

    Examples
    --------
    >>> text_of(3.0), text_of(0.25), text_of(None), text_of(float("nan")), text_of(" sad "), text_of("nan")
    ('3', '0.25', '', '', 'sad', 'nan')
    """
    if value is None or isinstance(value, float) and math.isnan(value):
        return ""
    if hasattr(value, "total_seconds"):
        return str(value.total_seconds())
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a whole number beside missing ones
    return str(value).strip()
