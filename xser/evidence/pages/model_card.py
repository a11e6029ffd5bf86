"""What a model's card tells of its evaluation and of how sure it is."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from xser.core.document import NOTHING, Block, Cell, Paragraph, Table
from xser.core.run_records import Calibration
from xser.corpora.description.languages import is_language, language_name
from xser.evidence.figures.calibration import calibration_error, confidences, rejections, risk_coverage, told_by
from xser.evidence.figures.one_model import PartFigures, part_figures
from xser.evidence.figures.pooled import Part
from xser.evidence.pages.confidence import THRESHOLDS
from xser.evidence.pages.material import PART_TITLES
from xser.evidence.pages.wording import angles, bounds, number


def figures_by_part(predictions: pd.DataFrame, emotions: Sequence[str], target: str) -> dict[Part, PartFigures]:
    """Figures on the whole target, and on its test part where it has one."""
    in_test = predictions[predictions["part"] == "test"]
    parts: dict[Part, pd.DataFrame] = {"whole": predictions} if len(in_test) < len(predictions) else {}
    parts |= {"test": in_test} if len(in_test) else {}
    return {part: part_figures(rows, emotions, target, part) for part, rows in parts.items()}


def evaluation_table(figures: Mapping[Part, PartFigures], emotions: Sequence[str]) -> Table:
    """UAR with its intervals, and the recall of each emotion, a row a part."""
    header = ["evaluated on", "n (speakers)", "UAR", "over utterances", "over speakers", "macro-F1", *emotions]
    rows = []
    for part, of_part in figures.items():
        row: list[Cell | str] = [PART_TITLES[part], f"{of_part.utterances} ({of_part.speakers or NOTHING})"]
        row.append(Cell(number(100 * of_part.scores.uar), style="strong"))
        low, high = of_part.speakers_interval
        row += [
            bounds(*(100 * end for end in of_part.interval)),
            NOTHING if np.isnan(low) else angles(100 * low, 100 * high),
            number(100 * of_part.scores.macro_f1),
        ]
        rows.append([*row, *(number(100 * recall) for recall in of_part.scores.recalls)])
    return Table(header, rows)


def sureness_blocks(
    calibration: Calibration | None, temperature: float, predictions: pd.DataFrame | None, target: str
) -> list[Block]:
    """How the confidence came about, what it is worth on languages left out and on the target, what rejecting does."""
    if calibration is None:
        why = (
            "its runs kept no common predictions on their validation parts" if temperature != 1 else "nothing was kept"
        )
        blocks: list[Block] = [Paragraph(f"Temperature {temperature:.3g}; it was not checked: {why}.")]
    else:
        blocks = [
            Paragraph(
                f"`confidence` is the highest probability after a temperature of {calibration.temperature:.3g}, fitted "
                "on the validation parts of the languages that it was trained on, every language weighing the same."
            )
        ]
    if calibration and calibration.held_out:
        blocks += [
            Paragraph(
                "Each of these languages was left out in turn when a temperature was fitted. The model had been "
                "trained on it, so for a language never heard these figures are too good."
            ),
            _held_out_table(calibration),
        ]
    if predictions is not None:
        blocks += _on_target(predictions, temperature, target)
    return blocks


def _held_out_table(calibration: Calibration) -> Table:
    header = ["left out", "calibration error %", "after", "negative log-likelihood", "after"]
    rows = [
        [
            language_name(language) if is_language(language) else language,
            number(100 * each.ece_before),
            number(100 * each.ece_after),
            f"{each.nll_before:.3f}",
            f"{each.nll_after:.3f}",
        ]
        for language, each in calibration.held_out.items()
    ]
    return Table(header, rows)


def _on_target(predictions: pd.DataFrame, temperature: float, target: str) -> list[Block]:
    told = told_by(predictions)
    before = calibration_error(*confidences(told))
    confidence, right = confidences(told, temperature)
    after, area = calibration_error(confidence, right), risk_coverage(confidence, right).area
    rows = [
        [f"{each.threshold:.1f}", number(100 * each.rejected), uar_left(each.uar, each.classes)]
        for each in rejections(confidence, right, told.reference, THRESHOLDS)
    ]
    line = (
        f"On {target}, which no temperature was fitted on: expected calibration error {100 * before:.1f} % before and "
        f"{100 * after:.1f} % after the temperature, area under the curve of risk by coverage {100 * area:.1f} % (with "
        f"no order at all {100 * (1 - right.mean()):.1f} %)."
    )
    return [Paragraph(line), Table(["`--reject-below`", "rejected %", "UAR of the others %"], rows)]


def uar_left(uar: float, classes: int) -> str:
    """UAR of what is not rejected; where emotions are missing there, how many are left.

    Examples
    --------
    >>> uar_left(0.75, 4), uar_left(float("nan"), 0)
    ('75.0 (4 emotions)', '–')
    """
    return f"{100 * uar:.1f} ({classes} emotions)" if classes else NOTHING
