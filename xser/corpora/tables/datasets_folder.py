"""A folder as Hugging Face's `datasets` makes and reads them, read without that package.

- recordings and a table: ``metadata.csv``, ``.jsonl`` or ``.parquet`` with a column ``file_name``, one for all or one
  in each folder;
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
from xser.corpora.folders import File, list_files, real_path
from xser.corpora.tables.arrow import read_shards
from xser.corpora.tables.delimited import read_delimited
from xser.corpora.tables.native import Native
from xser.corpora.tables.sidecar import Sidecar
from xser.corpora.tables.words import code_of_language, part_of

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


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
    if metadata:
        return _of_metadata(path, metadata, about)
    shards = [file.source for file in files if file.name.lower().endswith(".parquet")]
    if shards:
        return _of_shards(path, shards, about, audio, _label_names(card))
    audio_files = [file for file in files if file.is_audio and "/" in file.path]
    return _of_labels(path, audio_files, about) if audio_files else None


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


def _of_metadata(path: Path, files: list[File], about: dict[str, Any]) -> Native:
    columns, rows = [], []
    for file in files:
        folder = file.source.rpartition("/")[0]
        found, table = _read_metadata(real_path(path, file.source))
        for row in table:
            row["file_name"] = "/".join(filter(None, [folder, row.get("file_name", "")]))
            rows.append({"xser part": part_of_path(row["file_name"].rpartition("/")[0]), **row})
        columns += [column for column in found if column not in columns]
    about = about | {"columns": {"path": "file_name"}}
    return _with_parts(Native(path, path, tuple(columns), rows, about))


def _read_metadata(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    if path.suffix.lower() == ".parquet":
        columns, (rows,), _, _ = read_shards([path], path.parent)
    else:
        columns, rows = read_delimited(path)
    if "file_name" not in columns:
        raise XserError(f"{path} has no column file_name but {', '.join(columns)}: it names the recordings")
    return columns, rows


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
        content = yaml.safe_load(head[1]) if head else {}
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
