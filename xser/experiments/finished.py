"""What a model's card and its temperature are made from: the runs that it holds, as they left their folders."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from xser.core.records import read_record
from xser.core.run_records import RUN, TRAINED, Calibration, RunRecord, TrainedRecord
from xser.evidence.figures.calibration import calibrate, calibration_of, told_by
from xser.evidence.figures.one_model import answering_together
from xser.evidence.figures.predictions import VALIDATION, read_predictions, read_run


@dataclass(frozen=True, eq=False)
class Finished:
    """A trained run.

    Attributes
    ----------
    record
        A `RunRecord` where it was evaluated.
    predictions
        Those that it is reported on; None where it was not evaluated.
    """

    folder: Path
    record: TrainedRecord
    predictions: pd.DataFrame | None


def read_finished(folder: Path) -> Finished:
    """Read what a run left.

    Raises
    ------
    XserError
        When it is not trained, or its files are damaged.
    """
    trained = read_record(folder / TRAINED, TrainedRecord, "give the folder of a trained run (below exp/runs)")
    if not (folder / RUN).is_file():
        return Finished(folder, trained, None)
    run = read_run(folder)
    predictions = run.predictions
    if trained.kind == "within":
        predictions = predictions[predictions["part"] == "test"].reset_index(drop=True)
    # What it learned from stands in trained.json; run.json adds the target to it.
    record: RunRecord = run.info.model_copy(update={"fingerprints": trained.fingerprints})
    return Finished(folder, record, None if predictions.empty else predictions)


def joint_calibration(runs: Sequence[Finished]) -> Calibration | None:
    """The calibration of a model made of some runs; None where it cannot be known.

    That of several is fitted on their joint answers, where all kept predictions on the same validation parts.
    """
    if len(runs) == 1:
        return calibration_of(runs[0].folder, runs[0].record)
    if not all((run.folder / VALIDATION).is_file() for run in runs):
        return None
    together = answering_together([read_predictions(run.folder / VALIDATION, run.record.emotions) for run in runs])
    return None if together is None else calibrate(told_by(together))


def joint_predictions(runs: Sequence[Finished]) -> pd.DataFrame | None:
    """Predictions of a model made of some runs on their target; None where they were not all evaluated on the same."""
    predictions = [run.predictions for run in runs if run.predictions is not None]
    if len(predictions) < len(runs) or len({run.record.target for run in runs}) > 1:
        return None
    return answering_together(predictions)
