"""What patterns and a table that a person gives make of a folder of recordings: what is read, what not, what is odd.

The person names the fields; what looks wrong all the same becomes a check.
"""

import collections
import csv
import dataclasses
import re
from pathlib import Path
from typing import Any

from xser.core.errors import XserError
from xser.core.records import parse_record
from xser.corpora.description.corpus_yaml import COLUMNS
from xser.corpora.description.file_patterns import FilePattern, match_first, nfc
from xser.corpora.description.label_tables import LabelTable, read_table
from xser.corpora.folders import File, real_path
from xser.corpora.overview import DELIMITERS, OBJECTS, SHOWN, TABLES, counted, ending
from xser.corpora.tables.label_words import emotion_of_word
from xser.corpora.tables.words import GENDERS, gender_of, part_of

NO_PERSON = re.compile(  # what many take for a speaker by mistake
    r"(?i)(ses|sess|session|day|round|visit|disc|disk|cd|dvd|set|subset|batch|fold|scene|dialogue|dialog|take|part"
    r"|train|training|dev|valid|validation|test|eval)[ _-]*\d*"
)
PEOPLE = {*GENDERS, "women", "men", "females", "males", "girls", "boys", "girl", "boy"}


@dataclasses.dataclass(frozen=True)
class Layout:
    """What patterns and a table make of a folder.

    Attributes
    ----------
    patterns
        Of the recordings, in the syntax of corpus.yaml.
    table
        The entry of `tables` in corpus.yaml; None without.
    matched
        Recordings, each with the fields of its name and of its row of the table.
    unmatched
        Recordings that no pattern matches.
    without_row
        Recordings that a pattern matches and the table does not have.
    """

    patterns: tuple[str, ...]
    table: dict[str, Any] | None
    matched: list[tuple[File, dict[str, str]]]
    unmatched: list[File]
    without_row: list[File]

    def values(self, field: str) -> list[str]:
        """What stands in a field, for every recording that has it."""
        return [fields[field] for _, fields in self.matched if fields.get(field)]


def read_layout(folder: Path, files: list[File], patterns: list[str], table: str = "", columns: str = "") -> Layout:
    """Read the names of a folder's recordings.

    Parameters
    ----------
    folder
        Where `files` lie.
    files
        All that lies there.
    patterns
        Without any, a recording's name tells nothing but which row of the table is its own.
    table
        The path of a table below the folder, or a pattern of several.
    columns
        Its columns, ``file=name,emotion=label,speaker=who``; of a file without headings the pattern of its lines. A
        column ``file`` names the recording; without one, the fields that names and rows share tell which row it is.

    Raises
    ------
    XserError
        For a pattern or table that cannot be read, and when nothing matches or no field is the emotion.
    """
    audio = [file for file in files if file.is_audio]
    endings = sorted({ending(file.path) for file in audio})
    patterns = patterns or [f"{{recording:[^/]+}}{ending}" for ending in endings]
    compiled = [FilePattern(pattern) for pattern in patterns]
    found = [(file, match_first(compiled, file.path)) for file in audio]
    matched = [(file, {"stem": file.stem, "name": file.name, **fields}) for file, fields in found if fields is not None]
    unmatched = [file for file, fields in found if fields is None]
    if not matched:
        raise XserError(f"no recording is called like {' or '.join(patterns)}: there is e.g. {audio[0].path}")
    entry, without_row = None, []
    if table:
        known = {field for pattern in compiled for field in pattern.fields} | {"stem", "name"}
        entry, paths = _table(folder, files, table, columns, known)
        rows = read_table(parse_record(LabelTable, entry, table), paths)
        keys = [tuple(fields.get(field, "") for field in entry["join"]) for _, fields in matched]
        without_row = [file for (file, _), key in zip(matched, keys, strict=True) if key not in rows]
        joined = zip(matched, keys, strict=True)
        matched = [(file, {**fields, **rows[key][0]}) for (file, fields), key in joined if key in rows]
        if not matched:
            raise XserError(f"{table} has a row of no recording: is {' and '.join(entry['join'])} the right column?")
    known = {field for _, fields in matched for field in fields}
    if "emotion" not in known:
        raise XserError("no field is called `emotion`: name it in --pattern, or in --columns of a --table")
    if "language" in known:
        raise XserError("a recipe made here is of one language: leave the field `language` out, or call it otherwise")
    return Layout(tuple(patterns), entry, matched, unmatched, without_row)


def _table(
    folder: Path, files: list[File], table: str, columns: str, known: set[str]
) -> tuple[dict[str, Any], list[tuple[dict[str, str], str]]]:
    """The entry of a table in corpus.yaml, and its files: the fields of each one's name, and its path."""
    pattern = FilePattern(table.removeprefix(f"{folder}/"))
    found = [(file, pattern.match(file.path)) for file in files if not file.is_audio]
    paths = [(fields, str(real_path(folder, file.source))) for file, fields in found if fields is not None]
    if not paths:
        there = [file.path for file in files if ending(file.path) in TABLES]
        raise XserError(f"{folder} has no table {table}: there is {', '.join(there[:SHOWN]) or 'none'}")
    entry: dict[str, Any] = {"files": [pattern.text]}
    if "{" in columns:
        entry["rows"] = columns
        fields = set(FilePattern(columns).fields)
    else:
        pairs = [pair.partition("=") for pair in columns.split(",") if pair]
        if not pairs or not all(field and heading for field, _, heading in pairs):
            raise XserError(f"--columns {columns!r}: write FIELD=HEADING, as in file=name,emotion=label,speaker=who")
        entry["columns"] = {field.strip(): nfc(heading).strip() for field, _, heading in pairs}
        if "file" in entry["columns"]:
            entry["columns"] = {"stem": entry["columns"].pop("file"), **entry["columns"]}
        fields = set(entry["columns"])
        _add_form(entry, paths[0][1])
    entry["join"] = ["stem"] if "stem" in fields else sorted(fields & known)
    if not entry["join"]:
        raise XserError(f"nothing tells which row of {table} is which recording's: give --columns file=HEADING too")
    return entry, paths


def _add_form(entry: dict[str, Any], path: str) -> None:
    """Add to the entry of a table how its columns are told apart."""
    if ending(path) in OBJECTS:
        entry["rows"] = r"{row:\d+}"
        return
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        line = file.readline()
    wanted = set(entry["columns"].values())
    usual = "\t" if path.lower().endswith(".tsv") else ","
    for delimiter in usual + DELIMITERS:
        headings = next(csv.reader([line.strip("\r\n")], delimiter=delimiter), [])
        if wanted <= {nfc(heading).strip() for heading in headings}:
            if delimiter != usual:
                entry["delimiter"] = delimiter
            return
    raise XserError(f"{path} has no columns {', '.join(sorted(wanted))}: its first line is {line.strip()[:200]}")


def describe(layout: Layout) -> list[str]:
    """Describe what is matched and what not, with the first examples, and what stands in the fields."""
    total = len(layout.matched) + len(layout.unmatched) + len(layout.without_row)
    file, fields = layout.matched[0]
    example = ", ".join(f"{field} {value}" for field, value in fields.items() if field not in ("stem", "name"))
    lines = [f"{len(layout.matched)} of {total} recordings are read, e.g. {file.path}: {example}"]
    for files, why in ((layout.unmatched, "match no pattern"), (layout.without_row, "have no row in the table")):
        if files:
            shown = ", ".join(file.path for file in files[:3])
            lines.append(f"{len(files)} of {total} recordings {why}: {shown}{' ...' if len(files) > 3 else ''}")
    for field in dict.fromkeys(field for _, fields in layout.matched for field in fields):
        if field in (*COLUMNS, "part"):
            lines.append(f"{field}: {counted(layout.values(field))}")
    return lines


def meanings(layout: Layout, language: str, given: dict[str, str]) -> dict[str, str]:
    """What each native label means: what is `given`, or a usual word; empty for a label that is no known word.

    Parameters
    ----------
    layout
        Of `read_layout`.
    language
        ISO 639-3 code: words of it count, and English ones.
    given
        Native label -> canonical emotion, or ``drop``.

    Raises
    ------
    XserError
        When `given` has a label that is not there.
    """
    labels = sorted(set(layout.values("emotion")))
    unknown = [label for label in given if label not in labels]
    if unknown:
        raise XserError(f"--labels names {unknown[0]!r}, but the labels found are {', '.join(labels)}")
    return {label: given.get(label) or emotion_of_word(label, [language]) or "" for label in labels}


def checks(layout: Layout, labels: dict[str, str]) -> list[tuple[str, str]]:
    """What a person should look at: (key of corpus.yaml, what to check)."""
    found = []
    if layout.unmatched or layout.without_row:
        found.append(("files", "; ".join(describe(layout)[1 : 1 + bool(layout.unmatched) + bool(layout.without_row)])))
    found += [("speakers", what) for what in _doubts_about_speakers(layout)]
    for field, known in (("gender", is_gender), ("part", _is_part), ("official_part", _is_part)):
        unknown = sorted({value for value in layout.values(field) if not known(value)})
        if unknown:
            found.append(("columns", f"what is {field} {', '.join(unknown[:SHOWN])}? say it in its `map`"))
    to_do = [label for label, emotion in labels.items() if not emotion]
    if to_do:
        what = f"TO DO: what is meant by {', '.join(to_do)}? an emotion, or drop; until then `other`, in no scheme"
        found.append(("labels", what))
    return found


def is_gender(value: str) -> bool:
    """Whether a word says a gender, or that it is unknown."""
    return gender_of(value) in ("female", "male", "")


def _is_part(value: str) -> bool:
    return part_of(value) is not None


def _doubts_about_speakers(layout: Layout) -> list[str]:
    speakers = collections.Counter(layout.values("speaker"))
    if not speakers:
        return ["no field says who speaks: without speakers there is only --split stratified"]
    shown = ", ".join(sorted(speakers)[:SHOWN])
    doubts = []
    if all(value.casefold() in PEOPLE for value in speakers):
        doubts.append(f"speaker is {shown}: these look like genders, not people; call the field gender")
    elif all(NO_PERSON.fullmatch(value) for value in speakers):
        doubts.append(f"speaker is {shown}: these look like sessions or parts, not people; call the field otherwise")
    elif all(emotion_of_word(value, []) for value in speakers):
        doubts.append(f"speaker is {shown}: these look like emotions, not people")
    pairs = {(fields.get("speaker"), fields.get("emotion")) for _, fields in layout.matched}
    if len(pairs) == len(speakers) > 1:
        doubts.append("every speaker has one emotion only: who speaks would tell the emotion")
    if len(speakers) > len(layout.matched) / 2:
        doubts.append(f"speaker has {len(speakers)} values for {len(layout.matched)} recordings: is it a number?")
    genders = {(fields.get("speaker", ""), fields["gender"]) for _, fields in layout.matched if fields.get("gender")}
    twice = sorted(speaker for speaker, number in collections.Counter(who for who, _ in genders).items() if number > 1)
    if twice:
        doubts.append(
            f"speaker {twice[0]} has two genders: where each gender is numbered from one, let the field speaker hold "
            "the sign of the gender too, or write `columns: speaker: '{gender}{speaker}'`"
        )
    return doubts
