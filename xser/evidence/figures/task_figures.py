"""Every figure of a table with a row a task: scores, differences between systems, p-values, means over the tasks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from xser.evidence.figures.differences import Figure, difference_figure, mean_figure, uar_figure
from xser.evidence.figures.metrics import scores
from xser.evidence.figures.pooled import Part, Pooled, comparisons, systems_in_order
from xser.evidence.figures.sections import TaskRow
from xser.evidence.figures.significance import holm, p_value

# Keys that stand beside the names of tasks (which have no brackets): means over all tasks of a table, and over those
# that every system was run on.
MEAN, SHARED = "(mean)", "(mean of shared)"


class Score(NamedTuple):
    """A system on a task: UAR, and macro-F1 in % of each seed (seeds,)."""

    uar: Figure
    macro_f1: np.ndarray


class Difference(NamedTuple):
    """A difference in UAR, in points, with two-sided p-values.

    Attributes
    ----------
    p, p_speakers
        Over utterances and over speakers; NaN where speakers are unknown or few.
    p_holm, p_speakers_holm
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
    scores
        By system and task; under `MEAN` the mean over all tasks, where the system is there for all of them; under
        `SHARED` the mean over `shared`.
    differences
        By pair of systems and task, with the means likewise.
    shared
        The tasks that every system here was run on, where they are several and not all.
    """

    part: Part
    scores: dict[str, dict[str, Score]]
    differences: dict[tuple[str, str], dict[str, Difference]]
    shared: list[str]

    def name_of(self, key: str) -> str:
        """A task's name, or what a mean is called."""
        return {MEAN: "mean", SHARED: f"mean of {len(self.shared)}"}.get(key, key)


def task_figures(rows: Sequence[TaskRow], part: Part) -> TaskFigures:
    """Compute the figures of a table on ``whole`` or ``test``."""
    pooled = [system for row in rows for system in row.systems.values()]
    by_system: dict[str, dict[str, Score]] = {}
    for name in systems_in_order(pooled):
        there = {row.name: row.systems[name] for row in rows if name in row.systems and part in row.systems[name].parts}
        if there:
            by_system[name] = {task: _score(system, part) for task, system in there.items()}
    complete = [row.name for row in rows if all(row.name in of_tasks for of_tasks in by_system.values())]
    shared = complete if 1 < len(complete) < len(rows) else []
    for of_tasks in by_system.values():
        tasks = list(of_tasks.values())
        if len(tasks) == len(rows) > 1:
            of_tasks[MEAN] = _mean(tasks)
        if shared:
            of_tasks[SHARED] = _mean([of_tasks[name] for name in shared])
    return TaskFigures(part, by_system, _differences(by_system, comparisons(pooled)), shared)


def _differences(
    by_system: Mapping[str, Mapping[str, Score]], pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Difference]]:
    differences = {}
    for pair in pairs:
        better, worse = (by_system.get(name, {}) for name in pair)
        figures = {task: difference_figure(better[task].uar, worse[task].uar) for task in better if task in worse}
        if figures:
            differences[pair] = _with_p_values(figures)
    return differences


def _score(system: Pooled, part: Part) -> Score:
    outcomes = system.outcomes(part)
    names = np.array(system.emotions)
    reference = names[outcomes.reference]
    f1 = [scores(reference, names[column], system.emotions).macro_f1 for column in outcomes.predicted.T]
    return Score(uar_figure(system, part), 100 * np.array(f1))


def _mean(each: Sequence[Score]) -> Score:
    f1 = [one.macro_f1 for one in each]
    by_seed = len(set(map(len, f1))) == 1
    return Score(
        mean_figure([one.uar for one in each]),
        np.mean(f1, axis=0) if by_seed else np.array([np.mean([one.mean() for one in f1])]),
    )


def _with_p_values(figures: Mapping[str, Figure]) -> dict[str, Difference]:
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
