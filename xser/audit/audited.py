"""What is audited: the rows of a corpus or of a manifest, and the parts of its split where it has any."""

import dataclasses
from pathlib import Path

import pandas as pd

from xser.audit.findings import Finding
from xser.core.errors import XserError
from xser.core.fingerprints import fingerprint
from xser.core.records import Record, read_record
from xser.core.rows import read_rows

KEY = 8  # hexadecimal digits of a fingerprint in a file's name


class SplitRecord(Record, extra="ignore"):
    """What the audit reads of a ``manifest.json``."""

    split: str


@dataclasses.dataclass(frozen=True, eq=False)
class AuditedCorpus:
    """A corpus, one language of it, or a table of its utterances.

    Attributes
    ----------
    name
        For people: ``emodb``, ``esd:cmn``.
    file_name
        Of its results in ``<work-dir>/audits``: stem.
    key
        Fingerprint of rows, emotions and parts.
    tables
        Rows with ``emotion``; with ``part``, a table for each fold.
    split
        As in ``--split``; empty when nobody knows which, None for rows without parts.
    recordings
        All prepared rows, also those whose emotion the scheme does not have: ``utterance``, ``audio``, ``digest``.
    prepared
        The folder of stage 0.
    known
        What is known beforehand.
    notes
        What stage 0 tells of the recordings.
    """

    name: str
    file_name: str
    key: str
    tables: tuple[pd.DataFrame, ...]
    split: str | None
    recordings: pd.DataFrame
    prepared: Path
    known: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def corpora(self) -> set[str]:
        """The corpora that its utterances are of: one, unless somebody put tables together."""
        return set(self.tables[0]["corpus"])


def corpus_without_parts(
    name: str, stem: str, utterances: pd.DataFrame, recordings: pd.DataFrame, prepared: Path, why: str
) -> AuditedCorpus:
    """A prepared corpus of which no speaker-disjoint split can be made, which is a finding.

    Parameters
    ----------
    name
        For people.
    stem
        Of its results: corpus and scheme.
    utterances
        Rows with ``emotion``.
    recordings, prepared
        As of `AuditedCorpus`.
    why
        No split can be made.
    """
    columns = ["utterance", "digest", "emotion", "speaker", "text", "transcript"]
    key = fingerprint(utterances[columns].values.tolist())
    known = Finding("impossible-split", "warning", None, "", f"no speaker-disjoint split: {why}")
    return AuditedCorpus(name, f"{stem}-{key[:KEY]}", key, (utterances,), None, recordings, prepared, (known,))


def is_stage_table(path: Path) -> bool:
    """Whether a file is called as the tables are that stage 0 and stage 1 write."""
    return path.name in ("rows.csv", "manifest.csv") or path.match("manifest_fold*.csv")


def read_audited(path: Path) -> AuditedCorpus:
    """Read a table that stage 0 or stage 1 wrote: ``rows.csv``, ``manifest.csv`` or ``manifest_fold<k>.csv``.

    Rows without emotions are judged by their native labels.

    Raises
    ------
    XserError
        When it is no such table, or is empty.
    """
    rows = read_rows(path)
    if not len(rows):
        raise XserError(f"{path} holds no utterance: run the stage that writes it again")
    split, prepared = None, path.parent
    if "part" in rows.columns:
        split = _split_of(path.parent / "manifest.json")
        prepared = Path(rows["audio"].iloc[0]).parents[1]
    else:
        rows = rows.assign(audio=f"{path.parent.resolve()}/" + rows["audio"])
    if "emotion" not in rows.columns:
        rows = rows.assign(emotion=rows["native_label"])
    key = fingerprint(path, split)
    name = f"{path.resolve().parent.name}/{path.name}"
    return AuditedCorpus(name, f"{name.replace('/', '-')}-{key[:KEY]}", key, (rows,), split, rows, prepared)


def _split_of(manifest_json: Path) -> str:
    if not manifest_json.is_file():
        return ""
    return read_record(manifest_json, SplitRecord, "run stage 1 (manifests) again").split
