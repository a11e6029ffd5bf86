"""Stage 3: recognise the emotions of the target with every trained run, and print the table.

    python -m xser.evaluate --sources emodb,urdu --target cremad --system baseline2,proposed --seeds 0-4

Each run's folder gets ``predictions.csv``, a row an utterance, and ``run.json``, how they came about. Every figure of
the table is made from these files.
"""

import logging

from xser.command_line import run
from xser.errors import XserError
from xser.experiment import parse_experiment
from xser.files import only_writer, read_json
from xser.runs import plan_runs

logger = logging.getLogger(__name__)


def main(argv):
    """Evaluate what the experiment asks for; print and write its table."""
    experiment = parse_experiment("evaluate", argv)
    planned = plan_runs(experiment)
    _refuse_untrained(planned)
    for each in planned:
        _evaluate(each)
    from xser.evidence.predictions import read_run
    from xser.report import write_table

    folder = planned[0].results_folder
    print(write_table([read_run(each.folder) for each in planned], folder, "table"))
    logger.info("evaluate: %s/table.md, .csv, .json and .png", folder)


def _refuse_untrained(planned):
    untrained = [each for each in planned if not each.is_trained]
    if untrained:
        raise XserError(
            f"{len(untrained)} of {len(planned)} runs are not trained (first: {untrained[0].folder}): "
            "run stage 2 (train) first: add --stage 2"
        )


def _evaluate(planned):
    """Predict the rows that the run is reported on, unless they were predicted before."""
    rows = planned.read_evaluation_rows()
    info = planned.evaluated(read_json(planned.folder / "trained.json"))
    if _is_evaluated(planned.folder, info):
        return
    from xser.evidence.predictions import prediction_table, write_predictions, write_run
    from xser.model.training import predict

    scores = predict(planned.folder, rows, info["emotions"])
    with only_writer(planned.folder):
        (planned.folder / "run.json").unlink(missing_ok=True)
        write_predictions(planned.folder / "predictions.csv", prediction_table(rows, scores, info["emotions"]))
        write_run(planned.folder, info)


def _is_evaluated(folder, info):
    """Whether the run was evaluated on the very same target before, and its predictions are still whole."""
    from xser.evidence.predictions import read_run

    try:
        evaluated = read_run(folder)
        return not evaluated.predictions.empty and evaluated.info["fingerprints"] == info["fingerprints"]
    except XserError:
        return False


if __name__ == "__main__":
    run(main)
