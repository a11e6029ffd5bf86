"""A folder as Hugging Face's `datasets` makes and reads them, read without that package.

- recordings and a table: ``metadata.csv``, ``.jsonl`` or ``.parquet`` with a column ``file_name``, one for all or one
  in each folder, or one for each part (``train.csv``);
- recordings in a folder for each label: ``train/angry/001.wav``;
- Parquet files with the audio inside: ``data/train-00000-of-00001.parquet``;
- what ``save_to_disk`` writes: ``state.json`` and ``.arrow`` files, or a folder of it for each part.

Parts are told by the names of files and folders, the language and the names of numbered labels by ``README.md``.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from xser.core.errors import XserError
from xser.core.files import read_json
from xser.core.yaml_text import yaml_text
from xser.corpora.folders import File, list_files, real_path
from xser.corpora.tables.arrow import read_shards
from xser.corpora.tables.columns import USUAL, plain
from xser.corpora.tables.delimited import read_delimited
from xser.corpora.tables.label_words import emotion_of_word
from xser.corpora.tables.native import Native
from xser.corpora.tables.sidecar import Sidecar
from xser.corpora.tables.words import code_of_language, part_of

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_TEXT = (".csv", ".tsv", ".jsonl")


def read_datasets_folder(path: Path, settings: Sidecar) -> Native | None:
    """Read a folder of Hugging Face's datasets.

    Parameters
    ----------
    settings
        Of the file beside it.

    Returns
    -------
    Native or None
        None where the folder has none of the forms.

    Raises
    ------
    XserError
        For a file that cannot be read.
    """
    card = _card(path / "README.md")
    about = _about(card)
    audio = settings.columns.get("path")
    if (path / "dataset_dict.json").is_file() or (path / "state.json").is_file():
        return _of_shards(path, _saved(path), about, audio, {})
    files = list_files(path)
    metadata = [file for file in files if file.name.lower() in METADATA]
    metadata = metadata or [file for file in files if _is_table_of_a_part(file)]
    if metadata:
        return _of_metadata(path, metadata, about, _label_names(card))
    shards = [file.source for file in files if file.name.lower().endswith(".parquet")]
    if shards:
        return _of_shards(path, shards, about, audio, _label_names(card))
    audio_files = [file for file in files if file.is_audio and "/" in file.path]
    if not audio_files:
        return None
    languages = [language for language in (settings.language, about.get("language")) if language]
    _refuse_other_layouts(path, files, audio_files, [*settings.labels], languages)
    return _of_labels(path, audio_files, about)


def part_of_path(path: str) -> str:
    """Return the part that a file's path tells, the last word that tells one counting; empty without.

    Examples
    --------
    >>> part_of_path("data/train-00000-of-00001.parquet"), part_of_path("test/angry/1.wav"), part_of_path("a/1.wav")
    ('train', 'test', '')
    """
    parts = [part_of(word) for word in re.split(r"[^A-Za-z]+", path)]
    return ([part for part in parts if part] or [""])[-1]


def _of_shards(
    path: Path, names: list[str], about: dict[str, Any], audio: str | None, label_names: dict[str, list[str]]
) -> Native:
    paths = [real_path(path, name) for name in names]
    columns, tables, audio, shards = read_shards(paths, path, audio, label_names)
    parts = [part_of_path(name) for name in names]
    rows = [{"xser part": part, **row} for part, table in zip(parts, tables, strict=True) for row in table]
    about = about | ({"columns": {"path": audio}} if audio else {})
    return _with_parts(Native(path, path, tuple(columns), rows, about, shards))


def _is_table_of_a_part(file: File) -> bool:
    return file.name.lower().endswith(_TEXT) and bool(part_of_path(file.stem))


def _of_metadata(path: Path, files: list[File], about: dict[str, Any], label_names: dict[str, list[str]]) -> Native:
    columns, rows = [], []
    for file in files:
        folder = file.source.rpartition("/")[0]
        found, table, recording = _read_metadata(real_path(path, file.source), label_names)
        part = part_of_path(file.stem)
        for row in table:
            name = "/".join(filter(None, [folder, row.pop(recording, "")])) if row.get(recording) else ""
            rows.append({"xser part": part or part_of_path(name.rpartition("/")[0]), **row, "file_name": name})
        columns += [column for column in found if column not in columns]
    columns = ["file_name", *(column for column in columns if column != "file_name")]
    about = about | {"columns": {"path": "file_name"}}
    return _with_parts(Native(path, path, tuple(columns), rows, about))


def _read_metadata(path: Path, label_names: dict[str, list[str]]) -> tuple[list[str], list[dict[str, str]], str]:
    """Columns, rows, and the column that names the recordings."""
    if path.suffix.lower() == ".parquet":
        columns, (rows,), _, _ = read_shards([path], path.parent, label_names=label_names)
    else:
        columns, rows = read_delimited(path)
        rows = [{name: _named(cell, label_names.get(name)) for name, cell in row.items()} for row in rows]
    usual = [name for name in columns if plain(name) in map(plain, USUAL["path"].split())]
    if "file_name" not in columns and len(usual) != 1:
        raise XserError(f"{path} has no column file_name but {', '.join(columns)}: it names the recordings")
    return columns, rows, "file_name" if "file_name" in columns else usual[0]


def _named(cell: str, names: list[str] | None) -> str:
    """What a number stands for, -1 for no label; other cells as they are."""
    if names is None or not re.fullmatch(r"-?\d+", cell):
        return cell
    return str(names[int(cell)]) if 0 <= int(cell) < len(names) else ""


def _refuse_other_layouts(
    path: Path, files: list[File], recordings: list[File], labels: list[str], languages: list[str]
) -> None:
    """Refuse recordings whose last folder is no emotion where another folder is, or a table may be meant.

    Raises
    ------
    XserError
        Saying which folder, or which table.
    """
    given = {label.casefold() for label in labels}
    folders = [file.path.split("/")[:-1] for file in recordings]
    unknown = [
        each[-1] for each in folders if not (each[-1].casefold() in given or emotion_of_word(each[-1], languages))
    ]
    if not unknown:
        return
    for level in range(2, min(map(len, folders)) + 1):
        names = sorted({each[-level] for each in folders})
        if all(emotion_of_word(name, languages) or name.casefold() in given for name in names):
            raise XserError(
                f"{path} holds {recordings[0].path}: the emotion is not in the last folder ({unknown[0]}) but in "
                f"another ({', '.join(names[:3])} ...); write a recipe for this layout with xser new-recipe, or a table"
            )
    tables = [file.path for file in files if file.name.lower().endswith(_TEXT)]
    if tables:
        raise XserError(
            f"{path}: the folder {unknown[0]} is no emotion; if the table {tables[0]} says them, give its path instead "
            "of the folder's, or call it metadata.csv"
        )


def _of_labels(path: Path, files: list[File], about: dict[str, Any]) -> Native:
    rows = [
        {
            "path": file.source,
            "label": file.path.split("/")[-2],
            "xser part": part_of_path(file.path.rpartition("/")[0].rpartition("/")[0]),
        }
        for file in files
    ]
    return _with_parts(Native(path, path, ("path", "label"), rows, about))


def _with_parts(native: Native) -> Native:
    """Take the parts that names of files tell for official ones, where each row has one and no column says them."""
    if not all(row["xser part"] for row in native.rows) or any(map(_is_part, native.columns)):
        return native
    columns = {**native.about.get("columns", {}), "part": "xser part"}
    return Native(
        native.path,
        native.root,
        (*native.columns, "xser part"),
        native.rows,
        {**native.about, "columns": columns},
        native.shards,
    )


def _is_part(column: str) -> bool:
    return column.casefold() in ("split", "part", "partition", "subset", "official_part")


def _saved(path: Path) -> list[str]:
    """Paths of the files that ``save_to_disk`` wrote, from the folder."""
    if (path / "dataset_dict.json").is_file():
        folders = [str(split) for split in read_json(path / "dataset_dict.json").get("splits", [])]
    else:
        folders = [""]
    names = []
    for folder in folders:
        state = path / folder / "state.json"
        if not state.is_file():
            raise XserError(f"{state} is missing, which save_to_disk writes: save the data set again")
        content = read_json(state)
        if content.get("_indices_data_files"):
            raise XserError(f"{state} selects rows by a list beside them, as old versions did: save the data set again")
        files = [Path(file["filename"]).name for file in content.get("_data_files", [])]
        names += [Path(folder, name).as_posix() for name in files]
    return names


# README.md. -----------------------------------------------------------------------------------------------------------


def _card(path: Path) -> dict[str, Any]:
    """The YAML at the head of a README.md; empty without."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        head = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
        content, _ = yaml_text(head[1], nulls=True) if head else ({}, None)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _about(card: dict[str, Any]) -> dict[str, Any]:
    """What README.md holds of what the file beside a table may hold."""
    about = {}
    if isinstance(card.get("pretty_name"), str):
        about["title"] = card["pretty_name"]
    licence = card.get("license")
    if isinstance(licence, (str, list)) and licence:
        about["licence"] = licence if isinstance(licence, str) else ", ".join(map(str, licence))
    languages = card.get("language")
    languages = languages if isinstance(languages, list) else [languages]
    try:
        about |= {"language": code_of_language(languages[0])} if len(languages) == 1 and languages[0] else {}
    except (XserError, AttributeError):
        pass  # "multilingual" and the like: a column holds it, or the user gives it
    return about


def _label_names(card: dict[str, Any]) -> dict[str, list[str]]:
    """Column -> names of its numbers, of ``dataset_info``; of several configurations those that agree."""
    infos = card.get("dataset_info")
    infos = infos if isinstance(infos, list) else [infos]
    names: dict[str, list[str]] = {}
    contradicted = set()
    for info in infos:
        features = info.get("features") if isinstance(info, dict) else None
        for feature in features if isinstance(features, list) else ():
            kind = feature.get("dtype") if isinstance(feature, dict) else None
            listed = (kind.get("class_label") or {}).get("names") if isinstance(kind, dict) else None
            if listed:
                listed = [listed[key] for key in sorted(listed, key=int)] if isinstance(listed, dict) else listed
                if names.setdefault(feature["name"], listed) != listed:
                    contradicted.add(feature["name"])
    return {name: listed for name, listed in names.items() if name not in contradicted}
