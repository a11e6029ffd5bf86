"""What is written down of a run: how its figures came about, for every table and page that is made from it."""

from typing import Any

from xser.core.run_records import UsedCorpus
from xser.core.versions import versions
from xser.corpora.description.corpus import Corpus
from xser.evidence.figures.predictions import Run as EvaluatedRun
from xser.evidence.figures.predictions import read_run
from xser.experiments.manifest_text import training_beside_published
from xser.experiments.records import ManifestRecord
from xser.experiments.runs import Run
from xser.protocol.splits.speaker_splits import what_few_speakers_allow


def describe_training_of(run: Run) -> dict[str, Any]:
    """What is known of a run when it is trained: the content of trained.json but for how training went."""
    experiment, task, encoder = run.experiment, run.experiment.task, run.experiment.encoder
    records = {str(selection): manifest.record for selection, manifest in run.manifests.items()}
    repeated = [f"{name}: {what}" for name, record in records.items() for what in _to_repeat(run, record)]
    return {
        "kind": "zero_shot" if experiment.is_zero_shot else "within",
        "task": task.name,
        "named_task": task.given_name,
        "task_training": _task_training(run),
        "sources": [str(source) for source in task.sources],
        "corpora": {
            str(each): about_corpus(each.corpus, each.languages).model_dump(mode="json") for each in task.selections
        },
        "target": str(task.reported_on),
        "system": run.system.name,
        "source": run.source,
        "encoder": encoder.name,
        "encoder_option": encoder.option,
        "encoder_source": encoder.source,
        "encoder_revision": encoder.commit or encoder.revision,
        "encoder_identity": encoder.identity,
        "finetuning": experiment.finetuning,
        "scheme": experiment.scheme.name,
        "emotions": list(experiment.scheme.emotions),
        "split": experiment.split.name,
        "split_seed": experiment.split.seed,
        "target_statistics": experiment.target_statistics,
        "seed": run.seed,
        "fold": run.fold,
        "hyperparameters": dict(experiment.overrides),
        "weights_fingerprint": run.weights_fingerprint,
        "command": experiment.command,
        "versions": versions(),
        "fingerprints": {name: record.fingerprint for name, record in records.items()},
        "left_out": repeated + [encoder.note] * bool(encoder.note),
        "complete": all(record.complete for record in records.values()),
        "made_up": any(record.made_up for record in records.values()),
    }


def describe_evaluation_of(run: Run, trained: dict[str, Any]) -> dict[str, Any]:
    """What `trained` (the content of trained.json) becomes with the target's part in it, and the system's in tables."""
    system = run.system.record
    trained = {**trained, "system_order": system.order, "compared_with": list(system.compared_with)}
    target = run.experiment.task.target
    if target is None or run.system.trained_on == "target":
        return trained
    record = run.manifest(target).record
    return {
        **trained,
        "fingerprints": {**trained["fingerprints"], str(target): record.fingerprint},
        "left_out": trained["left_out"] + [f"{target}: {what}" for what in (*record.left_out, *record.split_notes)],
        "complete": trained["complete"] and record.complete,
        "made_up": trained["made_up"] or record.made_up,
    }


def read_evaluated(run: Run) -> EvaluatedRun:
    """The run as it was evaluated.

    Raises
    ------
    XserError
        When it was not, or its run.json is damaged.
    """
    return read_run(run.folder).completed(run.system.record.order, run.system.record.compared_with)


def about_corpus(corpus: Corpus, languages: tuple[str, ...]) -> UsedCorpus:
    """What is told of a corpus, or of some languages of it, wherever a model goes that learned from it."""
    return UsedCorpus(
        title=corpus.title,
        languages=languages,
        licence=corpus.licence,
        licence_note=corpus.licence_note,
        url=corpus.url,
        citation=corpus.citation,
    )


def _task_training(run: Run) -> dict[str, object] | None:
    """What a named task learns from beside what was published; None without, and for a system on the target."""
    named = run.experiment.named_task
    if named is None or run.system.trained_on == "target":
        return None
    return training_beside_published(named, [run.manifest(each).record for each in run.experiment.task.sources])


def _to_repeat(run: Run, record: ManifestRecord) -> list[str]:
    """What every result repeats of a manifest: what was left out, and what its split and speakers are worth."""
    few = "" if run.experiment.is_zero_shot else what_few_speakers_allow(record.speakers)
    return [*record.left_out, *record.split_notes, *filter(None, [few])]
