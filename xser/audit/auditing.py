"""What stage 1 and ``python -m xser.commands.audit`` share: audits of manifests and of what corpora share, kept on
disk.

Results lie in ``<work-dir>/audits/``, each with a fingerprint of all that it was computed from, so that nothing is
computed twice. Training reads none of them.
"""

import dataclasses
import functools
from pathlib import Path

from xser.audit.confounds import PERMUTATIONS
from xser.audit.findings import Finding, as_record, from_record
from xser.core.errors import XserError
from xser.core.files import only_writer, read_json, whole_file, write_json
from xser.core.fingerprints import fingerprint
from xser.corpora.audio.measures import MEASURES, read_measures

RULES = 1  # raise when the same recordings have other findings than an earlier xser said


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """What is audited: the rows of a corpus, and their parts where they have any.

    Attributes
    ----------
    name : str
        For people: ``emodb``, ``esd:cmn``.
    file_name : str
        Of its results.
    key : str
        Fingerprint of rows, emotions and parts.
    tables : tuple of pandas.DataFrame
        Rows with ``emotion``; with ``part``, a table for each fold.
    split : str or None
        As in ``--split``; empty when nobody knows which, None for rows without parts.
    recordings : pandas.DataFrame
        All prepared rows, also those whose emotion the scheme does not have: ``utterance``, ``audio``, ``digest``.
    prepared : Path
        The folder of stage 0.
    known : tuple of Finding
        What is known beforehand.
    notes : tuple of str
        What stage 0 said of the recordings.
    """

    name: str
    file_name: str
    key: str
    tables: tuple
    split: str | None
    recordings: object
    prepared: Path
    known: tuple = ()
    notes: tuple = ()


@dataclasses.dataclass(frozen=True)
class Audit:
    """What was found.

    Attributes
    ----------
    corpus, split : tuple of Finding
        Of the corpus, and of its parts.
    """

    corpus: tuple
    split: tuple = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Audits:
    """Audits of subjects that belong together, computed when they are asked for or read where they are kept.

    Attributes
    ----------
    subjects : tuple of Subject
    work_dir : Path
    jobs : int
        Processes; -1 means every core.
    permutations : int
        Of the permutation tests.
    """

    subjects: tuple
    work_dir: Path
    jobs: int = -1
    permutations: int = PERMUTATIONS

    def of(self, subject):
        """The `Audit` of a subject; of one whose recordings are not there, the finding ``no-recordings`` alone."""
        missing = self._missing[subject]
        if missing:
            return Audit((_no_recordings(missing, len(subject.recordings)),))
        recorded = subject.prepared / MEASURES
        recorded = recorded if recorded.is_file() else None
        key = fingerprint(RULES, subject.key, subject.split, self.permutations, recorded)
        corpus = self._keep(f"{subject.file_name}-{self.permutations}", key, lambda: self._of_corpus(subject))
        if subject.split is None:
            return Audit(subject.known + tuple(corpus))
        key = fingerprint(RULES, subject.key, subject.split)
        return Audit(
            subject.known + tuple(corpus), tuple(self._keep(subject.file_name, key, lambda: self._of_split(subject)))
        )

    def between(self, one, other):
        """What two subjects share, as a tuple of `Finding`; empty where recordings are not there."""
        from xser.audit.splits import between_findings

        if self._missing[one] or self._missing[other]:
            return ()
        key = fingerprint(RULES, one.key, other.key)
        tables = one.tables[0], other.tables[0]
        name = between_file(one.file_name, other.file_name)
        return tuple(self._keep(name, key, lambda: between_findings(*tables, self.pairs)))

    def is_there(self, subject):
        """Whether all recordings of a subject are where its rows say."""
        return not self._missing[subject]

    @functools.cached_property
    def pairs(self):
        """Pairs of recordings of all subjects that share a stretch, see `xser.audit.sharing.shared_pairs`."""
        import pandas as pd

        from xser.audit.sharing import shared_pairs

        everything = pd.concat([subject.recordings for subject in self._there])
        everything = everything.drop_duplicates("utterance").sort_values("utterance")
        key = fingerprint(RULES, everything[["utterance", "digest"]].to_csv(index=False).encode())
        return self._keep_table(f"shared-{key}", lambda: shared_pairs(everything, self.jobs))

    def prepared_measures(self, subject):
        """What the prepared recordings of a subject measure, see `xser.audit.corpus.measure_prepared`."""
        from xser.audit.corpus import measure_prepared

        rows = subject.recordings
        key = fingerprint(RULES, rows[["utterance", "digest"]].to_csv(index=False).encode())
        return self._keep_table(f"measures-{key}", lambda: measure_prepared(rows, self.jobs))

    def recorded_measures(self, subject):
        """What the recordings measured before stage 0 changed them; None where an older stage 0 did not say."""
        if not (subject.prepared / MEASURES).is_file():
            return None
        return read_measures(subject.prepared)

    def _of_corpus(self, subject):
        from xser.audit.corpus import corpus_findings

        recorded, prepared = self.recorded_measures(subject), self.prepared_measures(subject)
        return corpus_findings(subject.tables[0], self.pairs, recorded, prepared, self.permutations)

    def _of_split(self, subject):
        from xser.audit.splits import split_findings

        return split_findings(subject.tables, self.pairs, subject.split)

    @functools.cached_property
    def _missing(self):
        from xser.audit.sharing import missing_recordings

        return {subject: missing_recordings(subject.recordings) for subject in self.subjects}

    @property
    def _there(self):
        return [subject for subject in self.subjects if self.is_there(subject)]

    def _keep(self, name, key, compute):
        """Read findings that were computed with `key`, or compute and write them."""
        path = audit_file(self.work_dir, name)
        found = read_kept(path, key)
        if found is None:
            found = compute()
            write_json(path, {"key": key, "findings": [as_record(each) for each in found]})
        return found

    def _keep_table(self, name, compute):
        import pandas as pd

        path = audits_folder(self.work_dir) / f"{name}.csv"
        if not path.is_file():
            with only_writer(path.parent, waiting=True):  # another process may be at it: once is enough
                if not path.is_file():
                    table = compute()
                    with whole_file(path) as part:
                        table.to_csv(part, index=False, lineterminator="\n", encoding="utf-8")
        text = dict.fromkeys(("utterance", "one", "other"), str)
        return pd.read_csv(path, dtype=text, keep_default_na=False, encoding="utf-8")


def audits_folder(work_dir):
    """Where results are kept."""
    return Path(work_dir) / "audits"


def audit_file(work_dir, name):
    """Where the findings of a subject, or of two, are kept."""
    return audits_folder(work_dir) / f"{name}.json"


def between_file(one, other):
    """Name of the file of what two subjects share, from the names of theirs."""
    return f"{one}+{other}"


def read_kept(path, key=None):
    """Read findings that were kept.

    Parameters
    ----------
    path : Path
        As of `audit_file`.
    key : str, optional
        What they must have been computed with.

    Returns
    -------
    list of Finding, or None
        None where there are none, or others.
    """
    if not path.is_file():
        return None
    try:
        content = read_json(path)
        if key is not None and content["key"] != key:
            return None
        return [from_record(record) for record in content["findings"]]
    except (XserError, TypeError, KeyError, ValueError):  # somebody edited it: it is made again
        return None


def _no_recordings(missing, total):
    sentence = (
        f"{len(missing)} of {total} prepared recordings are not there (first: {missing[0]}), so that nothing was "
        "audited: run stage 0 (prepare) again"
    )
    return Finding("no-recordings", "warning", len(missing), "recordings", sentence)
