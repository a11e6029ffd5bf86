"""Stage 3: recognise the emotions of the target with every trained run, and print the table.

Each run's folder gets ``predictions.csv``, a row an utterance, and ``run.json``, how they came about. Every figure of
the table is made from these files. Zero-shot, it gets ``embeddings.npz`` as well, for pictures. Several ranks share the
work.
"""

import contextlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xser.audit.gate import findings_to_repeat
from xser.core.errors import XserError
from xser.core.files import only_writer
from xser.core.run_records import RUN, read_trained, refuse_damaged
from xser.experiments.earlier_runs import trained_on_another_encoder
from xser.experiments.experiment import Experiment
from xser.experiments.run_description import describe_evaluation_of, read_evaluated
from xser.experiments.runs import Run, plan_runs
from xser.experiments.workspace import Workspace

logger = logging.getLogger(__name__)


def evaluate(experiment: Experiment) -> None:
    """Evaluate what the experiment asks for; print and write its table.

    Raises
    ------
    XserError
        When a run is not trained, or the target has nothing to recognise.
    """
    runs = plan_runs(experiment)
    _refuse_untrained(runs)
    if not _evaluate_all(runs, experiment.device):
        return
    from xser.evidence.pages.report import write_table

    folder = Workspace(experiment).results_folder
    print(write_table([read_evaluated(run) for run in runs], folder, "table"))
    pictured = ", .json and .png" if (folder / "table.png").is_file() else " and .json"
    logger.info("written: %s/table.md, .csv%s", folder, pictured)


def _evaluate_all(runs: Sequence[Run], device: str) -> bool:
    """Evaluate every run, with the other ranks where there are some; whether this is the rank that writes."""
    if "LOCAL_RANK" not in os.environ:
        for run in runs:
            _evaluate(run)
        return True  # without a wait for torch where all was evaluated before
    from xser.model.gathering import join_ranks, leave_ranks

    main_rank = join_ranks(device)
    for run in runs:
        _evaluate(run)
    leave_ranks()
    return main_rank


def _refuse_untrained(runs: Sequence[Run]) -> None:
    untrained = [run for run in runs if not run.is_trained]
    if not untrained:
        return
    first = untrained[0]
    before = trained_on_another_encoder(first)
    if before is not None:
        raise XserError(
            f"{before} was trained with other weights or settings of {first.experiment.encoder.source}: give the "
            "encoder as it was, or run stage 2 (train) again: add --stage 2"
        )
    raise XserError(
        f"{len(untrained)} of {len(runs)} runs are not trained (first: {first.folder}): "
        "run stage 2 (train) first: add --stage 2"
    )


def _evaluate(run: Run) -> None:
    """Predict the rows that the run is reported on, unless they were predicted before."""
    if "LOCAL_RANK" not in os.environ and is_evaluated(run):
        return  # without a wait for torch
    from xser.model.gathering import same_on_all_ranks, this_rank

    with only_writer(run.folder) if this_rank() == 0 else contextlib.nullcontext():
        if not same_on_all_ranks(is_evaluated(run)):
            _predict(run)


def _predict(run: Run) -> None:
    from xser.evidence.figures.embeddings import rows_to_picture
    from xser.model.gathering import this_rank

    rows = run.read_evaluation_rows()
    try:
        trained = refuse_damaged(run.folder)
    except XserError:
        (run.folder / RUN).unlink(missing_ok=True)  # stage 2 looks at no run that is evaluated
        raise
    info = describe_evaluation_of(run, trained)
    info["allowed"], info["warnings"] = _found_by_the_audit(run)
    model = _load(run)
    target = run.experiment.task.target
    folders = run.prepared_folders(*[target] if target else [])
    scores, embeddings = model.predict(rows, run.read_recorded(), folders)
    pictured = None
    if run.experiment.is_zero_shot:
        seen = run.read_rows()
        sources = rows_to_picture(seen.choosing)
        _, of_sources = model.predict(sources, seen.recorded, folders)
        pictured = _pictured(rows, embeddings, sources, of_sources)
    if this_rank() == 0:
        _write(run.folder, rows, scores, pictured, info)


def _load(run: Run) -> Any:
    """The trained model; one with parts of the user's own is built from the files of hparams that the user named."""
    from xser.model.network_description import UnknownPart, run_values
    from xser.model.prediction import load_trained

    where, device = run.experiment.encoder.settings, run.experiment.device
    try:
        return load_trained(run.folder, where, device)
    except UnknownPart:
        file = run.folder / "hyperparameters.yaml"
        values = run_values(file.read_text(encoding="utf-8"), file)
        return load_trained(run.folder, where, device, run.hyperparameters.text(values))


def _found_by_the_audit(run: Run) -> tuple[list[str], list[str]]:
    """What stage 1 found severe in what a run is reported on and was allowed to go on with, and what it warned of."""
    task = run.experiment.task
    files = {str(selection): run.manifest(selection).folder.name for selection in task.selections}
    sources = {str(source): files[str(source)] for source in task.sources}
    target = (str(task.target), files[str(task.target)]) if task.target is not None else None
    return findings_to_repeat(sources, target, run.system.trained_on, run.experiment.work_dir)


def _pictured(
    rows: pd.DataFrame, embeddings: np.ndarray, sources: pd.DataFrame, of_sources: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows and embeddings of validation utterances of the sources and of some of the target's `rows`."""
    from xser.evidence.figures.embeddings import rows_to_picture

    target = rows_to_picture(rows)
    at = pd.Series(range(len(rows)), index=rows["utterance"])[target["utterance"]]
    both = pd.concat([sources.assign(part="source"), target.assign(part="target")], ignore_index=True)
    return both, np.concatenate([of_sources, embeddings[at]])


def _write(
    folder: Path,
    rows: pd.DataFrame,
    scores: np.ndarray,
    pictured: tuple[pd.DataFrame, np.ndarray] | None,
    info: dict[str, Any],
) -> None:
    from xser.evidence.figures.embeddings import write_embeddings
    from xser.evidence.figures.predictions import prediction_table, write_predictions, write_run

    (folder / "run.json").unlink(missing_ok=True)
    write_predictions(folder / "predictions.csv", prediction_table(rows, scores, info["emotions"]))
    if pictured is not None:
        write_embeddings(folder / "embeddings.npz", *pictured)
    write_run(folder, info)


def is_evaluated(run: Run) -> bool:
    """Whether a run is trained, was evaluated on the very same target, and its predictions are still whole."""
    from xser.evidence.figures.predictions import read_run

    if not run.is_trained:
        return False
    try:
        info = describe_evaluation_of(run, read_trained(run.folder))
        evaluated = read_run(run.folder)
        return not evaluated.predictions.empty and evaluated.info.fingerprints == info["fingerprints"]
    except XserError:  # not evaluated, or its files are damaged: it is evaluated anew
        return False
