"""EmoBox's published folds of a corpus, read from a folder with its metadata.

EmoBox (Ma et al., Interspeech 2024) publishes lists of utterances, a JSON object a line, in files
``data/<corpus>/fold_<N>/<corpus>_<part>_fold_<N>.jsonl``; parts are train and test, and valid where the corpus comes
with one. Of a line ``key``, ``wav`` (a path below ``downloads/<corpus>/``) and ``emo`` count here. Nothing of it is in
xser: the user gives the folder.

Utterances are found by what the corpus's own description makes of EmoBox's path, so that no layout, spelling or garbled
folder matters; then by EmoBox's key; then by the file's name alone. Whatever does not match is counted and reported.
"""

import collections
import dataclasses
import json
import os
import re
from collections.abc import Collection, Hashable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import pandas as pd

from xser.core.errors import XserError
from xser.core.rows import PARTS
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.file_patterns import nfc
from xser.corpora.scanning import utterance_at
from xser.protocol.splits.splits import VALID_SHARE_OF_FOLDS

NEEDED = ("key", "wav", "emo")  # of a line; "start_time" as well where utterances are stretches of a recording

Identity = tuple[str, str]  # see `_identity`
_Key = TypeVar("_Key")


@dataclasses.dataclass(frozen=True)
class FoldFiles:
    """The files of a fold.

    Attributes
    ----------
    number
        As EmoBox counts, from 1.
    files
        Part -> its list. Train and test are always there.
    """

    number: int
    files: dict[str, Path]


def fold_files(folder: str | Path, corpus_id: str, split: str) -> list[FoldFiles]:
    """Find the lists of a corpus's folds.

    Parameters
    ----------
    folder
        A copy of EmoBox, or its folder ``data``.
    corpus_id
        Name of the corpus, the same there and here.
    split
        ``emobox`` for all folds, ``emobox:2`` for one.

    Returns
    -------
    list of FoldFiles
        In the order of their numbers.

    Raises
    ------
    XserError
        When there is no such folder, corpus, fold or list.
    """
    place = _corpus_folder(Path(folder), corpus_id)
    numbers = {}
    for entry in sorted(place.iterdir()):
        if match := re.fullmatch(r"fold_(\d+)", entry.name):
            numbers[int(match[1])] = entry
    if not numbers:
        raise XserError(f"{place} has no fold_1: give --emobox a whole copy of EmoBox's folder data")
    wanted = split.partition(":")[2]
    if wanted and int(wanted) not in numbers:
        there = ", ".join(f"emobox:{number}" for number in sorted(numbers))
        raise XserError(f"EmoBox has no fold {wanted} of {corpus_id}: choose --split {there}")
    chosen = [int(wanted)] if wanted else sorted(numbers)
    return [_files_of(numbers[number], corpus_id, number) for number in chosen]


def _corpus_folder(folder: Path, corpus_id: str) -> Path:
    if not folder.is_dir():
        raise XserError(f"--emobox {folder} does not exist: give a copy of EmoBox, with its folder data")
    for place in (folder / "data" / corpus_id, folder / corpus_id):
        if place.is_dir():
            return place
    data = folder / "data" if (folder / "data").is_dir() else folder
    there = sorted(entry.parent.name for entry in data.glob("*/fold_1"))
    if not there:
        raise XserError(f"{folder} is no copy of EmoBox: it has no data/{corpus_id}/fold_1")
    raise XserError(
        f"EmoBox has no folds of {corpus_id} in {data} (there are {', '.join(there)}): choose another --split"
    )


def _files_of(folder: Path, corpus_id: str, number: int) -> FoldFiles:
    paths = {part: folder / f"{corpus_id}_{part}_fold_{number}.jsonl" for part in PARTS}
    for part in ("train", "test"):
        if not paths[part].is_file():
            raise XserError(f"{paths[part]} is missing: give --emobox a whole copy of EmoBox's folder data")
    return FoldFiles(number, {part: path for part, path in paths.items() if path.is_file()})


@dataclasses.dataclass(frozen=True)
class Entry:
    """An utterance as EmoBox lists it: its part, its path below the corpus's root, its key, its label."""

    part: str
    path: str
    key: str
    label: str
    is_segment: bool


def read_fold(fold: FoldFiles, corpus_id: str) -> list[Entry]:
    """Read the lists of a fold.

    Raises
    ------
    XserError
        When a list cannot be read; the message names the line.
    """
    return [
        _entry(part, path, number, line, corpus_id)
        for part, path in fold.files.items()
        for number, line in enumerate(_lines(path), start=1)
        if line.strip()
    ]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise XserError(f"{path} cannot be read ({error}): fetch EmoBox's metadata again") from error


def _entry(part: str, path: Path, number: int, line: str, corpus_id: str) -> Entry:
    try:
        content = json.loads(line)
        key, wav, label = (content[name] for name in NEEDED)
    except (ValueError, TypeError, KeyError) as error:
        raise XserError(
            f"{path}, line {number}: not an utterance of EmoBox with {', '.join(NEEDED)} ({error!r}): fetch it again"
        ) from error
    below = re.sub(rf"^(.*/)?downloads/{re.escape(corpus_id)}/", "", str(wav))
    return Entry(part, below, str(key), str(label), "start_time" in content)


@dataclasses.dataclass(frozen=True)
class Matched:
    """EmoBox's folds, in terms of the rows' utterances.

    Attributes
    ----------
    parts
        Utterance -> part, for each fold.
    notes
        Sentences for people: what does not match, and what to think of the folds.
    shared_speakers
        For each fold the tested speakers that train has as well, and all that are tested; None where nobody knows who
        speaks.
    """

    parts: list[dict[str, str]]
    notes: list[str]
    shared_speakers: list[tuple[int, int]] | None


def match_folds(folds: list[FoldFiles], corpus: Corpus, rows: pd.DataFrame, kept: pd.DataFrame) -> Matched:
    """Express EmoBox's folds in utterances of the rows, with notes on what does not match.

    Parameters
    ----------
    folds
        From `fold_files`.
    corpus
        Its patterns understand EmoBox's paths.
    rows
        Every row of stage 0, whether the scheme keeps it or not.
    kept
        Those whose native label is an emotion of the scheme.

    Raises
    ------
    XserError
        When no utterance of EmoBox is among the rows: this is another corpus.
    """
    listed = [read_fold(fold, corpus.id) for fold in folds]
    found = _utterances({entry: None for entries in listed for entry in entries}, corpus, rows)
    if not found:
        raise XserError(
            f"{corpus.title}: none of EmoBox's utterances is here (its first: {listed[0][0].path}): is --emobox the "
            "right folder, and --data-root?"
        )
    parts: list[dict[str, str]] = []
    twice: set[str] = set()
    for entries in listed:
        part_of: dict[str, str] = {}
        for entry in sorted(entries, key=lambda entry: PARTS.index(entry.part)):  # where two parts claim it, test wins
            utterance = found.get(_identity(entry))
            if utterance is not None:
                twice |= {utterance} if part_of.get(utterance, entry.part) != entry.part else set()
                part_of[utterance] = entry.part
        parts.append(part_of)
    shared = _shared_speakers(parts, kept)
    notes = [
        *_not_here(listed, found),
        *_not_there(folds, parts, kept),
        *([f"{_utterance_count(twice)} in two parts of a fold, taken as the later one"] if twice else []),
        *_other_labels(listed, found, rows),
        *_outside_the_scheme(parts, kept),
        *_validation(folds),
        *_warning(folds, shared),
    ]
    return Matched(parts, [f"EmoBox: {note}" for note in notes], shared)


def _identity(entry: Entry) -> Identity:
    """What tells an utterance from the others in all folds: its recording, and the key of a stretch of one."""
    return (entry.path, entry.key if entry.is_segment else "")


def _utterances(entries: Iterable[Entry], corpus: Corpus, rows: pd.DataFrame) -> dict[Identity, str]:
    """Utterance of each entry, by its identity; entries that have none here are left out."""
    here = set(rows["utterance"])
    found: dict[Identity, str] = {}
    wanted = {_identity(entry): entry for entry in entries}
    for identity, entry in wanted.items():
        utterance = utterance_at(corpus, entry.path) if not entry.is_segment else None
        if utterance is None or utterance not in here:
            utterance = corpus.utterance_id(entry.key.removeprefix(f"{corpus.id}-"))
        if utterance in here:
            found[identity] = utterance
    left = here - set(found.values())
    by_name = _unique({name: _file_name(path) for name, path in zip(rows["utterance"], rows["source"], strict=True)})
    names = _unique({identity: _file_name(entry.path) for identity, entry in wanted.items() if not entry.is_segment})
    for name, identity in names.items():
        if identity not in found and by_name.get(name) in left:
            found[identity] = by_name[name]
    return found


def _file_name(path: str) -> str:
    return os.path.splitext(nfc(path).rpartition("/")[2])[0].casefold()


def _unique(values: Mapping[_Key, str]) -> dict[str, _Key]:
    """Invert a mapping, without the values that occur twice."""
    counted = collections.Counter(values.values())
    return {value: key for key, value in values.items() if counted[value] == 1}


def _utterance_count(things: Collection[Hashable] | pd.DataFrame) -> str:
    return f"{len(things)} utterance{'' if len(things) == 1 else 's'}"


def _not_here(listed: list[list[Entry]], found: Mapping[Identity, str]) -> list[str]:
    """What EmoBox lists and stage 0 did not find."""
    missing = {_identity(entry): entry for entries in listed for entry in entries if _identity(entry) not in found}
    if not missing:
        return []
    tested = {_identity(entry) for entries in listed for entry in entries if entry.part == "test"}
    first = next(iter(missing.values()))
    return [
        f"{_utterance_count(missing)} not here (first: {first.path}), {len(tested & missing.keys())} of them of its "
        "test parts"
    ]


def _not_there(folds: list[FoldFiles], parts: list[dict[str, str]], kept: pd.DataFrame) -> list[str]:
    """What stage 0 found and EmoBox does not list in every fold."""
    missing = [name for name in kept["utterance"] if not all(name in part_of for part_of in parts)]
    where = f"fold {folds[0].number} does not list" if len(folds) == 1 else "not every fold lists"
    what = f"{_utterance_count(missing)} here that {where}, left out there"
    return [f"{what} (first: {missing[0]})"] if missing else []


def _other_labels(listed: list[list[Entry]], found: Mapping[Identity, str], rows: pd.DataFrame) -> list[str]:
    """Utterances whose label is not the one that EmoBox's word for it usually stands for: it spells labels anew."""
    native = dict(zip(rows["utterance"], rows["native_label"], strict=True))
    label_of = {
        found[_identity(entry)]: entry.label for entries in listed for entry in entries if _identity(entry) in found
    }
    table = pd.DataFrame({"theirs": label_of, "ours": {name: native[name] for name in label_of}})
    usual = table.groupby("theirs")["ours"].agg(lambda labels: labels.value_counts().sort_index().idxmax())
    other = table[table["theirs"].map(usual) != table["ours"]]
    if other.empty:
        return []
    first = other.iloc[0]
    return [
        f"{_utterance_count(other)} with another label there (first: {other.index[0]}, {first['theirs']} there and "
        f"{first['ours']} here); the label here is taken"
    ]


def _outside_the_scheme(parts: list[dict[str, str]], kept: pd.DataFrame) -> list[str]:
    tested = {name for part_of in parts for name, part in part_of.items() if part == "test"}
    outside = tested - set(kept["utterance"])
    return [f"the scheme leaves out {len(outside)} of its {len(tested)} test utterances"] if outside else []


def _validation(folds: list[FoldFiles]) -> list[str]:
    if all("valid" in fold.files for fold in folds):
        return []
    return [
        f"no validation part is published; {VALID_SHARE_OF_FOLDS:.0%} of each class of its training part, speakers "
        "shared, select the epoch"
    ]


def _shared_speakers(parts: list[dict[str, str]], kept: pd.DataFrame) -> list[tuple[int, int]] | None:
    """For each fold how many tested speakers train or validation have as well, and how many are tested."""
    if not (kept["speaker"] != "").any():
        return None
    counted = []
    for part_of in parts:
        part = kept["utterance"].map(part_of)
        tested = set(kept.loc[part == "test", "speaker"]) - {""}
        learned = set(kept.loc[part.isin(("train", "valid")), "speaker"])
        counted.append((len(tested & learned), len(tested)))
    return counted


def _warning(folds: list[FoldFiles], shared: list[tuple[int, int]] | None) -> list[str]:
    if shared is None:
        return ["warning: whether its parts share speakers cannot be known"]
    number, tested = max(shared)
    if not number:
        return []
    where = "" if len(folds) == 1 else f" (fold {folds[shared.index((number, tested))].number})"
    return [
        f"warning: {number} of {tested} tested speakers{where} are trained on as well; a figure on them says nothing "
        "of a new speaker"
    ]
