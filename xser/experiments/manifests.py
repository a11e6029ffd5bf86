"""Stage 1: map native labels to the emotions of a scheme and give every utterance a part.

Each selection of corpus and language gets a folder
``<work-dir>/manifests/<corpus>[-<language>]-<scheme>-<split>-<key>/`` with ``manifest.csv`` (or a
``manifest_fold<k>.csv`` for each fold) and, last of all, ``manifest.json``. A manifest that was made with the same
options from the same audio is kept.
"""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from xser.audit.audited import AuditedCorpus
from xser.audit.gate import TaskAudit, audit_task
from xser.core.digests import content_digest
from xser.core.errors import XserError
from xser.core.files import only_writer
from xser.core.records import write_record
from xser.core.rows import PARTS, read_rows, rows_content, write_rows
from xser.core.versions import versions
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.emotions import Scheme
from xser.experiments.experiment import Experiment
from xser.experiments.manifest_text import classes_of, describe, describe_classes, describe_training, one_line
from xser.experiments.records import (
    LabelRecord,
    ManifestRecord,
    OverlapRecord,
    PreparedRecord,
    SchemeRecord,
    SpeakerLossRecord,
    TableRecord,
)
from xser.experiments.workspace import Manifest, Workspace, manifest_files
from xser.protocol.isolation import refuse_shared_recordings
from xser.protocol.splits.emobox_folds import match_folds
from xser.protocol.splits.exact_counts import published_sizes
from xser.protocol.splits.splits import has_folds, overlaps, split_rows
from xser.protocol.tasks import Selection

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, eq=False)
class MadeManifest:
    """A manifest, written or not.

    Attributes
    ----------
    manifest
        Its folder and what is written down of it.
    is_kept
        Whether it was there before.
    tables
        What it holds: rows by file, one a fold.
    rows
        All prepared rows of the selection, also those whose emotion the scheme does not have.
    prepared
        The folder of stage 0.
    notes
        What stage 0 found of the recordings.
    """

    manifest: Manifest
    is_kept: bool
    tables: dict[Path, pd.DataFrame]
    rows: pd.DataFrame
    prepared: Path
    notes: tuple[str, ...]


def make_manifests(experiments: Sequence[Experiment]) -> None:
    """Make the manifests of experiments and print what is in them, each once.

    Raises
    ------
    XserError
        When a corpus is not prepared, a source holds recordings of the target, or the audit finds something severe in
        what is reported on that ``--allow`` does not name.
    """
    told: set[object] = set()
    for experiment in experiments:
        for about, level, text in _make(experiment):
            if about not in told:
                logger.log(level, text)
            told.add(about)


def _make(experiment: Experiment) -> list[tuple[object, int, str]]:
    """Make, audit and write the manifests of an experiment; the lines to print, each with what it is about."""
    task, scheme = experiment.task, experiment.scheme
    selected = {selection: selected_rows(experiment, selection) for selection in task.selections}
    if task.target is not None:
        for source in task.sources:
            refuse_shared_recordings(selected[source], selected[task.target])
    made = {selection: plan_manifest(experiment, selection, rows) for selection, rows in selected.items()}
    audited = {selection: audited_manifest(each) for selection, each in made.items()}
    audit = audit_task(
        [audited[source] for source in task.sources],
        audited[task.target] if task.target is not None else None,
        {system.trained_on for system in experiment.systems},
        experiment.work_dir,
        experiment.allow,
        experiment.preparation.jobs,
    )
    for each in made.values():
        write_manifest(each)
    records = {selection: each.manifest.record for selection, each in made.items()}
    classes = [classes_of(record, scheme) for record in records.values()]
    lines: list[tuple[object, int, str]] = []
    for (selection, each), of_corpus in zip(made.items(), classes, strict=True):
        name = audited[selection].name
        alone = [of_corpus] if len(classes) == 1 else []
        where = each.manifest.folder
        short = [one_line(records[selection], of_corpus, audit.counts(name)), *(f"  {it}" for it in audit.lines(name))]
        lines.append((where, logging.INFO, "\n".join(f"  {line}" for line in short)))
        everything = describe(records[selection], where, each.is_kept, alone, audit.lines(name, verbose=True))
        lines.append(((where, "all"), logging.DEBUG, everything))
    if len(classes) > 1:
        lines.append(("classes", logging.DEBUG, describe_classes(scheme, classes)))
    whole = _of_the_whole(experiment, records, audit)
    shared = [f"between corpora: {line}" for line in audit.lines_of_shared(verbose=True)]
    lines += [(line, logging.DEBUG, f"  {line}") for line in shared if line not in whole]
    return lines + [(line, logging.INFO, f"  {line}") for line in whole]


def _of_the_whole(experiment: Experiment, records: dict[Selection, ManifestRecord], audit: TaskAudit) -> list[str]:
    """Lines to print of an experiment beside its corpora."""
    lines = [f"between corpora: {line}" for line in audit.lines_of_shared()]
    if experiment.named_task is not None:
        sources = [records[source] for source in experiment.task.sources]
        lines.append(describe_training(experiment.named_task, sources))
    if experiment.target_statistics == "speaker":
        lines += [
            f"warning: do not trust --target-statistics speaker with {record.corpus}: {record.speaker_loss.why}"
            for record in records.values()
            if record.speaker_loss.masked
        ]
    return lines


def selected_rows(experiment: Experiment, selection: Selection) -> pd.DataFrame:
    """Read what stage 0 made of a selection.

    Returns
    -------
    pandas.DataFrame
        Rows of stage 0, of one language when the selection names one, ``audio`` as an absolute path.

    Raises
    ------
    XserError
        When stage 0 has not prepared the corpus.
    """
    workspace = Workspace(experiment)
    rows, _ = workspace.read_prepared(selection.corpus)
    if selection.language is not None:
        rows = rows[rows["language"] == selection.language].reset_index(drop=True)
    folder = workspace.prepared_folder(selection.corpus).resolve()
    return rows.assign(audio=f"{folder}/" + rows["audio"])


def plan_manifest(experiment: Experiment, selection: Selection, rows: pd.DataFrame) -> MadeManifest:
    """Make the manifest of a selection, or find it where it was made before; `write_manifest` writes it.

    Parameters
    ----------
    rows
        As of `selected_rows`.
    """
    workspace, corpus = Workspace(experiment), selection.corpus
    folder = workspace.prepared_folder(corpus)
    prepared = workspace.read_prepared_record(corpus)
    kept = _finished(workspace, selection, prepared)
    if kept is not None:
        tables = {path: read_rows(path, manifest=True) for path in kept.tables}
        return MadeManifest(kept, True, tables, rows, folder, prepared.notes)
    utterances = map_emotions(rows, corpus, experiment.scheme)
    published, notes = _published(experiment, corpus, rows, utterances)
    split = experiment.split
    whole = False
    try:
        splits = split_rows(utterances, split.name, split.seed, corpus, published)
    except XserError as error:
        published_here = split.name == "paper" and corpus.stratified is not None  # other numbers are a fault
        if not experiment.only_evaluated(selection) or not len(utterances) or published_here:
            raise
        whole, splits = True, [pd.Series("test", index=utterances.index)]
        why = str(error).partition(": choose")[0]
        notes.append(f"{selection} is evaluated whole, all of it as the test part, since it cannot be split: {why}")
    folds = len(splits) if has_folds(split.name) else 0
    where = workspace.manifest_folder(selection, prepared)
    tables = {
        path: utterances.assign(part=parts)[(parts != "").to_numpy()]
        for path, parts in zip(manifest_files(where, folds), splits, strict=True)
    }
    record = ManifestRecord(
        fingerprint=workspace.manifest_fingerprint(selection, prepared.fingerprint),
        corpus=corpus.id,
        language=selection.language,
        languages=tuple(sorted(utterances["language"].unique())),
        scheme=SchemeRecord(name=experiment.scheme.name, emotions=tuple(experiment.scheme.emotions)),
        split=split.name,
        split_seed=split.seed,
        speakers=len(set(utterances["speaker"]) - {""}),
        lost=_lost(corpus, utterances) if split.name == "paper" else (),
        speaker_loss=SpeakerLossRecord(**corpus.speaker_loss),
        **_describe_labels(rows, utterances, corpus, experiment.scheme),
        folds=folds,
        split_notes=tuple(notes),
        evaluated_whole=whole,
        tables=tuple(_describe_table(path, table) for path, table in tables.items()),
        left_out=prepared.left_out,
        complete=prepared.complete,
        made_up=prepared.made_up,
        prepared_folder=str(folder.resolve()),
        prepared_fingerprint=prepared.fingerprint,
        versions=versions(),
        command=experiment.command,
    )
    return MadeManifest(Manifest(where, record), False, tables, rows, folder, prepared.notes)


def audited_manifest(made: MadeManifest) -> AuditedCorpus:
    """What of a manifest is audited."""
    record = made.manifest.record
    tables = tuple(made.tables.values())
    name, file_name = record.name, made.manifest.folder.name
    key, split = record.fingerprint, record.split
    return AuditedCorpus(name, file_name, key, tables, split, made.rows, made.prepared, (), made.notes)


def write_manifest(made: MadeManifest) -> None:
    """Write a manifest unless it is there."""
    if made.is_kept:
        return
    with only_writer(made.manifest.folder, waiting=True):
        for path, table in made.tables.items():
            write_rows(path, table)
        write_record(made.manifest.folder / "manifest.json", made.manifest.record)


def map_emotions(rows: pd.DataFrame, corpus: Corpus, scheme: Scheme) -> pd.DataFrame:
    """Keep the utterances whose native label is an emotion of the scheme.

    Parameters
    ----------
    rows
        Rows with ``native_label``.

    Returns
    -------
    pandas.DataFrame
        The rows that are left, with a column ``emotion``.

    Raises
    ------
    XserError
        When a native label has no entry in corpus.yaml.
    """
    for label in sorted(set(rows["native_label"]) - set(corpus.labels)):
        raise XserError(
            f"{corpus.title}: label {label!r} has no entry under `labels` in {corpus.id}/corpus.yaml: "
            "add it (an emotion, or drop) and run stage 0 (prepare) again"
        )
    emotions = rows["native_label"].map(lambda label: scheme.emotion_of(corpus.labels[label], corpus.id))
    kept = emotions.notna().to_numpy()
    return rows[kept].assign(emotion=emotions[kept].astype(str)).reset_index(drop=True)


def _finished(workspace: Workspace, selection: Selection, prepared: PreparedRecord) -> Manifest | None:
    """The manifest that was made before, when it and its tables are there and say what prepared.json says."""
    try:
        manifest = workspace.read_manifest(selection)
    except XserError:  # none, damaged, or of audio that moved: it is made anew
        return None
    record = manifest.record
    same = record.fingerprint == workspace.manifest_fingerprint(selection, prepared.fingerprint)
    carried = ("left_out", "complete", "made_up")  # what every result repeats of the recordings
    same = same and all(getattr(record, name) == getattr(prepared, name) for name in carried)
    same = same and record.speaker_loss.why == selection.corpus.speaker_loss["why"]
    return manifest if same and _are_whole(manifest) else None


def _are_whole(manifest: Manifest) -> bool:
    """Whether the tables of a manifest are there, as they were written."""
    try:
        return all(manifest.of_fold(fold).is_file() for fold in range(1, len(manifest.tables) + 1))
    except XserError:
        return False


def _published(
    experiment: Experiment, corpus: Corpus, rows: pd.DataFrame, utterances: pd.DataFrame
) -> tuple[list[dict[str, str]], list[str]]:
    """Parts of the folds that the split reads from files, and what is to be known of them; nothing for other splits."""
    if not experiment.split.published_folds:
        return [], []
    matched = match_folds(list(experiment.split.published_folds), corpus, rows, utterances)
    return matched.parts, matched.notes


def _lost(corpus: Corpus, utterances: pd.DataFrame) -> tuple[str, ...]:
    """What makes parts smaller than the published ones."""
    _, faults = published_sizes(corpus, utterances["utterance"])
    return tuple(f"{fault.utterance} ({fault.part}) is {fault.what} in the official release" for fault in faults)


def _describe_table(path: Path, rows: pd.DataFrame) -> TableRecord:
    of_part = {part: rows[rows["part"] == part] for part in PARTS}
    return TableRecord(
        file=path.name,
        digest=content_digest(rows_content(rows)),
        counts={part: _count(mine["emotion"]) for part, mine in of_part.items()},
        speakers={part: len(set(mine["speaker"]) - {""}) for part, mine in of_part.items()},
        overlaps={part: OverlapRecord(**shared) for part, shared in overlaps(rows, rows["part"]).items()},
    )


def _count(values: pd.Series) -> dict[str, int]:
    """How often each value occurs, sorted by value."""
    return {str(value): int(n) for value, n in values.value_counts().sort_index().items()}


def _describe_labels(rows: pd.DataFrame, utterances: pd.DataFrame, corpus: Corpus, scheme: Scheme) -> dict[str, Any]:
    native = _count(rows["native_label"])
    kept = sorted(set(utterances["native_label"]))
    counts_as = {label: scheme.emotion_of(corpus.labels[label], corpus.id) for label in kept}
    there = set(utterances["emotion"])
    return {
        "labels": {label: LabelRecord(emotion=corpus.labels[label], utterances=n) for label, n in native.items()},
        "dropped": {label: n for label, n in native.items() if label not in kept},
        "merged": {label: counts_as[label] for label in kept if counts_as[label] != corpus.labels[label]},
        "missing_classes": tuple(emotion for emotion in scheme.emotions if emotion not in there),
    }
