"""Stage 1: map native labels to the emotions of a scheme and give every utterance a part.

    python -m xser.manifests --corpus emodb --split folds:5
    python -m xser.manifests --sources emodb,esd:cmn --target cremad --scheme six

Each selection of corpus and language gets a folder
``<work-dir>/manifests/<corpus>[-<language>]-<scheme>-<split>-<key>/`` with ``manifest.csv`` (or a
``manifest_fold<k>.csv`` for each fold) and, last of all, ``manifest.json``. A manifest that was made with the same
options from the same audio is kept.
"""

import dataclasses
import logging
from pathlib import Path

from xser.audit_gate import audit_experiment, refuse_severe, summary, summary_of_shared
from xser.auditing import Subject
from xser.command_line import run
from xser.corpora.description import read_corpus
from xser.corpora.languages import language_name
from xser.errors import XserError
from xser.experiment import parse_experiment
from xser.files import only_writer, write_json
from xser.protocol import workspace
from xser.protocol.exact_counts import published_sizes
from xser.protocol.isolation import refuse_shared_recordings
from xser.protocol.rows import PARTS, read_rows, write_rows
from xser.protocol.splits import has_folds, overlaps, split_rows
from xser.protocol.task_list import find_task, training_beside_published
from xser.runs import versions

logger = logging.getLogger(__name__)

CARRIED = ("left_out", "complete", "made_up")  # what prepared.json says of the recordings and every result repeats
FOLDS_SHOWN = 10


def main(argv):
    """Make the manifests of an experiment and print what is in them."""
    make_manifests([parse_experiment("manifests", argv)])


def make_manifests(experiments):
    """Make the manifests of experiments and print what is in them, each once.

    Raises
    ------
    XserError
        When a corpus is not prepared, or a source holds recordings of the target.
    """
    said = set()
    for experiment in experiments:
        for about, text in _make_and_describe(experiment):
            if about not in said:
                print(text, flush=True)
            said.add(about)


def _make_and_describe(experiment):
    """Yield what there is to say, and about what: so that it is said once."""
    selected = {selection: selected_rows(experiment, selection) for selection in experiment.selections}
    if experiment.target is not None:
        for source in experiment.sources:
            refuse_shared_recordings(selected[source], selected[experiment.target])
    planned = {selection: plan_manifest(experiment, selection, rows) for selection, rows in selected.items()}
    found, shared = audit_experiment(experiment, {selection: each.subject for selection, each in planned.items()})
    refuse_severe(found, shared, experiment.allow)
    for selection, manifest in planned.items():
        write_manifest(manifest)
        corpus, parts = found[selection]
        yield manifest.folder, describe(manifest.info, manifest.folder, manifest.kept, summary([*corpus, *parts]))
    said = "\n".join(f"sources and {experiment.target}: {line}" for line in summary_of_shared(shared))
    if said:
        yield said, said
    if experiment.named_task:
        named = find_task(experiment.recipes, experiment.named_task)
        yield named, describe_training(named, [planned[source].info for source in experiment.sources])
    if experiment.target_statistics == "speaker":
        for info in (manifest.info for manifest in planned.values()):
            if info["speaker_loss"]["masked"]:
                why = info["speaker_loss"]["why"]
                warning = f"warning: do not trust --target-statistics speaker with {info['corpus']}: {why}"
                yield warning, warning


def selected_rows(experiment, selection):
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
    folder = experiment.prepared_folder(selection.corpus)
    rows, _ = workspace.read_prepared(folder)
    if selection.language is not None:
        rows = rows[rows["language"] == selection.language].reset_index(drop=True)
    return rows.assign(audio=f"{Path(folder).resolve()}/" + rows["audio"])


@dataclasses.dataclass(frozen=True, eq=False)
class Planned:
    """A manifest, written or not.

    Attributes
    ----------
    folder : Path
        Where it lies.
    info : dict
        The content of manifest.json.
    kept : bool
        Whether it was there before.
    tables : dict of Path to pandas.DataFrame
        What it holds: a table for each fold.
    subject : Subject
        What of it is audited.
    """

    folder: Path
    info: dict
    kept: bool
    tables: dict
    subject: Subject


def plan_manifest(experiment, selection, rows):
    """Make the manifest of a selection, or find it where it was made before.

    Parameters
    ----------
    experiment : Experiment
        What the user asked for.
    selection : Selection
        A corpus, or one language of it.
    rows : pandas.DataFrame
        As of `selected_rows`.

    Returns
    -------
    Planned
        To be written by `write_manifest`.
    """
    prepared = experiment.prepared_folder(selection.corpus)
    prepared_info = workspace.read_prepared_info(prepared)
    corpus = read_corpus(experiment.corpus_yaml(selection.corpus))
    options = (selection.language, experiment.scheme, experiment.split, experiment.split_seed)
    key = workspace.manifest_fingerprint(corpus, *options, prepared_info["fingerprint"])
    folder = workspace.manifest_folder(experiment.work_dir, corpus, *options, prepared_info["fingerprint"])
    info = _finished(folder, prepared, key, prepared_info)
    kept = info is not None
    if kept:
        tables = {path: read_rows(path) for path in workspace.manifest_files(folder, info["folds"])}
    else:
        utterances = map_emotions(rows, corpus, experiment.scheme)
        splits = split_rows(utterances, experiment.split, experiment.split_seed, corpus)
        folds = len(splits) if has_folds(experiment.split) else 0
        paths = workspace.manifest_files(folder, folds)
        tables = {path: utterances.assign(part=parts) for path, parts in zip(paths, splits, strict=True)}
        info = {
            "fingerprint": key,
            "corpus": corpus.id,
            "language": selection.language,
            "languages": sorted(utterances["language"].unique()),
            "scheme": {"name": experiment.scheme.name, "emotions": list(experiment.scheme.emotions)},
            "split": experiment.split,
            "split_seed": experiment.split_seed,
            "folds": folds,
            "lost": _lost(corpus, utterances) if experiment.split == "paper" else [],
            "tables": [_describe_table(path, table) for path, table in tables.items()],
            **_describe_labels(rows, utterances, corpus, experiment.scheme),
            **{name: prepared_info[name] for name in CARRIED},
            "speaker_loss": corpus.speaker_loss,
            "prepared_folder": str(Path(prepared).resolve()),
            "prepared_fingerprint": prepared_info["fingerprint"],
            "versions": versions(),
            "command": experiment.command,
        }
    audited = tuple(tables.values())
    notes = tuple(prepared_info.get("notes", ()))
    subject = Subject(str(selection), folder.name, key, audited, experiment.split, rows, Path(prepared), (), notes)
    return Planned(folder, info, kept, tables, subject)


def write_manifest(planned):
    """Write a manifest unless it is there."""
    if planned.kept:
        return
    with only_writer(planned.folder, waiting=True):
        for path, table in planned.tables.items():
            write_rows(path, table)
        write_json(planned.folder / "manifest.json", planned.info)


def map_emotions(rows, corpus, scheme):
    """Keep the utterances whose native label is an emotion of the scheme.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows with ``native_label``.
    corpus : Corpus
        Its labels.
    scheme : Scheme
        The emotions, and what counts as one of them.

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


def _finished(folder, prepared, key, prepared_info):
    """Content of manifest.json when it and its tables are there and say what prepared.json says, else None."""
    try:
        tables, info = workspace.read_manifest_info(folder, prepared)
    except XserError:
        return None
    same = info["fingerprint"] == key and all(info[name] == prepared_info[name] for name in CARRIED)
    return info if same and all(path.is_file() for path in tables) else None


def _lost(corpus, utterances):
    """What makes parts smaller than the published ones."""
    _, faults = published_sizes(corpus, utterances["utterance"])
    return [f"{fault.utterance} ({fault.part}) is {fault.what} in the official release" for fault in faults]


def _describe_table(path, rows):
    counts = rows.groupby(["part", "emotion"]).size()
    return {
        "file": path.name,
        "counts": {part: counts.get(part, counts.iloc[:0]).to_dict() for part in PARTS},
        "speakers": {part: len(set(rows.loc[rows["part"] == part, "speaker"]) - {""}) for part in PARTS},
        "overlaps": overlaps(rows, rows["part"]),
    }


def _describe_labels(rows, utterances, corpus, scheme):
    native = rows["native_label"].value_counts().sort_index()
    kept = sorted(set(utterances["native_label"]))
    counts_as = {label: scheme.emotion_of(corpus.labels[label], corpus.id) for label in kept}
    return {
        "labels": {label: {"emotion": corpus.labels[label], "utterances": int(n)} for label, n in native.items()},
        "dropped": {label: int(n) for label, n in native.items() if label not in kept},
        "merged": {label: counts_as[label] for label in kept if counts_as[label] != corpus.labels[label]},
        "missing_classes": [emotion for emotion in scheme.emotions if emotion not in set(utterances["emotion"])],
    }


def describe(info, folder, kept, audited=()):
    """Describe a manifest for people.

    Parameters
    ----------
    info : dict
        The content of manifest.json.
    folder : Path
        Where it lies.
    kept : bool
        Whether it was there before.
    audited : sequence of str
        The summary of its audit.

    Returns
    -------
    str
        Some lines: utterances of each emotion in each part, speakers, drops, merges, what the parts share, the audit.
    """
    name = f"{info['corpus']}:{info['language']}" if info["language"] else info["corpus"]
    spoken = " and ".join(language_name(code) for code in info["languages"])
    options = f"scheme {info['scheme']['name']}, split {info['split']}, split seed {info['split_seed']}"
    lines = [f"{name} ({spoken}), {options}"]
    lines += _table(info)
    labels = info["labels"]
    dropped = [f"{label} ({labels[label]['emotion'] or 'drop'}) {n}" for label, n in info["dropped"].items()]
    merged = [f"{label} ({labels[label]['emotion']}) counts as {emotion}" for label, emotion in info["merged"].items()]
    lines += [f"  not in the scheme: {', '.join(dropped)}"] if dropped else []
    lines += [f"  merged: {', '.join(merged)}"] if merged else []
    for emotion in info["missing_classes"]:
        lines.append(f"  warning: {name} has no utterance of class {emotion}")
    lines += _shared(info)
    lines += [f"  one fewer than published: {sentence}" for sentence in info.get("lost", [])]
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


if __name__ == "__main__":
    run(main)
