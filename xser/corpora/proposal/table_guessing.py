"""Tables beside the recordings of an unknown corpus: which of their columns is the file, the label, the speaker."""

import csv
import dataclasses
import io
import json
import os
import re

from xser.corpora.description.emotion_words import plain
from xser.corpora.description.file_patterns import nfc
from xser.corpora.folders import File, real_path
from xser.corpora.proposal.guessing import GENDER_WORDS, PART_WORDS, label_score
from xser.corpora.proposal.speaker_guessing import speaker_crossing

SUFFIXES = (".csv", ".tsv", ".txt", ".lst", ".jsonl", ".ndjson", ".json")
LARGEST = 50_000_000  # bytes: no list of recordings is larger
HEADINGS = {  # words of a heading that tell what its column is
    "speaker": "speaker spk spkr actor subject talker participant client user person sprecher locuteur hablante "
    "locutor mzungumzaji msemaji".split(),
    "gender": "gender sex geschlecht genre genero jinsia".split(),
    "age": "age alter edad idade umri".split(),
    "transcript": "transcript transcription text sentence utterance raw said words".split(),
    "official_part": "split part subset set partition fold".split(),
    "emotion": "emotion emotions emo label class category affect hisia gefuehl sentiment".split(),
}


@dataclasses.dataclass(frozen=True)
class FoundTable:
    """A table whose rows are recordings.

    Attributes
    ----------
    names : tuple of str
        Paths of its files below the folder.
    delimiter : str
        Empty for objects of JSON.
    headings : tuple of str or None
        None where the table has no line of headings.
    rows : tuple of tuple of str
    file : int
        The column with the recordings.
    columns : dict of str to int
        Field -> column: ``emotion`` and what else was found.
    sure : dict of str to bool
        Field -> whether its heading says what it is.
    """

    names: tuple[str, ...]
    delimiter: str
    headings: tuple[str, ...] | None
    rows: tuple[tuple[str, ...], ...]
    file: int
    columns: dict[str, int]
    sure: dict[str, bool]

    def of(self, field):
        """Return {stem of the recording: value of a field}."""
        column = self.columns[field]
        return {_stem(row[self.file]): row[column].strip() for row in self.rows}


def find_tables(folder, files, language=None):
    """Find the tables of a folder that list its recordings.

    Parameters
    ----------
    folder : str or Path
    files : list of File
    language : str, optional
        ISO 639-3 code, for the words of labels.

    Returns
    -------
    list of FoundTable
        The one that knows most recordings first; several files of one form are one table.
    """
    stems = {file.stem for file in files if file.is_audio}
    forms = {}
    for file in files:
        path = real_path(folder, file.source)
        if os.path.splitext(file.name)[1].lower() not in SUFFIXES or path.stat().st_size > LARGEST:
            continue
        for delimiter, rows in _readings(file.name, _text(path)):
            known = _file_column(rows, stems)
            if known is None:
                continue
            headings = None if _stem(rows[0][known]) in stems else tuple(rows[0])
            names, all_rows = forms.setdefault((delimiter, headings, known, len(rows[0])), ([], []))
            names.append(file.path)
            all_rows += [tuple(row) for row in (rows if headings is None else rows[1:]) if _stem(row[known]) in stems]
            break
    found = [
        _with_columns(FoundTable(tuple(names), delimiter, headings, tuple(rows), known, {}, {}), language)
        for (delimiter, headings, known, _), (names, rows) in forms.items()
    ]
    found = [table for table in found if table.columns]
    return sorted(found, key=lambda table: ("emotion" not in table.columns, -len(table.rows)))


def _stem(text):
    name = nfc(text).strip().replace("\\", "/").rpartition("/")[2]
    file = File(name, name)
    return file.stem if file.is_audio else name


def _text(path):
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _readings(name, text):
    """Yield (delimiter, rows of equal length) in which a text may be meant."""
    suffix = os.path.splitext(name)[1].lower()
    if suffix in (".json", ".jsonl", ".ndjson"):
        rows = _objects(suffix, text)
        if rows:
            yield "", rows
        return
    for delimiter in {".tsv": "\t", ".csv": ",;\t|"}.get(suffix, "\t,;|"):
        rows = [
            [nfc(cell).strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row
        ]
        width = len(rows[0]) if rows else 0
        if width > 1 and sum(len(row) == width for row in rows) >= 0.95 * len(rows):
            yield delimiter, [row for row in rows if len(row) == width]


def _objects(suffix, text):
    try:
        if suffix == ".json":
            content = json.loads(text)
        else:
            content = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        return None
    if not isinstance(content, list) or not content or not all(isinstance(entry, dict) for entry in content):
        return None
    keys = [
        key
        for key in content[0]
        if "/" not in key and all(not isinstance(entry.get(key), (dict, list)) for entry in content)
    ]
    rows = [[nfc(str("" if entry.get(key) is None else entry[key])) for key in keys] for entry in content]
    return [keys, *rows] if keys else None


def _file_column(rows, stems):
    """The column that names recordings of the folder in most of the rows, or None."""
    best, most = None, 0
    for column in range(len(rows[0])):
        known = {_stem(row[column]) for row in rows} & stems
        if len(known) > most:
            best, most = column, len(known)
    return best if most >= 2 and most >= 0.5 * min(len(rows), len(stems)) else None


def _with_columns(table, language):
    """Tell what the columns are, by their headings and by what stands in them."""
    columns, sure = {}, {}
    cells = [[row[at] for row in table.rows] for at in range(len(table.rows[0]))] if table.rows else []
    scores = {at: label_score(column, language) for at, column in enumerate(cells) if at != table.file}
    for at, score in scores.items():
        scores[at] = score and score + 0.5 * (_role(table, at) == "emotion")
    if scores and max(scores.values()) > 0:
        columns["emotion"] = max(scores, key=scores.get)
        sure["emotion"] = _role(table, columns["emotion"]) == "emotion"
    for at, column in enumerate(cells):
        role = _role(table, at)
        values = {value.lower() for value in column}
        if at == table.file or at in columns.values():
            continue
        if values <= PART_WORDS.keys() and len(values) > 1:
            role = "official_part"
        elif values <= GENDER_WORDS.keys() and len(values) > 1:
            role = "gender"
        if (
            role in ("speaker", "gender", "age", "transcript")
            or role == "official_part"
            and values <= PART_WORDS.keys()
        ):
            if role not in columns and (role != "speaker" or "" not in values):
                columns[role], sure[role] = at, True
    if "speaker" not in columns and "emotion" in columns:
        labels = cells[columns["emotion"]]
        likely = [
            at
            for at, column in enumerate(cells)
            if at != table.file and at not in columns.values() and speaker_crossing(column, labels)
        ]
        if likely:
            columns["speaker"], sure["speaker"] = likely[0], False
    return dataclasses.replace(table, columns=columns, sure=sure)


def _role(table, column):
    if table.headings is None:
        return None
    words = plain(re.sub(r"(?<=[a-z])(?=[A-Z])|[^\w]|_", " ", table.headings[column])).split()
    for role, known in HEADINGS.items():
        if any(word in known for word in words):
            return role
    return None


# What corpus.yaml says of a table. ------------------------------------------------------------------------------------


def endings_of(paths):
    """Return the different suffixes of files, in small letters."""
    return sorted({os.path.splitext(path)[1].lower() for path in paths})


def table_entry(table, fields, paths):
    """Return the entry of `tables` in corpus.yaml, and the columns that it asks for.

    Parameters
    ----------
    table : FoundTable
    fields : collection of str
        Those of its columns that are wanted.
    paths : list of str
        The recordings.

    Returns
    -------
    (dict, dict)
    """
    wanted = {field: at for field, at in table.columns.items() if field in fields}
    called = {field: "part" if field == "official_part" else field for field in wanted}
    names = list(dict.fromkeys(name.rpartition("/")[2] for name in table.names))
    if table.headings is None and table.delimiter:
        by_column = {at: called[field] for field, at in wanted.items()}
        entry = {"files": names, "rows": _line_pattern(table, by_column, paths), "join": ["recording"]}
    else:
        headings = {called[field]: table.headings[at] for field, at in wanted.items()}
        entry = {"files": names, "columns": {"stem": table.headings[table.file], **headings}, "join": ["stem"]}
        if not table.delimiter:
            entry["rows"] = r"{row:\d+}"
        elif table.delimiter != ("\t" if names[0].lower().endswith(".tsv") else ","):
            entry["delimiter"] = table.delimiter
    columns = {}
    for field, words in (("official_part", PART_WORDS), ("gender", GENDER_WORDS)):
        cells = sorted({row[wanted[field]].strip() for row in table.rows}) if field in wanted else []
        if any(words.get(cell.lower(), "") != cell for cell in cells):
            mapping = {re.escape(cell): words.get(cell.lower(), "") for cell in cells}
            columns[field] = {"from": f"{{{called[field]}}}", "map": mapping}
    if "official_part" in wanted and "official_part" not in columns:
        columns["official_part"] = {"from": "{part}", "map": {part: part for part in ("train", "valid", "test")}}
    return entry, columns


def _line_pattern(table, fields, paths):
    """The pattern of the lines of a table without headings."""
    between = r"\t" if table.delimiter == "\t" else re.escape(table.delimiter)
    cells = []
    for at in range(len(table.rows[0])):
        if at == table.file:
            suffix = "|".join(re.escape(ending) for ending in endings_of(paths))
            cells.append(f"{{recording:[^{between}/]+?}}{{suffix:({suffix})?}}")
        else:
            cells.append(f"{{{fields.get(at, f'column{at + 1}')}:[^{between}]*}}")
    tabs = [f"{{tab{at}:{between}}}" for at in range(1, len(cells))]
    return cells[0] + "".join(tab + cell for tab, cell in zip(tabs, cells[1:], strict=True))
