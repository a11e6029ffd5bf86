"""What a folder of recordings looks like: how the names are built, what stands in each part, the tables beside them.

Parts of names are counted here; it is for a person to tell what they mean.
"""

import collections
import csv
import itertools
import json
import os
import re
import string
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xser.corpora.description.file_patterns import nfc
from xser.corpora.folders import File, real_path

SHOWN = 6  # values, forms and tables that are named; the rest are counted
TABLES = (".csv", ".tsv", ".txt", ".lst", ".json", ".jsonl", ".ndjson")
OBJECTS = (".json", ".jsonl", ".ndjson")
LARGEST_TABLE = 50_000_000  # bytes
DELIMITERS = ",\t;|"


def look(folder: Path, files: list[File]) -> list[str]:
    """Describe what a folder holds: how the names are built and what stands in each part, and the tables beside them.

    Returns
    -------
        Lines. Each form of names is written as a pattern with the fields a, b, c; it is for a person to name them.
    """
    audio = [file for file in files if file.is_audio]
    endings = collections.Counter(ending(file.path) for file in audio)
    kinds = ", ".join(f"{number} {kind}" for kind, number in endings.most_common())
    lines = [f"{folder}: {len(audio)} recordings ({kinds})"]
    ordered = _forms(files)
    for paths in ordered[:SHOWN]:
        pattern, columns = _as_pattern(paths)
        lines.append(f"{len(paths)} recordings like {paths[0]}, of the form {pattern}")
        lines += [f"  {name}: {counted(values)}" for name, values in columns.items()]
    if len(ordered) > SHOWN:
        rest = ordered[SHOWN:]
        lines.append(f"{sum(map(len, rest))} recordings of {len(rest)} other forms, e.g. {rest[0][0]}")
    tables = [(file, _headings(folder, file)) for file in files if ending(file.path) in TABLES]
    tables = [(file, headings) for file, headings in tables if headings]
    lines += [f"table {file.path}, columns: {', '.join(headings)}" for file, headings in tables[:SHOWN]]
    return lines + ([f"and {len(tables) - SHOWN} more tables"] if len(tables) > SHOWN else [])


def usual_form(files: list[File]) -> str:
    """The form of most names, as `look` writes it."""
    return _as_pattern(_forms(files)[0])[0]


def counted(values: Iterable[str]) -> str:
    """Count values: how many different ones there are, and how often the most frequent stand.

    Examples
    --------
    >>> counted(["a", "b", "a"])
    '2 values: a 2, b 1'
    """
    counts = collections.Counter(values)
    if len(counts) > SHOWN and max(counts.values()) == 1:
        return f"{len(counts)} values, all different, e.g. {min(counts)}"
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{value} {number}" for value, number in ordered[:SHOWN])
    return f"{len(counts)} value{'s' if len(counts) != 1 else ''}: {shown}{' ...' if len(counts) > SHOWN else ''}"


def _forms(files: list[File]) -> list[list[str]]:
    """The paths of recordings that are built alike, the most frequent form first."""
    forms = collections.defaultdict(list)
    for file in files:
        if file.is_audio:
            forms[_form(file.path)].append(file.path)
    return sorted(forms.values(), key=len, reverse=True)


def ending(path: str) -> str:
    """The suffix of a path, in small letters."""
    return os.path.splitext(path)[1].lower()


def _pieces(text: str) -> list[str]:
    """Split a name into words and what stands between, beginning with a word; one of a single word into its runs.

    Examples
    --------
    >>> _pieces("spk1_sad-02"), _pieces("03a01Fa")
    (['spk1', '_', 'sad', '-', '02'], ['03', '', 'a', '', '01', '', 'Fa'])
    """
    groups = [(word, "".join(letters)) for word, letters in itertools.groupby(text, _is_of_word)]
    pieces = [] if groups and groups[0][0] else [""]
    pieces += [piece for _, piece in groups]
    if len(groups) == 1:
        runs = ["".join(letters) for _, letters in itertools.groupby(text, str.isdigit)]
        return [piece for run in runs for piece in (run, "")][:-1]
    return pieces


def _is_of_word(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LMN"


def _form(path: str) -> tuple[Any, ...]:
    """What two names have in common that are built alike."""
    *folders, name = path.split("/")
    pieces = _pieces(os.path.splitext(name)[0])
    digits = [piece.isdigit() for piece in pieces[::2]] if not any(pieces[1::2]) else []
    return len(folders), ending(path), tuple(pieces[1::2]), tuple(digits)


def _as_pattern(paths: list[str]) -> tuple[str, dict[str, list[str]]]:
    """Write the names of one form as a pattern; return it, and the values of its fields."""
    *folders, name = paths[0].split("/")
    between = _pieces(os.path.splitext(name)[0])[1::2]
    rows = [[*path.split("/")[:-1], *_pieces(os.path.splitext(path.split("/")[-1])[0])[::2]] for path in paths]
    columns = [list(column) for column in zip(*rows, strict=True)]
    texts: list[str] = []
    named: dict[str, list[str]] = {}
    for at, (column, after) in enumerate(zip(columns, ["/"] * len(folders) + between + [""], strict=True)):
        if set(column) == {""}:
            texts.append(after)
            continue
        letter = string.ascii_lowercase[len(named) % 26] + (str(len(named) // 26 + 1) if len(named) > 25 else "")
        kind = _kind(column) if between and not any(between) and at >= len(folders) else ""
        kind = kind or (":[^/]+" if re.search("[_-]", "".join(column)) else "")
        texts.append(f"{{{letter}{kind}}}{after}")
        named[letter] = column
    return f"{''.join(texts)}{ending(paths[0])}", named


def _kind(values: list[str]) -> str:
    """The regular expression of runs of digits or letters with nothing between them and the next."""
    text, lengths = "".join(values), {len(value) for value in values}
    kind = r"\d" if text.isdigit() else "[^_/0-9-]"
    for letters in ("[a-z]", "[A-Z]", "[A-Za-z]"):
        if kind[0] == "[" and re.fullmatch(f"{letters}+", text):
            kind = letters
            break
    return f":{kind}" + ("+" if len(lengths) > 1 else f"{{{lengths.pop()}}}" if lengths != {1} else "")


def _headings(folder: Path, file: File) -> list[str]:
    """The headings of a table, or what its first line holds; empty for what is no table."""
    path = real_path(folder, file.source)
    if path.stat().st_size > LARGEST_TABLE:
        return []
    text = path.read_bytes().decode("utf-8-sig", "replace")
    if ending(file.path) in OBJECTS:
        try:
            content = json.loads(text if ending(file.path) == ".json" else text.splitlines()[0])
        except (ValueError, IndexError):  # no JSON, or nothing in it: no headings to show
            return []
        first = content[0] if isinstance(content, list) and content else content
        return list(first) if isinstance(first, dict) else []
    first_line = text.partition("\n")[0].strip()
    cells = max((next(csv.reader([first_line], delimiter=it), []) for it in DELIMITERS), key=len)
    return [nfc(cell).strip() for cell in cells] if len(cells) > 1 else []
