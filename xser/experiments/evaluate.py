"""Stage 3: recognise the emotions of the target with every trained run, and print the table.

    python -m xser.experiments.evaluate --sources emodb,urdu --target cremad --system baseline2,proposed --seeds 0-4

Each run's folder gets ``predictions.csv``, a row an utterance, and ``run.json``, how they came about. Every figure of
the table is made from these files. Zero-shot, it gets ``embeddings.npz`` as well, for pictures. Several ranks share the
work.
"""

import contextlib
import logging
import os

import numpy as np
import pandas as pd

from xser.audit.gate import kept_severe
from xser.commands.command_line import run
from xser.core.errors import XserError
from xser.core.files import only_writer, read_json
from xser.experiments.experiment import parse_experiment
from xser.experiments.runs import plan_runs

logger = logging.getLogger(__name__)


def main(argv):
    """Evaluate what the experiment asks for; print and write its table."""
    experiment = parse_experiment("evaluate", argv)
    planned = plan_runs(experiment)
    _refuse_untrained(planned)
    if not _evaluate_all(planned, experiment.device):
        return
    from xser.commands.report import write_table
    from xser.evidence.figures.predictions import read_run

    folder = planned[0].results_folder
    print(write_table([read_run(each.folder) for each in planned], folder, "table"))
    logger.info("evaluate: %s/table.md, .csv, .json and .png", folder)


def _evaluate_all(planned, device):
    """Evaluate every run, with the other ranks where there are some; whether this is the rank that writes."""
    if "LOCAL_RANK" not in os.environ:
        for each in planned:
            _evaluate(each)
        return True  # without a wait for torch where all was evaluated before
    from xser.model.gathering import join_ranks, leave_ranks

    main_rank = join_ranks(device)
    for each in planned:
        _evaluate(each)
    leave_ranks()
    return main_rank


def _refuse_untrained(planned):
    untrained = [each for each in planned if not each.is_trained]
    if untrained:
        before, encoder = untrained[0].trained_on_another_encoder(), untrained[0].experiment.encoder_choice.source
        if before is not None:
            raise XserError(
                f"{before} was trained with other weights or settings of {encoder}: give the encoder as it was, or run "
                "stage 2 (train) again: add --stage 2"
            )
        raise XserError(
            f"{len(untrained)} of {len(planned)} runs are not trained (first: {untrained[0].folder}): "
            "run stage 2 (train) first: add --stage 2"
        )


def _evaluate(planned):
    """Predict the rows that the run is reported on, unless they were predicted before."""
    if "LOCAL_RANK" not in os.environ and is_evaluated(planned):
        return  # without a wait for torch
    from xser.model.gathering import same_on_all_ranks, this_rank

    with only_writer(planned.folder) if this_rank() == 0 else contextlib.nullcontext():
        if not same_on_all_ranks(is_evaluated(planned)):
            _predict(planned)


def _predict(planned):
    from speechbrain.utils.distributed import run_on_main

    from xser.model.gathering import this_rank
    from xser.model.training import predict

    run_on_main(planned.place_encoder)
    rows = planned.read_evaluation_rows()
    info = planned.evaluated(read_json(planned.folder / "trained.json"))
    info["allowed"] = kept_severe(planned.experiment, planned.system)
    device, recorded = planned.experiment.device, planned.read_recorded()
    scores, embeddings = predict(planned.folder, rows, info["emotions"], device, recorded)
    pictured = None
    if planned.experiment.kind == "zero_shot":
        pictured = _pictured(planned, rows, embeddings, info["emotions"])
    if this_rank() == 0:
        _write(planned.folder, rows, scores, pictured, info)


def _pictured(planned, rows, embeddings, emotions):
    """Rows and embeddings of some validation utterances of the sources and some of the target's."""
    from xser.evidence.figures.embeddings import rows_to_picture
    from xser.model.training import predict

    seen = planned.read_rows()
    sources = rows_to_picture(seen.choosing)
    _, of_sources = predict(planned.folder, sources, emotions, planned.experiment.device, seen.recorded)
    target = rows_to_picture(rows)
    at = pd.Series(range(len(rows)), index=rows["utterance"])[target["utterance"]]
    both = pd.concat([sources.assign(part="source"), target.assign(part="target")], ignore_index=True)
    return both, np.concatenate([of_sources, embeddings[at]])


def _write(folder, rows, scores, pictured, info):
    from xser.evidence.figures.embeddings import write_embeddings
    from xser.evidence.figures.predictions import prediction_table, write_predictions, write_run

    (folder / "run.json").unlink(missing_ok=True)
    write_predictions(folder / "predictions.csv", prediction_table(rows, scores, info["emotions"]))
    if pictured is not None:
        write_embeddings(folder / "embeddings.npz", *pictured)
    write_run(folder, info)


def is_evaluated(planned):
    """Whether a run is trained, was evaluated on the very same target, and its predictions are still whole."""
    from xser.evidence.figures.predictions import read_run

    if not planned.is_trained:
        return False
    info = planned.evaluated(read_json(planned.folder / "trained.json"))
    try:
        evaluated = read_run(planned.folder)
        return not evaluated.predictions.empty and evaluated.info["fingerprints"] == info["fingerprints"]
    except XserError:
        return False


if __name__ == "__main__":
    run(main)
