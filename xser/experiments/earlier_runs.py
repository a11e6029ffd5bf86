"""Finished trainings that lie elsewhere in the work folder: of another task, of an older xser, of another encoder."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xser.core.errors import XserError
from xser.core.run_records import damage, read_trained
from xser.experiments.hyperparameters import WHERE_THE_MODEL_LIES, canonical, nodes_of, read_nodes
from xser.experiments.runs import Run
from xser.experiments.workspace import Workspace


def trained_elsewhere(run: Run) -> Path | None:
    """Folder of a finished run that has the same weights as `run` would; None without one.

    That is a run of another task with the same sources, or one that xser 0.1 made: it named folders by the text of the
    YAML files, and is the same where data, values, classes and seed are.
    """
    for folder, record in _finished(Workspace(run.experiment).runs_folder.parent.parent, run):
        same = record.get("weights_fingerprint") == run.weights_fingerprint or _is_same_of_0_1(run, folder, record)
        if same and folder != run.folder and not damage(folder):
            return folder
    return None


def trained_on_another_encoder(run: Run) -> Path | None:
    """Folder of this run as trained on an encoder of this name, but other weights or settings; None without one."""
    encoder = run.experiment.encoder
    if encoder.source is None:
        return None
    for folder, record in _finished(Workspace(run.experiment).runs_folder.parents[1], run, "*"):
        same_name = Path(record.get("encoder_source") or "").name == Path(encoder.source).name
        if (
            same_name
            and record.get("task") == run.experiment.task.name
            and record.get("encoder_identity") != encoder.identity
        ):
            return folder
    return None


def _finished(runs: Path, run: Run, encoder: str = "") -> Iterator[tuple[Path, dict[str, Any]]]:
    encoder = encoder or run.experiment.encoder_and_finetuning
    for path in sorted(runs.glob(f"*/{encoder}/{run.name}-????????/trained.json")):
        try:
            yield path.parent, read_trained(path.parent)
        except XserError:  # damaged: no training to build on
            continue


def _is_same_of_0_1(run: Run, folder: Path, record: dict[str, Any]) -> bool:
    if record.get("versions", {}).get("xser") != "0.1.0":
        return False
    older = Workspace(run.experiment).manifest_fingerprint_of_0_1
    fingerprints = {
        str(selection): older(selection, manifest.record.prepared_fingerprint)
        for selection, manifest in run.manifests.items()
    }
    same = (
        record.get("fingerprints") == fingerprints
        and (record.get("seed"), record.get("fold"), record.get("system")) == (run.seed, run.fold, run.system.name)
        and record.get("source") == run.source
        and record.get("encoder_identity") == run.experiment.encoder.identity
    )
    try:
        return same and _is_told_the_same(run, folder / "hyperparameters.yaml")
    except XserError:  # what cannot be read is not known to be the same
        return False


def _is_told_the_same(run: Run, path: Path) -> bool:
    """Whether a hyperparameters.yaml of xser 0.1, whose references are resolved, means what the run is told.

    Every value, class and argument counts but where a pretrained model lies.
    """
    from hyperpyyaml import resolve_references

    then = {key: canonical(node) for key, node in read_nodes(path).items()}
    told = run.hyperparameters
    values = {**told.values, **{key: then[key] for key in WHERE_THE_MODEL_LIES if key in then}}
    text = dataclasses.replace(told, values=values).text({key: then[key] for key in told.run_keys if key in then})
    now = nodes_of(resolve_references(text).getvalue(), path)
    return {key: canonical(node) for key, node in now.items()} == then
