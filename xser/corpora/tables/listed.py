"""What a table holds becomes the description of a corpus, without a corpus.yaml."""

import collections
import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from xser.core.errors import XserError
from xser.core.files import at_home
from xser.corpora.description.corpus_yaml import DROP
from xser.corpora.description.emotions import SCHEMES
from xser.corpora.description.file_patterns import FilePattern, nfc
from xser.corpora.folders import writable
from xser.corpora.speakers import one_name
from xser.corpora.tables.columns import UNLABELLED, find_columns
from xser.corpora.tables.forms import read_native
from xser.corpora.tables.label_words import emotion_of_word
from xser.corpora.tables.native import MISSING, Native, Shards, safe_name, short_hash
from xser.corpora.tables.sidecar import read_sidecar, sidecar_of
from xser.corpora.tables.words import code_of_language, gender_of, part_of, seconds_of


@dataclasses.dataclass(frozen=True, eq=False)
class Listed:
    """The utterances that a table lists.

    Attributes
    ----------
    path
        The table or folder.
    root
        The folder that relative paths of recordings start from.
    rows
        The fields of an utterance: columns of `xser.corpora.scanning.SCANNED`, ``start`` and ``end`` (empty where
        it is a whole recording; only ``end`` where it goes on to the recording's).
    shards
        Files that hold the audio; None when recordings are files.
    left_out
        Sentences: rows that are no utterances.
    notes
        Sentences: what was understood without an entry.
    segments
        Whether utterances may be stretches of recordings.
    made_up
        Whether the recordings stand in for real ones.
    digest
        Hash of all that stage 0 takes from the table.
    passed_over
        Recordings of rows that are no utterances.
    """

    path: Path
    root: Path
    rows: list[dict[str, str]] = dataclasses.field(repr=False)
    shards: Shards | None
    left_out: list[str]
    notes: list[str]
    segments: bool
    made_up: bool
    digest: str
    passed_over: tuple[str, ...] = ()

    def folder(self, work_dir: str | Path) -> Path:
        """Return where relative paths start: `root`, or below `work_dir` where audio is taken out of `shards`."""
        if self.shards is None:
            return self.root
        return Path(work_dir) / "recordings" / f"{table_corpus_id(self.path)}-{self.shards.key}"


def table_corpus_id(path: str | Path) -> str:
    """Return the id of a corpus that a table or a folder describes: its name, made safe.

    Raises
    ------
    XserError
        When the name has neither letters nor digits.

    Examples
    --------
    >>> table_corpus_id(Path("/data/My Corpus (v2).csv"))
    'my_corpus_v2'
    """
    path = Path(path)
    id = re.sub(r"\W+", "_", nfc(writable(path.name if path.is_dir() else path.stem)).casefold()).strip("_")
    if not id:
        raise XserError(f"{path} has no name to call the corpus by: rename it")
    return id


def read_table_values(path: Path) -> dict[str, Any]:
    """Read a table or a folder that describes a corpus.

    Parameters
    ----------
    path
        See `xser.corpora.tables.forms.read_native`.

    Returns
    -------
    dict
        The attributes of a `xser.corpora.description.corpus.Corpus`, its ``listed`` among them, but ``id`` and
        ``yaml``.

    Raises
    ------
    XserError
        For a table that cannot be read or understood; the message says which column, label or row, and the remedy.
    """
    sidecar = sidecar_of(path)
    settings = read_sidecar(sidecar)
    native = read_native(path, settings)
    chosen = {**native.about.get("columns", {}), **settings.columns}
    chosen = {column: column for column in native.columns} if native.named else chosen
    settings = settings.model_copy(
        update={key: native.about[key] for key in native.about.keys() - settings.model_fields_set}
    )
    columns = find_columns(path, native.columns, chosen, sidecar)
    rows, left_out, unlabelled = _understood(native, columns, settings.language or "", sidecar)
    _merge_speakers(rows, settings.same_speaker, sidecar)
    languages = sorted({row["language"] for row in rows})
    labels = _labels([row["native_label"] for row in rows], settings.labels, languages, path, sidecar)
    id = table_corpus_id(path)
    _name(rows, id)
    listed = Listed(
        path=path,
        root=(native.root / at_home(settings.root)).resolve() if settings.root else native.root,
        rows=sorted(rows, key=lambda row: row["utterance"]),
        shards=native.shards,
        left_out=left_out,
        notes=_understood_labels(labels, settings.labels),
        segments=any(row["start"] or row["end"] for row in rows),
        made_up=settings.made_up,
        digest=_digest(rows, native.shards.key if native.shards else ""),
        passed_over=tuple(unlabelled),
    )
    counts = collections.Counter(row["native_label"] for row in rows)
    return {
        **settings.shared_values(),
        **{key: getattr(settings, key) or "not said" for key in ("licence", "url", "citation", "obtain")},
        "title": settings.title or path.name,
        "scheme": settings.scheme or _scheme({labels[label] for label in counts}),
        "language": languages[0],
        "languages": tuple(languages),
        "labels": {nfc(label): None if emotion == DROP else emotion for label, emotion in labels.items()},
        "counts": {nfc(label): counts[label] for label in labels},
        "speakers": len({row["speaker"] for row in rows} - {""}),
        "example": nfc(rows[0]["source"]),
        "files": (FilePattern("{recording:.+}"),),  # any: the table says which
        "listed": listed,
    }


# Rows. ----------------------------------------------------------------------------------------------------------------


def _understood(
    native: Native, columns: dict[str, str], language: str, sidecar: Path
) -> tuple[list[dict[str, str]], list[str], list[str]]:
    """Return the fields of every row that is an utterance, each once, notes on the others, those without a label."""
    rows, left_out, unlabelled, repeated, seen = [], [], [], [], {}
    for number, cells in enumerate(native.rows, start=1):
        fields = {field: nfc(cells.get(column, "")) for field, column in columns.items() if field != "path"}
        row = _row(native.path, number, cells.get(columns["path"], ""), fields)
        if not row["native_label"]:
            unlabelled.append(row["source"])
            continue
        row["language"] = row["language"] or language
        if not row["language"]:
            raise XserError(
                f"{native.path} does not say the language of row {number} ({row['source']}): add a column `language`, "
                f"or a line such as `language: deu` in {sidecar}"
            )
        key = same_path(row["source"]), row["start"], row["end"]
        if key not in seen:
            seen[key] = number, row
            rows.append(row)
        elif seen[key][1] == {**row, "source": seen[key][1]["source"]}:
            repeated.append(row["source"])
        else:
            _refuse_contradiction(native.path, seen[key], (number, row))
    if not rows:
        raise XserError(
            f"{native.path} has no row with a label: a row is a recording and its emotion{UNLABELLED['label']}"
        )
    for what, sources in (("without a label", unlabelled), ("that repeat an earlier row", repeated)):
        if sources:
            left_out.append(f"{len(sources)} rows of {native.path.name} {what} left out, e.g. {sources[0]}")
    return rows, left_out, unlabelled


def _merge_speakers(rows: list[dict[str, str]], groups: Sequence[Sequence[str]], sidecar: Path) -> None:
    unknown = {name for group in groups for name in group} - {row["speaker"] for row in rows}
    if unknown:
        raise XserError(f"{sidecar}: `same_speaker` names {min(unknown)!r}, a speaker whom no row has")
    names = one_name(groups)
    for row in rows:
        row["speaker"] = names.get(row["speaker"], row["speaker"])


def _row(path: Path, number: int, source: str, fields: dict[str, str]) -> dict[str, str]:
    source = source or f"row {number}, which names no recording"  # is missing, as a file that is not there
    for name in ("start", "end", "gender", "part"):
        if fields.get(name, "").casefold() in MISSING:
            fields[name] = ""
    try:
        start, end = _stretch(fields.get("start", ""), fields.get("end", ""))
        return {
            "source": source,
            "native_label": fields["label"],
            "language": code_of_language(fields["language"]) if fields.get("language") else "",
            "gender": gender_of(fields.get("gender", "")),
            "transcript": fields.get("transcript", "") or _if_words(fields.get("text", "")),
            "official_part": _part(fields.get("part", "")),
            **{name: fields.get(name, "") for name in ("speaker", "age", "text", "intensity", "take")},
            "start": start,
            "end": end,
        }
    except XserError as error:
        raise XserError(f"{path}: row {number} ({source}): {error}") from error


def _stretch(start: str, end: str) -> tuple[str, str]:
    """Start and end in the form that rows have, both empty when they are those of the recording."""
    first = seconds_of(start) if start else 0.0
    last = seconds_of(end) if end else None
    if last is not None and last <= first:
        raise XserError(f"the stretch from {start or 0} to {end} is none: give start and end in seconds")
    if last is None and first == 0:
        return "", ""
    return f"{first:.6f}", "" if last is None else f"{last:.6f}"


def _if_words(text: str) -> str:
    return text if len(text.split()) > 1 else ""  # a column `text` holds the words themselves, or the name of a text


def _part(word: str) -> str:
    part = part_of(word) if word else ""
    if part is None:
        raise XserError(f"the part {word!r} is none of train, valid (or dev) and test: rename it")
    return part


def _refuse_contradiction(
    path: Path, first: tuple[int, dict[str, str]], second: tuple[int, dict[str, str]]
) -> NoReturn:
    what = next(name for name, value in second[1].items() if value != first[1][name] and name != "source")
    named = "label" if what == "native_label" else what
    raise XserError(
        f"{path}: rows {first[0]} and {second[0]} are the same recording ({second[1]['source']}), but say the {named} "
        f"is {first[1][what]!r} and {second[1][what]!r}: keep one of them"
    )


def same_path(source: str) -> str:
    r"""Return what paths of the same recording have in common: NFC, ``/`` between folders, no detours.

    Examples
    --------
    >>> same_path(r".\wav\a.wav"), same_path("wav//b/../a.wav")
    ('wav/a.wav', 'wav/a.wav')
    """
    return os.path.normpath(nfc(source).replace("\\", "/"))


# Labels. --------------------------------------------------------------------------------------------------------------


def _labels(
    natives: list[str], given: dict[str, str], languages: list[str], path: Path, sidecar: Path
) -> dict[str, str]:
    """Native label -> canonical emotion or `drop`, for every label that occurs, and what the sidecar says of others."""
    counts = collections.Counter(natives)
    by_case = {label.casefold(): emotion for label, emotion in given.items()}
    labels = dict(given)
    for label in sorted(counts.keys() - given.keys()):
        emotion = by_case.get(label.casefold()) or emotion_of_word(label, languages)
        labels |= {label: emotion} if emotion else {}
    unknown = sorted(counts.keys() - labels.keys())
    if unknown:
        shown = ", ".join(f"{label!r} ({counts[label]} rows)" for label in unknown[:8])
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        raise XserError(
            f"{path} has labels that xser does not know: {shown}{more}: say what they are in {sidecar}, as in "
            f"`labels: {{{json.dumps(unknown[0], ensure_ascii=False)}: angry}}` (an emotion, or drop)"
        )
    return labels


def _understood_labels(labels: dict[str, str], given: dict[str, str]) -> list[str]:
    read = [f"{label} as {emotion}" for label, emotion in labels.items() if label != emotion and label not in given]
    return [f"labels read by the usual words for emotions: {', '.join(read)}"] if read else []


def _scheme(emotions: set[str]) -> str:
    """The scheme within this corpus when the user names none: the first whose every class occurs."""
    for name, scheme in SCHEMES.items():
        if {scheme.emotion_of(emotion) for emotion in emotions if emotion} >= set(scheme.emotions):
            return name
    return next(iter(SCHEMES))


# Names. ---------------------------------------------------------------------------------------------------------------


def _name(rows: list[dict[str, str]], id: str) -> None:
    """Give every row its utterance's id: by the recording's name, with its folders where that is not enough."""
    places = [same_path(row["source"]) for row in rows]
    names = {place: safe_name(os.path.splitext(os.path.basename(place))[0]) for place in places}
    names = _told_apart(names, lambda place, name: safe_name(os.path.splitext(place)[0]))
    names = _told_apart(names, lambda place, name: f"{name}-{short_hash(place)}")
    for row, place in zip(rows, places, strict=True):
        name = names[place]
        if row["start"] or row["end"]:
            name += f"-{_milliseconds(row['start'])}-{_milliseconds(row['end'])}"
        row["utterance"], row["corpus"] = f"{id}-{name}", id
        for field in ("speaker", "text"):
            row[field] = f"{id}-{row[field]}" if row[field] else ""


def _told_apart(names: dict[str, str], longer: Callable[[str, str], str]) -> dict[str, str]:
    """Take the longer name wherever two short ones are the same, on disks that do not tell cases apart too."""
    counts = collections.Counter(name.casefold() for name in names.values())
    return {path: longer(path, name) if counts[name.casefold()] > 1 else name for path, name in names.items()}


def _milliseconds(seconds: str) -> str:
    return str(round(1000 * float(seconds))) if seconds else "end"


def _digest(rows: list[dict[str, str]], shards: str) -> str:
    return hashlib.sha256(json.dumps([rows, shards], sort_keys=True).encode()).hexdigest()[:16]
