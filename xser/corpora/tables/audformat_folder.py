"""An audformat database, read without the package audformat: ``db.yaml`` and its tables as CSV or Parquet.

What an utterance is, and its label, stands in the tables that have a column of emotions; what is known of a whole file
in any table by file; what is known of a speaker in the table, or the labels, of the scheme of speakers.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from xser.core.errors import XserError
from xser.core.yaml_text import yaml_text
from xser.corpora.tables.arrow import read_shards
from xser.corpora.tables.columns import USUAL, plain
from xser.corpora.tables.delimited import read_delimited
from xser.corpora.tables.native import Native, text_of
from xser.corpora.tables.sidecar import Sidecar
from xser.corpora.tables.words import code_of_language, part_of

HEADER = "db.yaml"
OF_SPEAKER = ("gender", "age", "language")
_EMOTION = ("emotion", "emotions", "emotion_label", "label")


def read_audformat_folder(path: Path, settings: Sidecar) -> Native:
    """Read an audformat database.

    Parameters
    ----------
    path
        The folder that holds ``db.yaml``.
    settings
        Of the file beside it: ``tables`` names the tables whose rows are the utterances, ``columns: label`` the column
        of emotions, where the database has several.

    Raises
    ------
    XserError
        When the header cannot be read, no table or several have emotions, or a table is missing or a pickle.
    """
    header = _header(path / HEADER)
    database = _Database(path, header)
    label = settings.columns.get("label")
    tables = settings.tables or _tables_of_emotions(path, header, label)
    rows = [row for table in tables for row in database.utterances(table, label)]
    for field in ("speaker", *OF_SPEAKER, "transcript", "text", "part"):
        database.add_of_files(field, rows)
    database.add_of_speakers(rows)
    columns = tuple(dict.fromkeys(field for row in rows for field in row))
    about = {"title": str(header.get("name", path.name))}
    if isinstance(header.get("license"), str):
        about["licence"] = header["license"]
    languages = header.get("languages") or []
    if len(languages) == 1:
        about["language"] = _language(path / HEADER, str(languages[0]))
    return Native(path, path, columns, rows, about, named=True)


def _header(path: Path) -> dict[str, Any]:
    try:
        header, _ = yaml_text(path.read_text(encoding="utf-8"), nulls=True)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise XserError(f"{path} cannot be read ({' '.join(str(error).split())}): fetch the database again") from error
    if not isinstance(header, dict) or not isinstance(header.get("tables"), dict):
        raise XserError(f"{path} has no tables: it must be the header of an audformat database")
    return header


def _language(header: Path, word: str) -> str:
    try:
        return code_of_language(word)
    except XserError as error:
        raise XserError(f"{header}: {error}") from error


def _is_number(value: str) -> bool:
    return re.fullmatch(r"[-+]?\d+(\.\d*)?", value) is not None


def _columns(table: Any) -> dict[str, Any]:
    return (table or {}).get("columns") or {}


def _holds(field: str, name: str, column: Any) -> bool:
    """Whether a column holds a field: by its own name or that of its scheme."""
    usual = {plain(each) for each in (_EMOTION if field == "label" else USUAL[field].split())}
    return bool({plain(name), plain(str((column or {}).get("scheme_id") or ""))} & usual)


def _label_column(table: Any, chosen: str | None) -> str | None:
    """The column of emotions of a table, None without."""
    columns = _columns(table)
    if chosen is not None:
        return chosen if chosen in columns else None
    named = [name for name in columns if plain(name) in map(plain, _EMOTION)]
    return next(iter(named or [name for name, column in columns.items() if _holds("label", name, column)]), None)


def _tables_of_emotions(path: Path, header: dict[str, Any], chosen: str | None) -> list[str]:
    """The tables whose rows are utterances: the one with emotions, or one for each split."""
    having = {name: table for name, table in header["tables"].items() if _label_column(table, chosen)}
    if not having:
        listed = ", ".join(f"{name} ({', '.join(_columns(table))})" for name, table in header["tables"].items())
        raise XserError(
            f"{path} has no column of emotions ({', '.join(_EMOTION)}) in its tables {listed}: say which it is in "
            f"{path.name}.yaml beside it, as in `columns: {{label: NAME}}`"
        )
    splits = [table.get("split_id") for table in having.values()]
    if len(having) > 1 and (None in splits or len(set(splits)) < len(splits)):
        raise XserError(
            f"{path} has several tables with emotions ({', '.join(having)}): say which in {path.name}.yaml beside it, "
            f"as in `tables: [{next(iter(having))}]`"
        )
    return list(having)


class _Database:
    """The tables of a database, each read once."""

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path, self.header = path, header
        self.read: dict[str, list[dict[str, str]]] = {}

    def rows(self, name: str) -> list[dict[str, str]]:
        if name not in self.read:
            self.read[name] = self._read(name)
        return self.read[name]

    def _read(self, name: str) -> list[dict[str, str]]:
        parquet, text = (self.path / f"db.{name}.{suffix}" for suffix in ("parquet", "csv"))
        if parquet.is_file():
            _, (rows,), _, _ = read_shards([parquet], self.path)
            return rows
        if text.is_file():
            return read_delimited(text)[1]
        if (self.path / f"db.{name}.pkl").is_file():
            raise XserError(
                f"{self.path / f'db.{name}.pkl'} is a pickle, which may run code and is not read: save it as text, "
                'with audformat: `audformat.Database.load(PATH).save(PATH, storage_format="csv")`'
            )
        raise XserError(f"{text} is missing, a table of {self.path / HEADER}: fetch the database again")

    def utterances(self, name: str, chosen: str | None) -> Iterator[dict[str, str]]:
        """Rows of a table of emotions, by fields."""
        table = self.header["tables"].get(name)
        label = _label_column(table, chosen)
        if label is None:
            raise XserError(f"{self.path} has no table {name} with emotions: it has {', '.join(self.header['tables'])}")
        part = self._part(table)
        for row in self.rows(name):
            meant = self._label(_columns(table)[label], row.get(label, ""))
            fields = {"path": row.get("file", ""), "label": meant}
            fields |= {"start": row.get("start", ""), "end": row.get("end", ""), "part": part}
            for column, about in _columns(table).items():
                for field in ("speaker", *OF_SPEAKER, "transcript", "text", "intensity"):
                    if column != label and _holds(field, column, about) and row.get(column):
                        fields.setdefault(field, self._meant(field, about, row[column]))
            yield fields

    def _part(self, table: Any) -> str:
        split = (self.header.get("splits") or {}).get(table.get("split_id")) or {}
        return part_of(str(split.get("type"))) or ""  # a split may be of type `other`

    def _meant(self, field: str, column: Any, value: str) -> str:
        """A transcript for its number, where the scheme lists them; other values as they are."""
        labels = self._labels(column)
        meant = labels.get(value) if field == "transcript" and isinstance(labels, dict) else None
        return text_of(meant) if isinstance(meant, str) else value

    def _label(self, column: Any, value: str) -> str:
        """What a label that is a number stands for, where its scheme says it; other labels as they are."""
        labels = self._labels(column)
        if isinstance(labels, str) and _is_number(value):  # a table of them
            table = (self.header.get("misc_tables") or {}).get(labels) or {}
            level = next(iter(table.get("levels") or {}), labels)
            labels = {row.get(level, ""): dict(row) for row in self.rows(labels)}
        if not isinstance(labels, dict) or not _is_number(value):
            return value
        meant = labels.get(value) or labels.get(str(int(float(value))))  # 1.0, where others are missing
        if isinstance(meant, dict):
            usual = [each for name, each in meant.items() if plain(name) in map(plain, (*_EMOTION, "name"))]
            meant = usual[0] if len(usual) == 1 else None
        return meant.strip() if isinstance(meant, str) and meant.strip() else value

    def _labels(self, column: Any) -> Any:
        scheme = (self.header.get("schemes") or {}).get((column or {}).get("scheme_id")) or {}
        return scheme.get("labels")

    def add_of_files(self, field: str, rows: list[dict[str, str]]) -> None:
        """Fill a field in from the tables by file, where the rows do not have it."""
        for name, table in self.header["tables"].items():
            if all(row.get(field) for row in rows):
                return
            if (table or {}).get("type") != "filewise":
                continue
            if field == "part" and table.get("split_id") and any(row[field] for row in rows):
                continue
            columns = [column for column, about in _columns(table).items() if _holds(field, column, about)]
            if columns:
                about = _columns(table)[columns[0]]
                of_file = {row.get("file"): row[columns[0]] for row in self.rows(name) if row.get(columns[0])}
                for row in rows:
                    if not row.get(field) and row["path"] in of_file:
                        row[field] = self._meant(field, about, of_file[row["path"]])

    def add_of_speakers(self, rows: list[dict[str, str]]) -> None:
        """Fill in what is known of the speakers: from the table that their scheme names, or from its labels."""
        known: dict[str, dict[str, Any]] = {}
        for name, scheme in (self.header.get("schemes") or {}).items():
            labels = (scheme or {}).get("labels")
            if plain(name) not in map(plain, USUAL["speaker"].split()):
                continue
            if isinstance(labels, dict):
                known = {str(id): about for id, about in labels.items() if isinstance(about, dict)}
            elif isinstance(labels, str):
                table = (self.header.get("misc_tables") or {}).get(labels) or {}
                level = next(iter(table.get("levels") or {}), labels)
                known = {row.get(level, ""): dict(row) for row in self.rows(labels)}
        for row in rows:
            about = known.get(row.get("speaker", ""), {})
            for column, value in about.items():
                for field in OF_SPEAKER:
                    if _holds(field, column, {}) and not row.get(field):
                        row[field] = text_of(value)
