"""The audit of corpora that belong together: what each check needs is computed once, and results are kept on disk."""

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from xser.audit import corpus as corpus_checks
from xser.audit import splits
from xser.audit.audited import AuditedCorpus
from xser.audit.confounds import PERMUTATIONS
from xser.audit.findings import Finding
from xser.audit.kept import KeptAudits, of_two
from xser.audit.shared_audio import pairs as shared_audio
from xser.core.fingerprints import fingerprint
from xser.corpora.audio.measures import MEASURES, read_measures

RULES = 1  # raise when the same recordings have other findings than an earlier xser told
RULES_BETWEEN = 2  # the same for two corpora


@dataclasses.dataclass(frozen=True)
class CorpusAudit:
    """The findings of a corpus as a whole, and those of the parts of its split."""

    corpus: tuple[Finding, ...]
    split: tuple[Finding, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Auditor:
    """Audits corpora that belong together, when they are asked for.

    Attributes
    ----------
    corpora
        All of them are searched together for shared segments.
    work_dir
        Results are kept in its folder ``audits``.
    jobs
        Processes; -1 means every core.
    permutations
        Of the permutation tests.
    """

    corpora: Sequence[AuditedCorpus]
    work_dir: Path
    jobs: int = -1
    permutations: int = PERMUTATIONS

    def audit(self, corpus: AuditedCorpus) -> CorpusAudit:
        """Audit a corpus; where its recordings are not there, the finding is ``no-recordings`` alone."""
        missing = self._missing[corpus]
        if missing:
            return CorpusAudit((_no_recordings(missing, len(corpus.recordings)),))
        measures = corpus.prepared / MEASURES
        recorded = measures if measures.is_file() else None
        key = fingerprint(RULES, corpus.key, corpus.split, self.permutations, recorded)
        name = f"{corpus.file_name}-{self.permutations}"
        of_corpus = corpus.known + self._kept.findings(name, key, lambda: self._of_corpus(corpus))
        if corpus.split is None:
            return CorpusAudit(of_corpus)
        key = fingerprint(RULES, corpus.key, corpus.split)
        return CorpusAudit(of_corpus, self._kept.findings(corpus.file_name, key, lambda: self._of_split(corpus)))

    def between(self, one: AuditedCorpus, other: AuditedCorpus) -> tuple[Finding, ...]:
        """Look for what two corpora share; empty where recordings are not there."""
        if self._missing[one] or self._missing[other]:
            return ()
        name = of_two(one.file_name, other.file_name)
        tables = one.tables[0], other.tables[0]
        kin = splits.related_languages(*tables)
        key = fingerprint(RULES_BETWEEN, one.key, other.key, *(each.sentence for each in kin))
        return self._kept.findings(name, key, lambda: (*splits.between_findings(*tables, self.pairs), *kin))

    def everything(self) -> dict[str, tuple[Finding, ...]]:
        """All findings by what they are about: each corpus, and each two corpora."""
        audited = {}
        for corpus in self.corpora:
            found = self.audit(corpus)
            audited[corpus.name] = (*found.corpus, *found.split)
        for one, other in itertools.combinations(self.corpora, 2):
            if one.corpora != other.corpora:
                audited[f"{one.name} and {other.name}"] = self.between(one, other)
        return {about: findings for about, findings in audited.items() if findings}

    def is_there(self, corpus: AuditedCorpus) -> bool:
        """Whether all recordings of a corpus are where its rows say."""
        return not self._missing[corpus]

    @functools.cached_property
    def pairs(self) -> pd.DataFrame:
        """Pairs of recordings of all corpora that share a segment (`xser.audit.shared_audio.pairs.shared_pairs`)."""
        everything = pd.concat([corpus.recordings for corpus in self.corpora if self.is_there(corpus)])
        everything = everything.drop_duplicates("utterance").sort_values("utterance")
        name = f"shared-{_recordings_key(everything)}"
        return self._kept.table(name, shared_audio.COLUMNS, lambda: shared_audio.shared_pairs(everything, self.jobs))

    def prepared_measures(self, corpus: AuditedCorpus) -> pd.DataFrame:
        """What the prepared recordings of a corpus measure (`xser.audit.corpus.measure_prepared`)."""
        rows = corpus.recordings
        columns = (*corpus_checks.AS_PREPARED, "utterance")
        name = f"measures-{_recordings_key(rows)}"
        return self._kept.table(name, columns, lambda: corpus_checks.measure_prepared(rows, self.jobs))

    def recorded_measures(self, corpus: AuditedCorpus) -> pd.DataFrame | None:
        """What the recordings measured before stage 0 changed them; None where an older stage 0 did not write it."""
        return read_measures(corpus.prepared) if (corpus.prepared / MEASURES).is_file() else None

    def _of_corpus(self, corpus: AuditedCorpus) -> list[Finding]:
        recorded, prepared = self.recorded_measures(corpus), self.prepared_measures(corpus)
        return corpus_checks.corpus_findings(corpus.tables[0], self.pairs, recorded, prepared, self.permutations)

    def _of_split(self, corpus: AuditedCorpus) -> list[Finding]:
        return splits.split_findings(corpus.tables, self.pairs, corpus.split or "")

    @functools.cached_property
    def _missing(self) -> dict[AuditedCorpus, list[str]]:
        return {corpus: shared_audio.missing_recordings(corpus.recordings) for corpus in self.corpora}

    @property
    def _kept(self) -> KeptAudits:
        return KeptAudits(self.work_dir)


def _recordings_key(rows: pd.DataFrame) -> str:
    return fingerprint(RULES, rows[["utterance", "digest"]].to_csv(index=False).encode())


def _no_recordings(missing: list[str], total: int) -> Finding:
    sentence = (
        f"{len(missing)} of {total} prepared recordings are not there (first: {missing[0]}), so that nothing was "
        "audited: run stage 0 (prepare) again"
    )
    return Finding("no-recordings", "warning", len(missing), "recordings", sentence)
