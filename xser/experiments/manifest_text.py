"""What stage 1 says of a manifest: a table of its parts, what became of the labels, what the parts share, the audit."""

from xser.core.rows import PARTS
from xser.corpora.description.class_counts import class_table, count_classes, label_notes
from xser.corpora.description.languages import language_name
from xser.experiments.task_list import training_beside_published
from xser.protocol.splits.speaker_splits import what_few_speakers_allow

FOLDS_SHOWN = 10


def classes_of(info, scheme):
    """Count the classes that a manifest's utterances had before some were left out
    (`xser.corpora.description.class_counts`)."""
    emotions_of = {label: content["emotion"] for label, content in info["labels"].items()}
    counts = {label: content["utterances"] for label, content in info["labels"].items()}
    return count_classes(_name(info), info["corpus"], info["languages"], emotions_of, counts, scheme)


def describe_classes(scheme, rows):
    """Write the table corpus x class, and below it what became of every label that is no class.

    Parameters
    ----------
    scheme : Scheme
    rows : list of ClassCounts
        As of `classes_of`, one for each manifest.

    Returns
    -------
    str
    """
    lines = [f"utterances of each class, scheme {scheme.name}", *(f"  {line}" for line in class_table(rows))]
    return "\n".join(lines + [f"  {row.name}: {sentence}" for row in rows for sentence in label_notes(row)])


def _name(info):
    return f"{info['corpus']}:{info['language']}" if info["language"] else info["corpus"]


def describe(info, folder, kept, classes=(), audited=()):
    """Describe a manifest for people.

    Parameters
    ----------
    info : dict
        The content of manifest.json.
    folder : Path
        Where it lies.
    kept : bool
        Whether it was there before.
    classes : sequence of ClassCounts
        Of a corpus by itself, whose drops and merges are to be named; none where the class table names them.
    audited : sequence of str
        The summary of its audit.

    Returns
    -------
    str
        Some lines: utterances of each emotion in each part, speakers, drops, merges, what the parts share, the audit.
    """
    name = _name(info)
    spoken = " and ".join(language_name(code) for code in info["languages"])
    options = f"scheme {info['scheme']['name']}, split {info['split']}, split seed {info['split_seed']}"
    lines = [f"{name} ({spoken}), {options}"]
    lines += _table(info)
    lines += [f"  {sentence}" for row in classes for sentence in label_notes(row)]
    lines += _shared(info)
    few = what_few_speakers_allow(info.get("speakers", 3))
    lines += [f"  warning: {few}"] if few and classes else []
    lines += [f"  one fewer than published: {sentence}" for sentence in info.get("lost", [])]
    lines += [f"  {sentence}" for sentence in info.get("split_notes", [])]
    lines += [f"  left out: {sentence}" for sentence in info["left_out"]]
    lines += [f"  audit: {line}" for line in audited]
    lines.append(f"  {'kept, made before with the same options' if kept else 'written'}: {folder}")
    return "\n".join(lines)


def describe_training(named, infos):
    """Describe what a named task learns from, beside what was published.

    Parameters
    ----------
    named : NamedTask
        The task.
    infos : list of dict
        Content of manifest.json of each of its sources.

    Returns
    -------
    str
        A line.
    """
    counted = training_beside_published(named, infos)
    pieces = []
    for what in ("utterances", "speakers"):
        here, published = counted[what], counted[f"published_{what}"]
        beside = "" if published is None else ", as published" if here == published else f", published {published}"
        pieces.append(f"{here} training {what}{beside}")
    because = [f"because {sentence}" for sentence in counted["lost"]]
    if infos[0]["split"] != "paper" and (named.training_utterances, named.training_speakers) != (None, None):
        because = [f"the published figures are of --split paper, these of --split {infos[0]['split']}"]
    return f"{named.name}: {'; '.join(pieces)}" + "".join(f"; {sentence}" for sentence in because)


def _table(info):
    emotions = info["scheme"]["emotions"]
    width = max(8, *(len(emotion) + 1 for emotion in emotions))
    lines = [f"  {'part':<14}" + "".join(f"{word:>{width}}" for word in [*emotions, "all"]) + f"{'speakers':>10}"]
    for label, counts, speakers in _table_rows(info["tables"]):
        numbers = [counts.get(emotion, 0) for emotion in emotions]
        cells = "".join(f"{n:>{width}}" for n in [*numbers, sum(numbers)])
        lines.append(f"  {label:<14}{cells}{speakers or '?':>10}")
    hidden = len(info["tables"]) - FOLDS_SHOWN
    return lines + ([f"  and {hidden} folds more"] if hidden > 0 else [])


def _table_rows(tables):
    if len(tables) == 1:
        return [(part, tables[0]["counts"][part], tables[0]["speakers"][part]) for part in PARTS]
    shown = enumerate(tables[:FOLDS_SHOWN], start=1)
    return [(f"fold {fold} test", table["counts"]["test"], table["speakers"]["test"]) for fold, table in shown]


def _shared(info):
    """Say what the parts share with train; of several folds, the worst."""
    sentences = []
    for part in ("valid", "test"):
        counted = []
        for what in ("speakers", "texts"):
            numbers = [table["overlaps"][part][what] for table in info["tables"]]
            counted.append(f"{what} unknown" if None in numbers else f"{max(numbers)} {what}")
        sentences.append(f"{part} {', '.join(counted)}")
    return [f"  shared with train: {'; '.join(sentences)}"]
