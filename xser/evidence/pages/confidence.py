"""How far confidence can be believed on the target: a table, and curves of risk by coverage as drawings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from xser.core.document import NOTHING, Cell, Table
from xser.evidence.figures.calibration import Rejection, rejections, risk_coverage
from xser.evidence.figures.pooled import Pooled
from xser.evidence.figures.scores import confidence_figures
from xser.evidence.pages.material import PART_TITLES
from xser.evidence.pages.wording import number

LEGEND = (
    "How sure: confidence is the highest probability after the temperature that was fitted on the sources' validation "
    "parts, never on the target. Calibration error: expected calibration error in %, 15 bins, before and after the "
    "temperature. Risk by coverage: mean share of wrong answers in % when only the surest are given, over all shares. "
    "Below a threshold an answer is rejected: the share that is, and the UAR of the others."
)
THRESHOLDS = (0.5, 0.7, 0.9)
COVERAGES = np.arange(1, 101) / 100
WIDTH, HEIGHT, LEFT, BELOW = 300, 150, 40, 34  # of a drawing, and its margins, in its own units


def confidence_table(systems: Iterable[Pooled]) -> Table:
    """A row for each task and system, figures averaged over seeds."""
    header = ["task", "system", "on", "calibration error", "after", "risk by coverage"]
    header += [f"below {threshold}" for threshold in THRESHOLDS]
    rows: list[list[Cell | str]] = []
    for system in systems:
        outcomes = system.outcomes(system.parts[0])
        figures = confidence_figures(outcomes)
        after = figures["ece_calibrated"]
        row: list[Cell | str] = [system.named_task or system.setting.task, system.label, PART_TITLES[system.parts[0]]]
        row += [number(figures["ece"]), NOTHING if np.isnan(after) else number(after), number(figures["aurc"])]
        rows.append([*row, *_rejected(system)])
    return Table(header, rows, "How sure", "confidence", align="lll" + "r" * (len(header) - 3))


def _rejected(system: Pooled) -> list[Cell]:
    outcomes = system.outcomes(system.parts[0])
    by_seed = [
        rejections(confidence, predicted == outcomes.reference, outcomes.reference, THRESHOLDS)
        for confidence, predicted in zip(outcomes.sureness.T, outcomes.predicted.T, strict=True)
    ]
    return [_cell(of_threshold, len(set(outcomes.reference))) for of_threshold in zip(*by_seed, strict=True)]


def _cell(of_threshold: Sequence[Rejection], classes: int) -> Cell:
    """What a threshold does with each seed; a UAR over fewer emotions than there are says so."""
    rejected = f"{number(100 * float(np.mean([each.rejected for each in of_threshold])))} %"
    fewest = min(each.classes for each in of_threshold)
    if fewest == 0:
        return Cell(rejected, ["none left"])
    fewer = "" if fewest == classes else f" ({fewest} of {classes} emotions)"
    return Cell(rejected, [f"UAR {number(100 * float(np.mean([each.uar for each in of_threshold])))}{fewer}"])


@dataclass(frozen=True)
class Curve:
    """A curve of risk by coverage as a drawing.

    Attributes
    ----------
    path
        Of an SVG.
    """

    path: str
    caption: str


def risk_curve(system: Pooled) -> Curve:
    """Risk by coverage of a system, the mean over its seeds, on the whole target where it was evaluated on it."""
    outcomes = system.outcomes(system.parts[0])
    risks = []
    for confidence, predicted in zip(outcomes.sureness.T, outcomes.predicted.T, strict=True):
        curve = risk_coverage(confidence, predicted == outcomes.reference)
        risks.append(curve.risk[np.searchsorted(curve.coverage, COVERAGES - 1e-9)])
    risk = np.mean(risks, axis=0)
    points = [f"{LEFT + WIDTH * c:.0f} {HEIGHT * (1 - r):.1f}" for c, r in zip(COVERAGES, risk, strict=True)]
    told = ", ".join(f"{100 * risk[at - 1]:.0f} % of the surest {at} %" for at in (25, 50, 75))
    caption = f"{PART_TITLES[system.parts[0]]}: wrong are {told}, {100 * risk[-1]:.0f} % of all."
    return Curve("M" + "L".join(points), caption)
