"""A folder of recordings becomes rows, one per utterance, as the corpus's description says."""

import collections
import dataclasses
from pathlib import Path

import pandas as pd

from xser.core.errors import XserError
from xser.core.rows import ROW_COLUMNS
from xser.core.words import count
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.file_patterns import Fields, match_first, nfc
from xser.corpora.description.label_tables import LabelTable, read_table, tables_beside
from xser.corpora.folders import File, list_files, real_path, refuse_pointers
from xser.corpora.speakers import describe_spellings, one_name, spelled_alike
from xser.corpora.tables.listed import Listed
from xser.corpora.tables.recordings import files_of, locate, near, not_listed
from xser.corpora.tables.sidecar import sidecar_of

SCANNED = ROW_COLUMNS[: ROW_COLUMNS.index("audio")]  # what preparation adds comes after
SEGMENT_COLUMNS = ("start", "end")
Matched = tuple[File, Fields]


@dataclasses.dataclass(frozen=True)
class Scan:
    """What a folder holds of a corpus.

    Attributes
    ----------
    rows
        One row per usable utterance with the columns `SCANNED`, all text, sorted by utterance. Where utterances are
        segments of recordings also `SEGMENT_COLUMNS`: seconds, as text.
    notes
        Sentences: what was left out, then what is odd.
    left_out
        Those of the notes that say what was left out.
    warnings
        Those of the notes that must not go unseen.
    doubtful
        Utterances among the rows that are known not to be usable in the official release, and why: some copies have
        them repaired.
    found, expected
        Recordings of the official release that are here, and that there are. Known faulty ones count as found.
    complete
        Whether nothing of the official release is missing.
    """

    rows: pd.DataFrame
    notes: list[str]
    left_out: list[str]
    warnings: list[str]
    doubtful: dict[str, str]
    found: int
    expected: int
    complete: bool


def scan(
    corpus: Corpus, folder: str | Path, allow_incomplete: bool = False, expected: dict[str, int] | None = None
) -> Scan:
    """Find the utterances of a corpus in a folder. Nothing is decoded and nothing written.

    Parameters
    ----------
    folder
        Holds the recordings in any layout that the corpus's patterns match, or where its table names them.
    allow_incomplete
        Go on when recordings are missing; the scan's notes say so.
    expected
        Native label -> number of recordings, instead of the official release's: for made-up or partial corpora.

    Raises
    ------
    XserError
        When the folder is missing, empty, of another corpus, full of Git LFS pointers or incomplete; for a native label
        without an entry; and for two files that would be the same utterance.
    """
    if corpus.listed is not None:
        return _scan_listed(corpus, corpus.listed, folder, allow_incomplete)
    matched, tables, strays = _sort_out(corpus, folder, list_files(folder))
    refuse_pointers(folder, [file for file, _ in matched] + [file for table in tables for _, file in table])
    left_out: list[str] = []
    odd: list[str] = []
    if strays:
        odd.append(
            f"{count(len(strays), 'audio file')} found that no pattern of {corpus.title} matches, "
            f"e.g. {strays[0].source}"
        )
    for table, files in zip(corpus.tables, tables, strict=True):
        matched = _join(corpus, folder, table, files, matched, left_out, odd)
    utterances = [_row(corpus, file, fields) for file, fields in matched]
    _check_labels(corpus, utterances)
    utterances = _once(corpus, utterances, left_out)
    usable, doubtful, counted = _without_faults(corpus, utterances, left_out)
    should_be = _expected(corpus, expected)
    complete = _compare(corpus, folder, counted, should_be, allow_incomplete, left_out, odd)
    segments = SEGMENT_COLUMNS if any(table.segments for table in corpus.tables) else ()
    rows = pd.DataFrame(usable, columns=[*SCANNED, *segments], dtype=str)
    warnings = _warnings(corpus, rows, str(corpus.yaml))
    notes = left_out + warnings + odd
    return Scan(rows, notes, left_out, warnings, doubtful, counted.total(), _total(should_be), complete)


def _scan_listed(corpus: Corpus, listed: Listed, folder: str | Path, allow_incomplete: bool) -> Scan:
    """Find the recordings that a table lists."""
    rows, missing = locate(listed, folder)
    refuse_pointers(folder, files_of(rows))
    notes = []
    if missing:
        what = f"found {len(rows)} of {corpus.total} recordings that {listed.path} lists; not in {folder} is e.g. "
        what += missing[0]
        close = near(folder, missing[0])
        what += f", but {close}: write paths as the files are called" if close else ""
        if not rows:
            start = "" if close else f": relative paths start there, or at the `root` of {sidecar_of(listed.path)}"
            raise XserError(f"{what}{start}")
        if not allow_incomplete:
            raise XserError(f"{what}; fetch what is missing, or go on without it: --allow-incomplete")
        notes.append(what)
    others = not_listed(listed, rows, folder)
    if others:
        notes.append(
            f"{count(len(others), 'audio file')} in the same folders that no row of the table names, e.g. {others[0]}"
        )
    columns = [*SCANNED, *(SEGMENT_COLUMNS if listed.segments else ())]
    frame = pd.DataFrame(rows, columns=columns, dtype=str)
    warnings = _warnings(corpus, frame, str(sidecar_of(listed.path)))
    notes = [*listed.left_out, *warnings, *listed.notes, *notes]
    return Scan(frame, notes, listed.left_out, warnings, {}, len(rows), corpus.total, not missing)


def _warnings(corpus: Corpus, rows: pd.DataFrame, where: str) -> list[str]:
    alike = spelled_alike(name.removeprefix(f"{corpus.id}-") for name in set(rows["speaker"]))
    return [describe_spellings(alike, where)] if alike else []


def _sort_out(
    corpus: Corpus, folder: str | Path, files: list[File]
) -> tuple[list[Matched], list[list[tuple[Fields, File]]], list[File]]:
    """Sort files into recordings with the fields of their paths, tables with theirs, and audio that is neither."""
    matched: list[Matched] = []
    tables: list[list[tuple[Fields, File]]] = [[] for _ in corpus.tables]
    strays = []
    for file in files:
        fields = match_first(corpus.files, file.path)
        if fields is not None:
            matched.append((file, _fields(file, fields)))
            continue
        for table, found in zip(corpus.tables, tables, strict=True):
            fields = match_first(table.files, file.path)
            if fields is not None:
                found.append((fields, file))
        if file.is_audio and match_first(corpus.ignore, file.path) is None:
            strays.append(file)
    if not matched:
        there = strays[0] if strays else files[0]
        raise XserError(
            f"{folder} is not {corpus.title}: no file like {corpus.example}; found e.g. {there.source}; "
            f"give --data-root the folder that holds {corpus.example}"
        )
    return matched, tables, strays


def _join(
    corpus: Corpus,
    folder: str | Path,
    table: LabelTable,
    files: list[tuple[Fields, File]],
    matched: list[Matched],
    left_out: list[str],
    odd: list[str],
) -> list[Matched]:
    """Add a table's fields to the recordings; a recording without a row is no utterance."""
    paths = [(fields, str(real_path(folder, file.source))) for fields, file in files]
    paths += tables_beside(table, folder, [fields for fields, _ in paths])
    if not paths:
        like = " or ".join(pattern.text for pattern in table.files)
        raise XserError(f"{folder} has no table like {like}, which says the labels of {corpus.title}: put it there")
    rows = read_table(table, paths)
    joined, without_row, used = [], [], set()
    for file, fields in matched:
        key = tuple(fields.get(field, "") for field in table.join)
        if key in rows:
            joined += [(file, {**fields, **row}) for row in rows[key]]
            used.add(key)
        else:
            without_row.append(file.source)
    if without_row:
        left_out.append(f"{count(len(without_row), 'file')} without a row in the table left out, e.g. {without_row[0]}")
    known = {fault.utterance for fault in corpus.faults}
    missing = [key for key, found in rows.items() if key not in used and _utterance(corpus, found[0]) not in known]
    if missing:
        like = ", ".join(f"{field} {value}" for field, value in zip(table.join, missing[0], strict=True))
        odd.append(f"{count(len(missing), 'row')} of the table without a file, e.g. {like}")
    return joined


def utterance_at(corpus: Corpus, path: str) -> str | None:
    """Say which utterance a recording at `path` is, by its path alone.

    Parameters
    ----------
    path
        In any layout that the corpus's patterns match; the file need not exist.

    Returns
    -------
    str or None
        Its id in the rows; None where no pattern matches, or a table must say it.
    """
    file = File(nfc(path), path)
    matched = match_first(corpus.files, file.path)
    if matched is None:
        return None
    fields = _fields(file, matched)
    for name, column in corpus.columns.items():
        try:
            if fields.keys() >= set(column.fields):
                fields[name] = column.value(fields)
            elif name == "utterance":
                return None
        except ValueError:
            return None
    return corpus.utterance_id(fields.get("utterance", file.stem))


def _fields(file: File, matched: Fields) -> Fields:
    return {"stem": file.stem, "name": file.name, "path": file.path, **matched}


def _utterance(corpus: Corpus, fields: Fields) -> str:
    column = corpus.columns.get("utterance")
    return corpus.utterance_id(column.value(fields) if column else fields.get("stem", ""))


def _row(corpus: Corpus, file: File, fields: Fields) -> Fields:
    for name, column in corpus.columns.items():
        try:
            fields[name] = column.value(fields)
        except ValueError as error:
            raise XserError(f"{file.source}: {name} {error} in {corpus.yaml}: add it to `columns: {name}`") from error
    utterance = corpus.utterance_id(fields.get("utterance", fields["stem"]))
    if "/" in utterance:
        raise XserError(
            f"{file.source}: the utterance {utterance!r} has a slash: change `columns: utterance` in {corpus.yaml}"
        )
    row = {name: nfc(fields.get(name, "")) for name in (*SCANNED, *SEGMENT_COLUMNS)}
    row |= {"utterance": utterance, "corpus": corpus.id, "source": file.source, "native_label": nfc(fields["emotion"])}
    row["language"] = row["language"] or corpus.language
    row["speaker"] = one_name(corpus.same_speaker).get(row["speaker"], row["speaker"])
    for name in ("speaker", "text"):
        row[name] = f"{corpus.id}-{row[name]}" if row[name] else ""
    return row


def _check_labels(corpus: Corpus, utterances: list[Fields]) -> None:
    unknown = [row for row in utterances if row["native_label"] not in corpus.labels]
    if unknown:
        label = unknown[0]["native_label"]
        files = sum(row["native_label"] == label for row in unknown)
        raise XserError(
            f"{unknown[0]['source']}: the native label {label!r} ({files} of {len(utterances)} files) has no entry in "
            f"{corpus.yaml}: map it to an emotion or to `drop` (there are {', '.join(corpus.labels)})"
        )


def _once(corpus: Corpus, utterances: list[Fields], left_out: list[str]) -> list[Fields]:
    """Keep each utterance once: of repeated files the one that lies highest, then the first by name."""
    utterances = sorted(utterances, key=lambda row: (row["utterance"], row["source"].count("/"), row["source"]))
    once: list[Fields] = []
    repeated = []
    for row in utterances:
        if once and row["utterance"] == once[-1]["utterance"]:
            repeated.append((row, once[-1]))
        else:
            once.append(row)
    if repeated and not corpus.repeated_files:
        row, first = repeated[0]
        more = f" (and {count(len(repeated[1:]), 'more file')} like it)" if len(repeated) > 1 else ""
        raise XserError(
            f"two files are the utterance {row['utterance']}: {first['source']} and {row['source']}{more}: keep one of "
            "them, or give --data-root a folder that holds each recording once"
        )
    if repeated:
        row, first = repeated[0]
        left_out.append(
            f"{count(len(repeated), 'file')} at a second path left out, e.g. {row['source']}, the same as "
            f"{first['source']}"
        )
    return once


def _without_faults(
    corpus: Corpus, utterances: list[Fields], left_out: list[str]
) -> tuple[list[Fields], dict[str, str], collections.Counter[str]]:
    """Leave known faulty files out, unless a decoder must tell.

    Returns the rows that are left, the doubtful ones among them (utterance -> what it is known to be), and the number
    of recordings found by native label.
    """
    faults = {fault.utterance: fault for fault in corpus.faults}
    usable: list[Fields] = []
    doubtful: dict[str, str] = {}
    counted: collections.Counter[str] = collections.Counter()
    for row in utterances:
        fault = faults.get(row["utterance"])
        if fault is None or fault.part:
            usable.append(row)
            doubtful |= {row["utterance"]: fault.what} if fault else {}
        else:
            left_out.append(f"{row['source']} left out: known to be {fault.what}")
        counted[row["native_label"]] += fault is None or fault.counted
    return usable, doubtful, counted


def _expected(corpus: Corpus, expected: dict[str, int] | None) -> dict[str, int] | int:
    if expected is None:
        return corpus.counts
    unknown = [label for label in expected if label not in corpus.labels]
    if unknown:
        raise XserError(f"the counts given for {corpus.title} name {unknown[0]!r}, which {corpus.yaml} does not have")
    return expected


def _total(expected: dict[str, int] | int) -> int:
    return expected if isinstance(expected, int) else sum(expected.values())


def _compare(
    corpus: Corpus,
    folder: str | Path,
    counted: collections.Counter[str],
    expected: dict[str, int] | int,
    allow_incomplete: bool,
    left_out: list[str],
    odd: list[str],
) -> bool:
    """Compare what was found with what there should be, of each label where that is known.

    Returns whether nothing is missing.
    """
    found, total = counted.total(), _total(expected)
    if isinstance(expected, int):
        numbers = {"all": (found, total)}
    else:
        numbers = {label: (counted.get(label, 0), expected.get(label, 0)) for label in corpus.labels}
    names = [label for label, (here, all) in numbers.items() if here != all]
    labels = ", ".join("{} {} of {}".format(label, *numbers[label]) for label in names)
    missing = any(here < all for here, all in numbers.values())
    if not names:
        return True
    if not missing:
        odd.append(f"found {found} files of {corpus.title}, more than the {total} there should be ({labels})")
        return True
    if found < total:
        what = f"found {found} of {total} files of {corpus.title} in {folder} ({labels})"
    else:
        what = f"found {found} files of {corpus.title} in {folder} where {total} should be, but other labels ({labels})"
    if not allow_incomplete:
        hints = "".join(f"; {note}" for note in left_out + odd)
        raise XserError(f"{what}{hints}; fetch what is missing, or go on without it: --allow-incomplete")
    odd.append(what)
    return False
