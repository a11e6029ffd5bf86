"""Every figure of a table with a row a task: scores, differences between systems, p-values, means over the tasks."""

from typing import NamedTuple

import numpy as np

from xser.evidence.figures.differences import Figure, difference_figure, mean_figure, uar_figure
from xser.evidence.figures.metrics import scores
from xser.evidence.figures.significance import holm, p_value
from xser.evidence.pages.sections import systems_of

# What is subtracted from what, where a table has both.
COMPARISONS = (
    ("proposed", "baseline2"),
    ("baseline2", "baseline1"),
    ("proposed", "no_supcon"),
    ("proposed", "no_adversary"),
)
# Keys that stand beside the names of tasks (which have no brackets): means over all tasks of a table, and over those
# that every system was run on.
MEAN, SHARED = "(mean)", "(mean of shared)"


class Score(NamedTuple):
    """A system on a task: UAR as a `Figure`, and macro-F1 in % of each seed (seeds,)."""

    uar: Figure
    macro_f1: np.ndarray


class Difference(NamedTuple):
    """A difference in UAR, in points, with two-sided p-values.

    Attributes
    ----------
    figure : Figure
    p, p_speakers : float
        Over utterances and over speakers; NaN where speakers are unknown or few.
    p_holm, p_speakers_holm : float
        Corrected over the tasks of the table; NaN for a mean, which is one test.
    """

    figure: Figure
    p: float
    p_speakers: float
    p_holm: float
    p_speakers_holm: float


class TaskFigures(NamedTuple):
    """The figures of a table on one part.

    Attributes
    ----------
    part : str
        ``whole`` or ``test``.
    scores : dict of str to dict of str to Score
        By system and task; under `MEAN` the mean over all tasks, where the system is there for all of them; under
        `SHARED` the mean over `shared`.
    differences : dict of (str, str) to dict of str to Difference
        By pair of systems and task, with the means likewise.
    shared : list of str
        The tasks that every system here was run on, where they are several and not all.
    """

    part: str
    scores: dict
    differences: dict
    shared: list


def task_figures(rows, part):
    """Compute the figures of a table.

    Parameters
    ----------
    rows : list of TaskRow
    part : str
        ``whole`` or ``test``.

    Returns
    -------
    TaskFigures
    """
    by_system = {}
    for name in systems_of(rows):
        there = {row.name: row.systems[name] for row in rows if name in row.systems and part in row.systems[name].parts}
        cells = {task: _score(system, part) for task, system in there.items()}
        if cells:
            by_system[name] = cells
    complete = [row.name for row in rows if all(row.name in cells for cells in by_system.values())]
    shared = complete if 1 < len(complete) < len(rows) else []
    for cells in by_system.values():
        tasks = list(cells.values())
        if len(tasks) == len(rows) > 1:
            cells[MEAN] = _mean(tasks)
        if shared:
            cells[SHARED] = _mean([cells[name] for name in shared])
    differences = {}
    for pair in COMPARISONS:
        better, worse = (by_system.get(name, {}) for name in pair)
        figures = {task: difference_figure(better[task].uar, worse[task].uar) for task in better if task in worse}
        if figures:
            differences[pair] = _with_p_values(figures)
    return TaskFigures(part, by_system, differences, shared)


def _score(system, part):
    outcomes = system.outcomes(part)
    names = np.array(system.emotions)
    reference = names[outcomes.reference]
    f1 = [scores(reference, names[column], system.emotions).macro_f1 for column in outcomes.predicted.T]
    return Score(uar_figure(system, part), 100 * np.array(f1))


def _mean(cells):
    f1 = [cell.macro_f1 for cell in cells]
    by_seed = len(set(map(len, f1))) == 1
    return Score(
        mean_figure([cell.uar for cell in cells]),
        np.mean(f1, axis=0) if by_seed else np.array([np.mean([one.mean() for one in f1])]),
    )


def _with_p_values(figures):
    tasks = [task for task in figures if task not in (MEAN, SHARED)]
    over_utterances = {task: p_value(figure.over_utterances) for task, figure in figures.items()}
    over_speakers = {task: p_value(figure.over_speakers) for task, figure in figures.items()}
    corrected, corrected_speakers = (
        dict(zip(tasks, holm([p[task] for task in tasks]), strict=True)) for p in (over_utterances, over_speakers)
    )
    nothing = float("nan")
    return {
        task: Difference(
            figure,
            over_utterances[task],
            over_speakers[task],
            corrected.get(task, nothing),
            corrected_speakers.get(task, nothing),
        )
        for task, figure in figures.items()
    }
