"""Stage 2: train every system with every seed; what is finished is kept, what was interrupted goes on.

    python -m xser.train --corpus emodb --seed 3
    python -m xser.train --sources emodb,urdu --target cremad --system baseline2,proposed --seeds 0-4

Each run has a folder of its own below ``<work-dir>/runs/`` with its hyperparameters, log, checkpoints, the predictions
on the validation parts (``validation.csv``) and, last of all, ``trained.json``.
"""

import logging
import os

from xser.command_line import run
from xser.experiment import parse_experiment
from xser.files import only_writer, write_json
from xser.runs import plan_runs

logger = logging.getLogger(__name__)


def main(argv):
    """Train what the experiment asks for and is not trained yet."""
    experiment = parse_experiment("train", argv)
    planned = plan_runs(experiment)
    waiting = [each for each in planned if not each.is_trained]
    logger.info("train: %d runs, %d of them trained before", len(planned), len(planned) - len(waiting))
    if waiting:
        main_rank = _join_ranks()
    for number, each in enumerate(waiting, start=1):
        description = f"{number}/{len(waiting)} {each.name}"
        if main_rank:
            with only_writer(each.folder):
                _train(experiment, each, description)
        else:
            _train(experiment, each, description)


def _join_ranks():
    """Join the other ranks when torchrun started this process; tell whether this rank writes."""
    import xser.model  # noqa: F401  (before speechbrain: quietens its log)

    import speechbrain as sb  # isort: skip
    import torch

    if "LOCAL_RANK" in os.environ:
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        sb.utils.distributed.ddp_init_group({"distributed_backend": backend})
    return sb.utils.distributed.if_main_process()


def _train(experiment, planned, description):
    from speechbrain.utils.distributed import run_on_main

    from xser.model.training import TrainingData, train_run

    rows = planned.read_rows()
    masking = planned.masking()
    data = TrainingData(rows.learning, rows.selecting, experiment.scheme.emotions, frozenset(masking))
    hyperparameters = planned.hyperparameters(data.run_values(planned.seed))
    outcome = train_run(planned.folder, hyperparameters, data, planned.seed, description)
    run_on_main(_finish, args=[planned, data, rows.choosing, outcome, description])


def _finish(planned, data, choosing, outcome, description):
    """Keep the predictions on the validation parts, then say that the run is trained."""
    from xser.evidence.predictions import prediction_table, write_predictions
    from xser.model.brain import uar_by_language
    from xser.model.training import predict

    table = prediction_table(choosing, predict(planned.folder, choosing, data.emotions), data.emotions)
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
