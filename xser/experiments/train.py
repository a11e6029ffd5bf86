"""Stage 2: train every system with every seed; what is finished is kept, what was interrupted goes on.

    python -m xser.experiments.train --corpus emodb --seed 3
    python -m xser.experiments.train --sources emodb,urdu --target cremad --system baseline2,proposed --seeds 0-4

Each run has a folder of its own below ``<work-dir>/runs/`` with its hyperparameters, log, checkpoints, the predictions
on the validation parts (``validation.csv``) and, last of all, ``trained.json``. A training depends on nothing of the
target: what another task has trained on the same data in the same way is copied, not trained again.
"""

import contextlib
import logging
import os
import shutil

from xser.commands.command_line import run
from xser.core.files import only_writer, read_json, write_json
from xser.experiments.experiment import parse_experiment
from xser.experiments.runs import plan_runs

logger = logging.getLogger(__name__)

OF_ONE_TASK = (".lock", "trained.json", "predictions.csv", "run.json", "embeddings.npz")  # in a run's folder


def main(argv):
    """Train what the experiment asks for and is not trained yet."""
    experiment = parse_experiment("train", argv)
    planned = plan_runs(experiment)
    waiting = [each for each in planned if not each.is_trained]
    logger.info("train: %d runs, %d of them trained before", len(planned), len(planned) - len(waiting))
    if not waiting and "LOCAL_RANK" not in os.environ:
        return  # without a wait for torch
    if waiting and experiment.encoder_choice.note and os.environ.get("RANK", "0") == "0":
        logger.warning("warning: %s", experiment.encoder_choice.note)
    from speechbrain.utils.distributed import run_on_main

    from xser.model.gathering import join_ranks, leave_ranks, same_on_all_ranks

    main_rank = join_ranks(experiment.device)
    names = same_on_all_ranks([each.name for each in waiting])  # another launch may have finished one in between
    waiting = [each for each in planned if each.name in names]
    for number, each in enumerate(waiting, start=1):
        with only_writer(each.folder) if main_rank else contextlib.nullcontext():
            if same_on_all_ranks(each.is_trained):
                continue  # another launch has finished it while this one trained others
            elsewhere = same_on_all_ranks(each.trained_for_another_task())
            if elsewhere is not None:
                run_on_main(_take_over, args=[each, elsewhere])
                continue
            _train(experiment, each, f"{number}/{len(waiting)} {each.name}")
    leave_ranks()


def _train(experiment, planned, description):
    from speechbrain.utils.distributed import run_on_main

    from xser.model.training import TrainingData, predict, train_run

    rows = planned.read_rows()
    masking = planned.masking()
    data = TrainingData(rows.learning, rows.selecting, experiment.scheme.emotions, frozenset(masking))
    hyperparameters = planned.hyperparameters(data.run_values(planned.seed))
    outcome = train_run(planned.folder, hyperparameters, data, planned.seed, description, experiment.device)
    scores, _ = predict(planned.folder, rows.choosing, data.emotions, experiment.device, rows.recorded)
    run_on_main(_finish, args=[planned, data, rows.choosing, scores, outcome, description])


def _take_over(planned, elsewhere):
    """Copy a finished training of another task, `trained.json` last."""
    copied, checkpoints = planned.folder / "checkpoints.part", planned.folder / "checkpoints"
    for leftover in (copied, checkpoints):  # of a copy or a training that was cut short
        if leftover.exists():
            shutil.rmtree(leftover)
    shutil.copytree(elsewhere / "checkpoints", copied)
    copied.rename(checkpoints)
    for file in elsewhere.iterdir():
        if file.is_file() and file.name not in OF_ONE_TASK:
            shutil.copyfile(file, planned.folder / file.name)
    info = read_json(elsewhere / "trained.json")
    own = {**planned.description(), "versions": info["versions"], "trained_for": info["task"]}
    write_json(planned.folder / "trained.json", {**info, **own})
    logger.info("%s: the same as %s, copied", planned.name, elsewhere)


def _finish(planned, data, choosing, scores, outcome, description):
    """Keep the predictions on the validation parts, then say that the run is trained."""
    from xser.evidence.figures.predictions import prediction_table, write_predictions
    from xser.model.brain import uar_by_language

    table = prediction_table(choosing, scores, data.emotions)
    write_predictions(planned.folder / "validation.csv", table)
    by_utterance = table.set_index("utterance")
    validation = uar_by_language(by_utterance["emotion"], by_utterance["prediction"], by_utterance["language"])
    validation["mean"] = sum(validation.values()) / len(validation)
    information = {
        **planned.description(),
        **outcome,
        "validation": validation,
        "train_utterances": len(data.learning),
        "train_speakers": data.learning["speaker"].nunique(),
    }
    write_json(planned.folder / "trained.json", information)
    seconds = outcome["train_seconds"]
    logger.info(
        "%s: validation UAR %.1f %%, %d steps, %.0f s", description, 100 * validation["mean"], outcome["steps"], seconds
    )


if __name__ == "__main__":
    run(main)
