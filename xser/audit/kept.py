"""Results of the audit in ``<work-dir>/audits``, each with a fingerprint of all that it was computed from.

Nothing is computed twice. A file that somebody damaged, or that holds the results of something else, is made again.
Training reads none of them.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from xser.audit.findings import Finding, plain
from xser.core.digests import content_digest, file_digest
from xser.core.errors import XserError
from xser.core.files import only_writer, whole_file, write_text
from xser.core.records import StageRecord, read_record, write_record

TEXT_COLUMNS = ("utterance", "one", "other")


class KeptFindings(StageRecord):
    """The findings of a corpus, of its parts, or of two corpora: ``audits/*.json``."""

    key: str
    findings: tuple[Finding, ...]


@dataclasses.dataclass(frozen=True)
class KeptAudits:
    """The results in a work folder."""

    work_dir: Path

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.work_dir / "audits"

    def file(self, name: str) -> Path:
        """Where the findings of a corpus, or of two, lie."""
        return self.folder / f"{name}.json"

    def read(self, name: str) -> KeptFindings | None:
        """Findings that were kept; None where there are none, or the file is damaged."""
        try:
            return read_record(self.file(name), KeptFindings, "it is made again")
        except XserError:
            return None

    def findings(self, name: str, key: str, compute: Callable[[], Sequence[Finding]]) -> tuple[Finding, ...]:
        """Findings that were computed with `key` before, or are computed now."""
        kept = self.read(name)
        if kept is None or kept.key != key:
            kept = KeptFindings(key=key, findings=tuple(plain(each) for each in compute()))
            write_record(self.file(name), kept)
        return kept.findings

    def table(self, name: str, columns: Sequence[str], compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """A table whose name ends in a fingerprint, computed now unless it was before."""
        path = self.folder / f"{name}.csv"
        table = _read_table(path, columns)
        if table is None:
            with only_writer(self.folder, waiting=True):  # another process may be at it: once is enough
                if _read_table(path, columns) is None:
                    content = compute().to_csv(index=False, lineterminator="\n").encode()
                    write_text(_digest_file(path), content_digest(content))
                    with whole_file(path) as part:
                        part.write_bytes(content)
            table = _read_table(path, columns)
            assert table is not None
        return table


def of_two(one: str, other: str) -> str:
    """Name of the findings of two corpora, from the names of theirs."""
    return f"{one}+{other}"


def _digest_file(table: Path) -> Path:
    return table.with_suffix(".sha256")


def _read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame | None:
    """A table as it was written; None where there is none, or another. One of an older xser has no digest beside it."""
    try:
        if _digest_file(path).is_file() and _digest_file(path).read_text(encoding="utf-8") != file_digest(path):
            return None
        table = pd.read_csv(path, dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False, encoding="utf-8")
    except (FileNotFoundError, ValueError):  # pandas' errors, and those of the encoding, are ValueErrors
        return None
    numbers = table.drop(columns=list(TEXT_COLUMNS), errors="ignore")
    are_numbers = not len(table) or all(map(pd.api.types.is_numeric_dtype, numbers.dtypes))
    fits = set(table.columns) == set(columns) and isinstance(table.index, pd.RangeIndex)  # no cells beyond the header
    return table if fits and are_numbers else None
