"""Parquet and Arrow files, with recordings inside or beside them, as Hugging Face's datasets write them.

pyarrow is imported where it is needed: most corpora do not.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xser.core.errors import XserError
from xser.core.extras import optional
from xser.corpora.description.file_patterns import nfc
from xser.corpora.tables.columns import USUAL, plain
from xser.corpora.tables.native import Shards, safe_name, text_of

SUFFIXES = (".parquet", ".arrow")
ROWS_AT_ONCE = 64  # of those with audio inside


def read_shards(
    paths: list[Path], folder: Path, audio: str | None = None, label_names: dict[str, list[str]] | None = None
) -> tuple[list[str], list[list[dict[str, str]]], str | None, Shards | None]:
    """Read the rows of files, without the audio inside.

    Parameters
    ----------
    paths
        ``.parquet`` files, or ``.arrow`` files (a stream or a file of record batches).
    folder
        They lie in or below it.
    audio
        The column of recordings, where the user names it.
    label_names
        Column of numbers from 0 -> what they stand for, beside what the files themselves say.

    Returns
    -------
    columns
        Their names.
    rows
        For every file its rows. In the column of recordings the path, or the one that `recordings_inside` gives.
    audio
        The column of recordings, where it is one that may hold audio.
    shards
        The files that hold audio, where there are any.

    Raises
    ------
    XserError
        When a file cannot be read.
    """
    columns: list[str] = []
    all_rows, shards, found = [], [], None
    for path in paths:
        with _opened(path) as shard:
            names = {**(label_names or {}), **_label_names(shard.schema)}
            found = _audio_column(shard.schema, audio)
            _refuse_decoded(path, shard.schema, audio)
            rows, inside = _rows(shard, path, folder, found, names)
        columns += [name for name in shard.schema.names if name not in columns]
        all_rows.append(rows)
        shards += [path] if inside else []
    return columns, all_rows, found, Shards(tuple(shards), folder, found) if shards and found else None


def recordings_inside(path: Path, folder: Path, audio: str) -> Iterator[tuple[str, bytes]]:
    """Yield the recordings inside a file.

    Parameters
    ----------
    path
        One of the shards of `read_shards`.
    folder
        As there.
    audio
        The column of recordings.

    Yields
    ------
    (str, bytes)
        Path and content.
    """
    with _opened(path) as shard:
        names = iter(_names(path, folder, _paths(shard, audio)))
        for cells in shard.batches(audio):
            for cell in cells:
                name, content = next(names), _content(cell.as_py())
                if content is not None:
                    yield name, content


# What both kinds of file have in common. ------------------------------------------------------------------------------


class _Parquet:
    def __init__(self, path: Path) -> None:
        import pyarrow.parquet

        self.file = pyarrow.parquet.ParquetFile(path, memory_map=True)
        self.schema, self.rows = self.file.schema_arrow, self.file.metadata.num_rows

    def column(self, name: str) -> list[Any]:
        """Text of a column; ``audio.path`` is one of a struct, without the rest of it."""
        table = self.file.read(columns=[name], use_threads=False)
        first, *inner = name.split(".") if name not in self.schema.names else [name]
        cells = table.column(first).to_pylist()
        return [cell and cell.get(inner[0]) for cell in cells] if inner else cells

    def is_inside(self, name: str, nested: bool) -> list[bool]:
        """Whether each row has audio inside: by the counts of the file where they tell, else by a look at it."""
        leaf = f"{name}.bytes" if nested else name
        inside = []
        for number in range(self.file.num_row_groups):
            group = self.file.metadata.row_group(number)
            chunk = next(c for c in map(group.column, range(group.num_columns)) if c.path_in_schema == leaf)
            empty = chunk.statistics.null_count if chunk.statistics and chunk.statistics.has_null_count else None
            if empty in (0, group.num_rows):
                inside += [empty == 0] * group.num_rows
            else:
                cells = self.file.read_row_group(number, columns=[leaf]).column(name).to_pylist()
                inside += [_content(cell) is not None for cell in cells]
        return inside

    def batches(self, name: str) -> Iterator[Any]:
        for batch in self.file.iter_batches(batch_size=ROWS_AT_ONCE, columns=[name]):
            yield batch.column(0)

    def close(self) -> None:
        self.file.close()


class _Arrow:
    def __init__(self, path: Path) -> None:
        import pyarrow

        self.map = pyarrow.memory_map(str(path))
        try:
            self.table = pyarrow.ipc.open_stream(self.map).read_all()
        except pyarrow.ArrowInvalid:
            self.map.seek(0)
            self.table = pyarrow.ipc.open_file(self.map).read_all()
        self.schema, self.rows = self.table.schema, self.table.num_rows

    def column(self, name: str) -> list[Any]:
        first, *inner = name.split(".") if name not in self.schema.names else [name]
        chunks = self.table.column(first).chunks  # not put together: that would copy the audio
        return [cell for chunk in chunks for cell in (_inner(chunk, inner[0]) if inner else chunk).to_pylist()]

    def is_inside(self, name: str, nested: bool) -> list[bool]:
        return [inside for cells in self.batches(name) for inside in _is_valid(cells, nested)]

    def batches(self, name: str) -> Iterator[Any]:
        for batch in self.table.select([name]).to_batches(max_chunksize=ROWS_AT_ONCE):
            yield batch.column(0)

    def close(self) -> None:
        self.map.close()


class _opened:
    """Open a file of either kind; whatever is wrong with it is one line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> _Parquet | _Arrow:
        pyarrow = optional("pyarrow", self.path.name)

        self.expected = (OSError, pyarrow.ArrowException)
        try:
            self.shard = _Parquet(self.path) if self.path.suffix.lower() == ".parquet" else _Arrow(self.path)
        except self.expected as error:
            raise self._unreadable(error) from error
        return self.shard

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: Any) -> None:
        self.shard.close()
        if error is not None and isinstance(error, self.expected):
            raise self._unreadable(error) from error

    def _unreadable(self, error: BaseException) -> XserError:
        reason = " ".join(str(error).split())[:200]
        return XserError(f"{self.path} is no {self.path.suffix[1:]} file that can be read ({reason}): fetch it again")


def _inner(cells: Any, name: str) -> Any:
    import pyarrow.compute

    return pyarrow.compute.struct_field(cells, name)


def _is_valid(cells: Any, nested: bool) -> list[bool]:
    return (_inner(cells, "bytes") if nested else cells).is_valid().to_pylist()


def _content(cell: Any) -> bytes | None:
    return cell.get("bytes") if isinstance(cell, dict) else cell


def _rows(
    shard: _Parquet | _Arrow, path: Path, folder: Path, audio: str | None, label_names: dict[str, list[str]]
) -> tuple[list[dict[str, str]], bool]:
    """The rows of a file, and whether it has recordings inside."""
    rows: list[dict[str, str]] = [{} for _ in range(shard.rows)]
    inside: list[bool] = []
    for name in shard.schema.names:
        if name == audio:
            nested = _is_audio(shard.schema.field(name).type)
            inside = shard.is_inside(name, nested)
            paths = _paths(shard, name)
            names = _names(path, folder, paths)
            cells = [names[at] if inside[at] else _beside(folder, paths[at]) for at in range(len(rows))]
        elif _is_scalar(shard.schema.field(name).type):
            cells = [_labelled(cell, label_names.get(name)) for cell in shard.column(name)]
        else:
            continue
        for row, cell in zip(rows, cells, strict=True):
            row[nfc(name).strip()] = text_of(cell)
    return rows, any(inside)


def _labelled(cell: Any, names: list[str] | None) -> Any:
    if names is None or isinstance(cell, bool) or not isinstance(cell, int):
        return cell
    return names[cell] if 0 <= cell < len(names) else None  # -1 stands for no label


def _beside(folder: Path, path: str | None) -> str:
    return os.path.join(folder, path) if path else ""


def _paths(shard: _Parquet | _Arrow, audio: str) -> list[str | None]:
    """The path that goes with each recording, None where there is none."""
    kind = shard.schema.field(audio).type
    if _is_audio(kind) and kind.get_field_index("path") >= 0:
        return shard.column(f"{audio}.path")
    return [None] * shard.rows


def _names(path: Path, folder: Path, paths: list[str | None]) -> list[str]:
    """Paths below the folder that recordings are extracted to: by their own names, where each has another."""
    place = path.relative_to(folder).with_suffix("").as_posix()
    names = [safe_name(os.path.basename((each or "").replace("\\", "/"))) if each else "" for each in paths]
    if "" in names or len({name.casefold() for name in names}) < len(names):
        names = ["-".join(filter(None, [f"{at:06}", name])) for at, name in enumerate(names)]
    return [f"{place}/{name}" for name in names]


# Types. ---------------------------------------------------------------------------------------------------------------


def _audio_column(schema: Any, chosen: str | None) -> str | None:
    """The column that may hold audio: the user's, the only one, or the one with a usual name; None without."""
    if chosen is not None:
        kind = schema.field(chosen).type if chosen in schema.names else None
        return chosen if kind is not None and (_is_audio(kind) or _is_binary(kind)) else None
    usual = {plain(name) for name in USUAL["path"].split()}
    having = [field.name for field in schema if _is_audio(field.type)]
    having = having or [field.name for field in schema if _is_binary(field.type) and plain(field.name) in usual]
    named = [name for name in having if plain(name) in usual]
    return having[0] if len(having) == 1 else named[0] if named else None


def _refuse_decoded(path: Path, schema: Any, chosen: str | None) -> None:
    """Refuse recordings that are arrays of numbers, where nothing else may be the recording."""
    import pyarrow

    usual = {plain(name) for name in USUAL["path"].split()}
    named = [field for field in schema if (field.name == chosen if chosen else plain(field.name) in usual)]
    for field in named:
        decoded = pyarrow.types.is_list(field.type) or pyarrow.types.is_large_list(field.type)
        decoded |= pyarrow.types.is_struct(field.type) and field.type.get_field_index("array") >= 0
        if decoded and len(named) == 1 and not _is_audio(field.type):
            raise XserError(
                f"{path}: the column {field.name} holds decoded audio, arrays of numbers: save the recordings "
                "themselves; in datasets `cast_column(NAME, Audio(decode=False))` keeps them"
            )


def _is_audio(kind: Any) -> bool:
    import pyarrow

    return pyarrow.types.is_struct(kind) and kind.get_field_index("bytes") >= 0


def _is_binary(kind: Any) -> bool:
    import pyarrow

    return pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)


def _is_scalar(kind: Any) -> bool:
    import pyarrow

    return not pyarrow.types.is_nested(kind) and not _is_binary(kind)


def _label_names(schema: Any) -> dict[str, list[str]]:
    """Column -> names of its numbers, where datasets wrote them into the schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: each["names"] for name, each in features.items() if "names" in each}
    except (KeyError, TypeError, ValueError):  # written by another library
        return {}
