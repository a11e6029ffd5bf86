"""Stage 1: map native labels to the emotions of a scheme and give every utterance a part.

    python -m xser.experiments.manifests --corpus emodb --split folds:5
    python -m xser.experiments.manifests --sources emodb,esd:cmn --target cremad --scheme six

Each selection of corpus and language gets a folder
``<work-dir>/manifests/<corpus>[-<language>]-<scheme>-<split>-<key>/`` with ``manifest.csv`` (or a
``manifest_fold<k>.csv`` for each fold) and, last of all, ``manifest.json``. A manifest that was made with the same
options from the same audio is kept.
"""

import dataclasses
import logging
from pathlib import Path

from xser.audit.auditing import Subject
from xser.audit.gate import audit_experiment, refuse_severe, summary, summary_of_shared
from xser.commands.command_line import run
from xser.core.errors import XserError
from xser.core.files import only_writer, write_json
from xser.core.rows import PARTS, read_rows, write_rows
from xser.core.versions import versions
from xser.experiments import workspace
from xser.experiments.experiment import parse_experiment
from xser.experiments.manifest_text import classes_of, describe, describe_classes, describe_training
from xser.experiments.task_list import find_task
from xser.protocol.isolation import refuse_shared_recordings
from xser.protocol.splits.emobox_folds import match_folds
from xser.protocol.splits.exact_counts import published_sizes
from xser.protocol.splits.splits import has_folds, overlaps, split_rows

logger = logging.getLogger(__name__)

CARRIED = ("left_out", "complete", "made_up")  # what prepared.json says of the recordings and every result repeats


def main(argv):
    """Make the manifests of an experiment and print what is in them."""
    make_manifests([parse_experiment("manifests", argv)])


def make_manifests(experiments):
    """Make the manifests of experiments and print what is in them, each once.

    Raises
    ------
    XserError
        When a corpus is not prepared, a source holds recordings of the target, or the audit finds something severe in
        what is reported on that ``--allow`` does not name.
    """
    said, classes, whole = set(), {}, []
    for experiment in experiments:
        planned, found, shared = _made(experiment)
        for selection, manifest in planned.items():
            classes[selection] = classes_of(manifest.info, experiment.scheme)
            alone = [] if experiment.several_corpora else [classes[selection]]
            audited = summary([finding for findings in found[selection] for finding in findings])
            _say_once(said, manifest.folder, describe(manifest.info, manifest.folder, manifest.kept, alone, audited))
        whole += _of_the_whole(
            experiment, {selection: manifest.info for selection, manifest in planned.items()}, shared
        )
    if len(classes) > 1:
        _say_once(said, "classes", describe_classes(experiments[0].scheme, list(classes.values())))
    for sentence in whole:
        _say_once(said, sentence, sentence)


def _say_once(said, about, text):
    if about not in said:
        print(text, flush=True)
    said.add(about)


def _made(experiment):
    """Make and audit the manifest of each selection: `Planned` and findings by selection, and those of shared sound."""
    selected = {selection: selected_rows(experiment, selection) for selection in experiment.selections}
    if experiment.target is not None:
        for source in experiment.sources:
            refuse_shared_recordings(selected[source], selected[experiment.target])
    planned = {selection: plan_manifest(experiment, selection, rows) for selection, rows in selected.items()}
    found, shared = audit_experiment(experiment, {selection: each.subject for selection, each in planned.items()})
    refuse_severe(found, shared, experiment.allow)
    for manifest in planned.values():
        write_manifest(manifest)
    return planned, found, shared


def _of_the_whole(experiment, infos, shared):
    """What there is to say of an experiment beside its corpora."""
    said = [f"sources and {experiment.target}: {line}" for line in summary_of_shared(shared)]
    if experiment.named_task:
        named = find_task(experiment.recipes, experiment.named_task)
        said.append(describe_training(named, [infos[source] for source in experiment.sources]))
    if experiment.target_statistics == "speaker":
        masked = [info for info in infos.values() if info["speaker_loss"]["masked"]]
        said += [
            f"warning: do not trust --target-statistics speaker with {info['corpus']}: {info['speaker_loss']['why']}"
            for info in masked
        ]
    return said


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
    corpus = experiment.described(selection.corpus)
    options = (selection.language, experiment.scheme, experiment.split, experiment.split_seed)
    made_from = (corpus, *options, prepared_info["fingerprint"], experiment.split_files)
    key = workspace.manifest_fingerprint(*made_from)
    folder = workspace.manifest_folder(experiment.work_dir, *made_from)
    info = _finished(folder, prepared, key, prepared_info)
    kept = info is not None
    if kept:
        tables = {path: read_rows(path) for path in workspace.manifest_files(folder, info["folds"])}
    else:
        utterances = map_emotions(rows, corpus, experiment.scheme)
        published, notes = _published(experiment, corpus, rows, utterances)
        splits = split_rows(utterances, experiment.split, experiment.split_seed, corpus, published)
        paths = workspace.manifest_files(folder, len(splits) if has_folds(experiment.split) else 0)
        tables = {
            path: utterances.assign(part=parts)[(parts != "").to_numpy()]
            for path, parts in zip(paths, splits, strict=True)
        }
        info = {
            "fingerprint": key,
            **_describe_utterances(experiment, selection, corpus, rows, utterances),
            "folds": len(splits) if has_folds(experiment.split) else 0,
            "split_notes": notes,
            "tables": [_describe_table(path, table) for path, table in tables.items()],
            **{name: prepared_info[name] for name in CARRIED},
            "prepared_folder": str(Path(prepared).resolve()),
            "prepared_fingerprint": prepared_info["fingerprint"],
            "versions": versions(),
            "command": experiment.command,
        }
    notes = tuple(prepared_info.get("notes", ()))
    subject = Subject(
        str(selection), folder.name, key, tuple(tables.values()), experiment.split, rows, Path(prepared), (), notes
    )
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


def _published(experiment, corpus, rows, utterances):
    """Parts of the folds that the split reads from files, and what is to be known of them; nothing for other splits."""
    if not experiment.published_folds:
        return [], []
    matched = match_folds(experiment.published_folds, corpus, rows, utterances)
    return matched.parts, matched.notes


def _lost(corpus, utterances):
    """What makes parts smaller than the published ones."""
    _, faults = published_sizes(corpus, utterances["utterance"])
    return [f"{fault.utterance} ({fault.part}) is {fault.what} in the official release" for fault in faults]


def _describe_utterances(experiment, selection, corpus, rows, utterances):
    return {
        "corpus": corpus.id,
        "language": selection.language,
        "languages": sorted(utterances["language"].unique()),
        "scheme": {"name": experiment.scheme.name, "emotions": list(experiment.scheme.emotions)},
        "split": experiment.split,
        "split_seed": experiment.split_seed,
        "speakers": len(set(utterances["speaker"]) - {""}),
        "lost": _lost(corpus, utterances) if experiment.split == "paper" else [],
        "speaker_loss": corpus.speaker_loss,
        **_describe_labels(rows, utterances, corpus, experiment.scheme),
    }


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


if __name__ == "__main__":
    run(main)
