"""Stage 2: train every system with every seed; what is finished is kept, what was interrupted goes on.

Each run has a folder of its own below ``<work-dir>/runs/`` with its hyperparameters, log, checkpoints, the predictions
on the validation parts (``validation.csv``) and, last of all, ``trained.json``. A training depends on nothing of the
target: what another task has trained on the same data in the same way is copied, not trained again.
"""

import contextlib
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xser.core.digests import digests_of, sealed
from xser.core.files import only_writer, write_json
from xser.core.records import check_record
from xser.core.run_records import RUN, TRAINED, TrainedRecord, damage, read_trained
from xser.experiments.earlier_runs import trained_elsewhere
from xser.experiments.experiment import Experiment
from xser.experiments.run_description import describe_training_of
from xser.experiments.runs import Run, plan_runs

logger = logging.getLogger(__name__)

OF_ONE_TASK = (".lock", TRAINED, "predictions.csv", RUN, "embeddings.npz")  # in a run's folder
LOG = "train_log.txt"


def train(experiment: Experiment) -> None:
    """Train what the experiment asks for and is not trained yet.

    Raises
    ------
    XserError
        When a manifest is missing, an emotion occurs in no training row, or the device cannot do what is asked.
    """
    runs = plan_runs(experiment)
    waiting = [run for run in runs if not _is_finished(run)]
    logger.info("  %d runs, %d of them trained before", len(runs), len(runs) - len(waiting))
    if not waiting and "LOCAL_RANK" not in os.environ:
        return  # without a wait for torch
    if waiting and experiment.encoder.note and os.environ.get("RANK", "0") == "0":
        logger.warning("warning: %s", experiment.encoder.note)
    from speechbrain.utils.distributed import run_on_main

    from xser.model.gathering import join_ranks, leave_ranks, same_on_all_ranks

    main_rank = join_ranks(experiment.device)
    names = same_on_all_ranks([run.name for run in waiting])  # another launch may have finished one in between
    waiting = [run for run in runs if run.name in names]
    for number, run in enumerate(waiting, start=1):
        with only_writer(run.folder) if main_rank else contextlib.nullcontext():
            if same_on_all_ranks(_is_finished(run)):
                continue  # another launch has finished it while this one trained others
            run_on_main(_forget_damaged, args=[run])
            elsewhere = same_on_all_ranks(trained_elsewhere(run))
            if elsewhere is not None:
                run_on_main(_take_over, args=[run, elsewhere])
                continue
            _train(run, f"{number}/{len(waiting)} {run.name}")
    leave_ranks()


def _is_finished(run: Run) -> bool:
    """Whether a run is trained. One that is evaluated as well is not looked at: nothing is predicted with it again."""
    return run.is_trained and ((run.folder / RUN).is_file() or not damage(run.folder))


def _forget_damaged(run: Run) -> None:
    """Let a training whose files are damaged begin anew: of several checkpoints the best one may be lost."""
    if not run.is_trained:
        return
    logger.warning("warning: %s is trained anew: %s", run.name, damage(run.folder).rpartition(": run stage")[0])
    for name in (TRAINED, RUN):
        (run.folder / name).unlink(missing_ok=True)
    shutil.rmtree(run.folder / "checkpoints", ignore_errors=True)


def _train(run: Run, description: str) -> None:
    from speechbrain.utils.distributed import run_on_main

    from xser.model.prediction import load_trained
    from xser.model.training import TrainingData, train_run

    device = run.experiment.device
    rows = run.read_rows()
    data = TrainingData(rows.learning, rows.selecting, run.experiment.scheme.emotions, run.masked_corpora())
    hyperparameters = run.hyperparameters.text(data.run_values(run.seed))
    folders = run.prepared_folders()
    outcome = train_run(run.folder, hyperparameters, data, description, device, folders)
    model = load_trained(run.folder, device=device, hyperparameters=hyperparameters)
    scores, _ = model.predict(rows.choosing, rows.recorded, folders)
    run_on_main(_finish, args=[run, data, rows.choosing, scores, outcome, description])


def _take_over(run: Run, elsewhere: Path) -> None:
    """Copy a finished training of another folder, `trained.json` last."""
    copied, checkpoints = run.folder / "checkpoints.part", run.folder / "checkpoints"
    for leftover in (copied, checkpoints):  # of a copy or a training that was cut short
        if leftover.exists():
            shutil.rmtree(leftover)
    shutil.copytree(elsewhere / "checkpoints", copied)
    copied.rename(checkpoints)
    for file in elsewhere.iterdir():
        if file.is_file() and file.name not in OF_ONE_TASK:
            shutil.copyfile(file, run.folder / file.name)
    info = read_trained(elsewhere)
    own = {**describe_training_of(run), "versions": info["versions"], "trained_for": info["task"]}
    _write(run, {**info, **own})
    logger.info("  %s: the same as %s, copied", run.name, elsewhere)


def _finish(
    run: Run, data: Any, choosing: pd.DataFrame, scores: np.ndarray, outcome: dict[str, Any], description: str
) -> None:
    """Keep the predictions on the validation parts, then say that the run is trained."""
    from xser.evidence.figures.calibration import calibrate, told_by
    from xser.evidence.figures.predictions import prediction_table, read_predictions, write_predictions
    from xser.model.brain import uar_by_language

    table = prediction_table(choosing, scores, data.emotions)
    write_predictions(run.folder / "validation.csv", table)
    calibration = calibrate(told_by(read_predictions(run.folder / "validation.csv", data.emotions)))
    by_utterance = table.set_index("utterance")
    validation = uar_by_language(by_utterance["emotion"], by_utterance["prediction"], by_utterance["language"])
    validation["mean"] = sum(validation.values()) / len(validation)
    information = {
        **describe_training_of(run),
        **outcome,
        "validation": validation,
        "calibration": calibration.model_dump(mode="json"),
        "train_utterances": len(data.learning),
        "train_speakers": data.learning["speaker"].nunique(),
    }
    _write(run, information)
    uar, steps, seconds = 100 * validation["mean"], outcome["steps"], outcome["train_seconds"]
    logger.info("  %s: validation UAR %.1f %%, %d steps, %.0f s", description, uar, steps, seconds)


def _write(run: Run, information: dict[str, Any]) -> None:
    """Write trained.json, after a check that every later reader understands it, with digests of the run's files."""
    decide = [path for path in run.folder.rglob("*") if path.is_file() and _decides(path.relative_to(run.folder))]
    information = {**information, "trained_files": digests_of(run.folder, decide)}
    check_record(TrainedRecord, information, run.folder / TRAINED)
    write_json(run.folder / TRAINED, sealed(information))


def _decides(path: Path) -> bool:
    """Whether a file of a run decides what it predicts."""
    is_leftover = any(part.startswith(".") for part in path.parts)
    return not is_leftover and path.name not in (*OF_ONE_TASK, LOG)
