"""What stage 1 tells of a manifest: a table of its parts, what became of the labels, what the parts share, the
audit."""

from collections.abc import Sequence
from pathlib import Path

from xser.core.rows import PARTS
from xser.corpora.description.class_counts import ClassCounts, class_table, count_classes, label_notes
from xser.corpora.description.emotions import Scheme
from xser.corpora.description.languages import language_name
from xser.experiments.named_tasks import NamedTask
from xser.experiments.records import ManifestRecord, TableRecord
from xser.protocol.splits.speaker_splits import what_few_speakers_allow

FOLDS_SHOWN = 10


def classes_of(record: ManifestRecord, scheme: Scheme) -> ClassCounts:
    """Count the classes that a manifest's utterances had before some were left out."""
    emotions_of = {label: content.emotion for label, content in record.labels.items()}
    counts = {label: content.utterances for label, content in record.labels.items()}
    return count_classes(record.name, record.corpus, record.languages, emotions_of, counts, scheme)


def describe_classes(scheme: Scheme, rows: Sequence[ClassCounts]) -> str:
    """Write the table corpus x class, and below it what became of every label that is no class."""
    lines = [f"utterances of each class, scheme {scheme.name}", *(f"  {line}" for line in class_table(rows))]
    return "\n".join(lines + [f"  {row.name}: {sentence}" for row in rows for sentence in label_notes(row)])


def one_line(record: ManifestRecord, classes: ClassCounts, audited: str) -> str:
    """Describe a manifest in a line: utterances by emotion, classes that are missing, and how its audit came out."""
    counts = ", ".join(f"{count} {emotion}" for emotion, count in classes.classes.items() if count)
    missing = f"; no {' and no '.join(classes.missing)}" if classes.missing else ""
    few = _few_speakers(record)
    tail = f"; audit: {audited}" + (f"; warning: {few}" if few else "")
    return f"{record.name}: {counts}{missing}{tail}"


def describe(
    record: ManifestRecord,
    folder: Path,
    kept: bool,
    classes: Sequence[ClassCounts] = (),
    audited: Sequence[str] = (),
) -> str:
    """Describe a manifest for people.

    Parameters
    ----------
    record
        The content of manifest.json.
    folder
        Where it lies.
    kept
        Whether it was there before.
    classes
        Of a corpus by itself, whose drops and merges are to be named; none where the class table names them.
    audited
        The summary of its audit.

    Returns
    -------
    str
        Some lines: utterances of each emotion in each part, speakers, drops, merges, what the parts share, the audit.
    """
    spoken = " and ".join(language_name(code) for code in record.languages)
    options = f"scheme {record.scheme.name}, split {record.split}, split seed {record.split_seed}"
    lines = [f"{record.name} ({spoken}), {options}"]
    lines += _table(record)
    lines += [f"  {sentence}" for row in classes for sentence in label_notes(row)]
    lines += _shared(record)
    few = _few_speakers(record)
    lines += [f"  warning: {few}"] if few and classes else []
    lines += [f"  one fewer than published: {sentence}" for sentence in record.lost]
    lines += [f"  {sentence}" for sentence in record.split_notes]
    lines += [f"  left out: {sentence}" for sentence in record.left_out]
    lines += [f"  audit: {line}" for line in audited]
    lines.append(f"  {'kept, made before with the same options' if kept else 'written'}: {folder}")
    return "\n".join(lines)


def training_beside_published(named: NamedTask, records: Sequence[ManifestRecord]) -> dict[str, object]:
    """Count what a named task learns from, beside what was published.

    Parameters
    ----------
    records
        Of its sources.

    Returns
    -------
    dict
        ``utterances`` and ``speakers`` of the training parts, ``published_utterances`` and ``published_speakers`` (None
        where nothing was), and ``lost``: sentences that say which utterances the training parts lack.
    """
    tables = [record.tables[0] for record in records]
    return {
        "utterances": sum(sum(table.counts["train"].values()) for table in tables),
        "published_utterances": named.training_utterances,
        "speakers": sum(table.speakers["train"] for table in tables),
        "published_speakers": named.training_speakers,
        "lost": [sentence for record in records for sentence in record.lost if "(train)" in sentence],
    }


def describe_training(named: NamedTask, records: Sequence[ManifestRecord]) -> str:
    """Describe in a line what a named task learns from, beside what was published."""
    counted = training_beside_published(named, records)
    pieces = []
    for what in ("utterances", "speakers"):
        here, published = counted[what], counted[f"published_{what}"]
        beside = "" if published is None else ", as published" if here == published else f", published {published}"
        pieces.append(f"{here} training {what}{beside}")
    because = [f"because {sentence}" for record in records for sentence in record.lost if "(train)" in sentence]
    if records[0].split != "paper" and (named.training_utterances, named.training_speakers) != (None, None):
        because = [f"the published figures are of --split paper, these of --split {records[0].split}"]
    return f"{named.name}: {'; '.join(pieces)}" + "".join(f"; {sentence}" for sentence in because)


def _few_speakers(record: ManifestRecord) -> str:
    return what_few_speakers_allow(record.speakers)


def _table(record: ManifestRecord) -> list[str]:
    emotions = record.scheme.emotions
    width = max(8, *(len(emotion) + 1 for emotion in emotions))
    lines = [f"  {'part':<14}" + "".join(f"{word:>{width}}" for word in [*emotions, "all"]) + f"{'speakers':>10}"]
    for label, counts, speakers in _table_rows(record.tables):
        numbers = [counts.get(emotion, 0) for emotion in emotions]
        cells = "".join(f"{n:>{width}}" for n in [*numbers, sum(numbers)])
        lines.append(f"  {label:<14}{cells}{speakers or '?':>10}")
    hidden = len(record.tables) - FOLDS_SHOWN
    return lines + ([f"  and {hidden} folds more"] if hidden > 0 else [])


def _table_rows(tables: Sequence[TableRecord]) -> list[tuple[str, dict[str, int], int]]:
    if len(tables) == 1:
        return [(part, tables[0].counts[part], tables[0].speakers[part]) for part in PARTS]
    shown = enumerate(tables[:FOLDS_SHOWN], start=1)
    return [(f"fold {fold} test", table.counts["test"], table.speakers["test"]) for fold, table in shown]


def _shared(record: ManifestRecord) -> list[str]:
    """Say what the parts share with train; of several folds, the worst."""
    sentences = []
    for part in ("valid", "test"):
        overlaps = [table.overlaps[part] for table in record.tables]
        counted = []
        for what, numbers in (
            ("speakers", [overlap.speakers for overlap in overlaps]),
            ("texts", [overlap.texts for overlap in overlaps]),
        ):
            known = [number for number in numbers if number is not None]
            counted.append(f"{max(known)} {what}" if len(known) == len(numbers) else f"{what} unknown")
        sentences.append(f"{part} {', '.join(counted)}")
    return [f"  shared with train: {'; '.join(sentences)}"]
