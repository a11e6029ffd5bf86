"""Tables with a row a task, ours beside the published figures: what stands in each cell, whatever the form."""

from typing import NamedTuple

import numpy as np

from xser.evidence.figures.intervals import FEWEST_SPEAKERS, RESAMPLES
from xser.evidence.figures.published import PublishedTask, published_interval
from xser.evidence.figures.task_figures import MEAN, SHARED, task_figures
from xser.evidence.pages.sections import missing, obstacles, systems_of
from xser.evidence.pages.tables import bounds, number, signed

NOTHING = "–"

LEGEND = (
    "UAR in % (mean recall over the emotions that occur): the mean over seeds ± the standard deviation over seeds, in "
    "[brackets] the 95 % interval over utterances and in ⟨angles⟩ that over speakers, both by percentile bootstrap "
    f"({RESAMPLES} resamples, each serving all systems, seeds and tasks of a target). Neither covers other seeds.",
    "Few utterances give wide intervals, and the ones here are a little too narrow: in simulations they hold the truth "
    "92 times in 100 with 38 utterances, 94 with 150 and more; over speakers 89 times with ten speakers, 84 with five "
    f"(no interval with fewer than {FEWEST_SPEAKERS}).",
    "A p-value is two-sided and from the same paired resamples as the interval of its difference: min(1, 2 (1 + the "
    "smaller of the numbers of resamples at or below and at or above zero) / (resamples + 1)). Those of the tasks are "
    "corrected by Holm's method over the tasks of their column; that of the mean is a single test. Bold: below 0.05 "
    "over utterances. Before the correction, equally good systems get there in 5 or 6 of 100 cases with 150 utterances "
    "and more, in 6 to 8 with 38; over speakers in 5 with 91 speakers, 7 with 24, 9 with ten and 13 with five. Where "
    "systems suit other speakers, only the p-value over speakers says something about new ones.",
    f"{NOTHING} stands for what is not there: not run, not published, or not known.",
)
PUBLISHED_LEGEND = (
    "The interval of a published figure is Wilson's for a share of as many independent utterances as the test part "
    "has: all that can be said from outside, and the least: with other seeds and speakers a figure varies as well. "
    "Published figures and ours are not paired, so no p-value is given between them."
)


class Cell(NamedTuple):
    """A cell: the figure, what stands beside it in smaller type, and its kind.

    ``kind`` is ``""`` (a figure of ours, in bold), ``plain``, ``name`` (of a row), ``published`` or ``aside``
    (published, and not the same test).
    """

    main: str
    beside: tuple = ()
    kind: str = ""


class TextTable(NamedTuple):
    """A table as it is read.

    Attributes
    ----------
    name : str
        Unique within a group, for anchors and labels.
    title : str
    header : list of str
    rows : list of list of Cell
    """

    name: str
    title: str
    header: list
    rows: list


class TableGroup(NamedTuple):
    """All tables of the same tasks.

    Attributes
    ----------
    rows : list of TaskRow
    figures : dict of str to TaskFigures
        By part.
    against : list of str
        Why the published figures are another test; empty where they are not, or there are none.
    missing : list of str
        What a full table would need, and which tasks a mean of fewer is over.
    tables : list of TextTable
    published_mean : PublishedTask or None
        Where the rows are those of a published table.
    """

    rows: list
    figures: dict
    against: list
    missing: list
    tables: list
    published_mean: object


def table_group(section, rows, published=None):
    """Make the tables of some tasks.

    Parameters
    ----------
    section : Section
    rows : list of TaskRow
    published : Published, optional
        Used where the rows are its tasks.

    Returns
    -------
    TableGroup
    """
    published = published if rows[0].published else None
    parts = {part for row in rows for system in row.systems.values() for part in system.parts}
    figures = {part: task_figures(rows, part) for part in ("test", "whole") if part in parts}
    against = obstacles(section, rows, published) if published else []
    expected = [*dict.fromkeys([*published.systems, *published.mean.uar])] if published else systems_of(rows)
    context = _Context(rows, published, "aside" if against else "published")
    tables = [table for of_part in figures.values() for table in _score_tables(context, of_part)]
    tables += [table for of_part in figures.values() for table in _difference_table(context, of_part)]
    mean = published.mean if published else None
    lacking = missing(rows, expected)
    for part, of_part in figures.items():
        if of_part.shared:
            names = ", ".join(of_part.shared)
            lacking.append(f"The mean of {len(of_part.shared)} on the {_PART_TITLES[part]} is over {names}")
    return TableGroup(rows, figures, against, lacking, tables, mean)


class _Context(NamedTuple):
    rows: list
    published: object
    kind: str


class _Line(NamedTuple):
    """A row of a table: its key among the figures, how it is called, its task, what is published of it."""

    key: str
    name: Cell
    row: object
    published: object


def _lines(context, figures):
    """The tasks, then the means that there are."""
    lines = [_Line(row.name, _task_cell(row), row, row.published) for row in context.rows]
    if figures.shared:
        name = Cell(f"mean of {len(figures.shared)}", (), "name")
        lines.append(_Line(SHARED, name, None, _mean_of_published(context, figures.shared)))
    if len(context.rows) > 1:
        lines.append(_Line(MEAN, Cell("mean", (), "name"), None, context.published and context.published.mean))
    return lines


def _mean_of_published(context, names):
    """The mean of what is published of some tasks; of systems with a figure for each."""
    if not context.published:
        return None
    tasks = [context.published.tasks[name] for name in names]
    means = [
        {
            system: float(np.mean([getattr(task, figure)[system] for task in tasks]))
            for system in getattr(tasks[0], figure)
            if all(system in getattr(task, figure) for task in tasks)
        }
        for figure in ("uar", "macro_f1")
    ]
    return PublishedTask("mean", 0, *means)


_PART_TITLES = {"test": "test part", "whole": "whole target"}


def _score_tables(context, figures):
    """UAR of the systems, and macro-F1; on the test part beside what is published."""
    published = context.published if figures.part == "test" else None
    on = _PART_TITLES[figures.part]
    if not published:
        names = list(figures.scores)
        tables = [_score_table(context, figures, names, f"uar_{figures.part}", f"UAR on the {on}", None)]
    else:
        every = dict.fromkeys([*published.mean.uar, *figures.scores])
        others = [name for name in every if name not in published.systems]
        tables = [
            _score_table(context, figures, published.systems, "uar_test", f"UAR on the {on}", published),
            _score_table(context, figures, others, "uar_test_more", f"UAR on the {on}: ablations", published),
        ]
    names = list(dict.fromkeys([*(published.systems if published else ()), *figures.scores]))
    tables.append(_f1_table(context, figures, names, published))
    return [table for table in tables if len(table.header) > 2]


def _score_table(context, figures, names, key, title, published):
    known = [published.mean, *(row.published for row in context.rows)] if published else []
    columns = [(name, any(name in one.uar for one in known)) for name in names]
    header = ["task", "n (speakers)"]
    for name, with_published in columns:
        header += [name, *([_published_name(context)] if with_published else [])]
    rows = []
    for line in _lines(context, figures):
        cells = [line.name, Cell(_size(line.row, figures.part), (), "plain")]
        for name, with_published in columns:
            score = figures.scores.get(name, {}).get(line.key)
            cells.append(_score_cell(score, line.row.systems.get(name) if line.row else None))
            if with_published:
                cells.append(_published_cell(context, line, name, "uar"))
        rows.append(cells)
    return TextTable(key, title, header, rows)


def _f1_table(context, figures, names, published):
    header, rows = ["task"], []
    known = [published.mean, *(row.published for row in context.rows)] if published else []
    with_published = {name for name in names if any(name in one.macro_f1 for one in known)}
    for name in names:
        header += [name, *([_published_name(context)] if name in with_published else [])]
    for line in _lines(context, figures):
        cells = [line.name]
        for name in names:
            score = figures.scores.get(name, {}).get(line.key)
            cells.append(_f1_cell(score))
            if name in with_published:
                cells.append(_published_cell(context, line, name, "macro_f1"))
        rows.append(cells)
    return TextTable(f"f1_{figures.part}", f"Macro-F1 on the {_PART_TITLES[figures.part]}", header, rows)


def _f1_cell(score):
    if score is None:
        return Cell(NOTHING, (), "plain")
    by_seed = score.macro_f1
    return Cell(number(by_seed.mean()), (f"± {by_seed.std(ddof=1):.1f}",) if len(by_seed) > 1 else ())


def _difference_table(context, figures):
    """Differences between systems with their p-values: none where no task has two systems to compare."""
    header = ["task"]
    for better, worse in figures.differences:
        header += [f"{better} − {worse}", "p (Holm), ⟨over speakers⟩"]
        header += ["published difference" + _mark(context)] if _published_pair(context, figures, better, worse) else []
    if len(header) == 1:
        return []
    rows = []
    for line in _lines(context, figures):
        cells = [line.name]
        for (better, worse), of_tasks in figures.differences.items():
            cells += _difference_cells(of_tasks.get(line.key))
            if _published_pair(context, figures, better, worse):
                known = line.published.uar
                there = better in known and worse in known
                cells.append(Cell(signed(known[better] - known[worse]) if there else NOTHING, (), context.kind))
        rows.append(cells)
    on = _PART_TITLES[figures.part]
    return [TextTable(f"differences_{figures.part}", f"Differences in UAR on the {on}, in points", header, rows)]


def _published_pair(context, figures, better, worse):
    return (
        context.published is not None
        and figures.part == "test"
        and {better, worse} <= context.published.mean.uar.keys()
    )


def _mark(context):
    return " †" if context.kind == "aside" else ""


def _published_name(context):
    return "published" + _mark(context)


def _task_cell(row):
    return Cell(row.label, (row.name,) if row.label != row.name else (), "name")


def _size(row, part):
    """Utterances and speakers of a part, from the first system that is reported on it."""
    if row is None:
        return ""
    there = [system for system in row.systems.values() if part in system.parts]
    if not there:
        return f"{row.published.utterances}" if row.published and part == "test" else ""
    outcomes = there[0].outcomes(part)
    return f"{len(outcomes.reference)} ({len(set(outcomes.speakers) - {''}) or 'unknown'})"


def _score_cell(score, system):
    if score is None:
        return Cell(NOTHING, (), "plain")
    figure = score.uar
    beside = [] if np.isnan(figure.sd) else [f"± {figure.sd:.1f}"]
    beside.append(bounds(*figure.interval))
    if not np.isnan(figure.speakers_interval[0]):
        beside.append(angles(*figure.speakers_interval))
    if system is not None and len(system.candidates) > 1:
        beside.append(f"from {system.source}")
    return Cell(number(figure.value), tuple(beside))


def angles(low, high):
    """Write an interval over speakers.

    Examples
    --------
    >>> angles(57, 65.44)
    '⟨57.0, 65.4⟩'
    """
    return f"⟨{number(low)}, {number(high)}⟩"


def _published_cell(context, line, name, figure):
    """A published figure with its own interval (that of a mean over tasks is not known: they share utterances)."""
    known = getattr(line.published, figure)
    if name not in known:
        return Cell(NOTHING, (), context.kind)
    interval = figure == "uar" and line.published.utterances
    beside = (bounds(*published_interval(known[name], line.published.utterances)),) if interval else ()
    return Cell(f"{known[name]:.2f}", beside, context.kind)


def _difference_cells(difference):
    if difference is None:
        return [Cell(NOTHING, (), "plain")] * 2
    figure = difference.figure
    low, high = figure.interval
    beside = [f"[{signed(low)}, {signed(high)}]"]
    low, high = figure.speakers_interval
    if not np.isnan(low):
        beside.append(f"⟨{signed(low)}, {signed(high)}⟩")
    p, p_speakers = difference.p, difference.p_speakers
    if not np.isnan(difference.p_holm):
        p, p_speakers = difference.p_holm, difference.p_speakers_holm
    over_speakers = () if np.isnan(p_speakers) else (f"⟨{p_speakers:.3f}⟩",)
    return [Cell(signed(figure.value), tuple(beside)), Cell(f"{p:.3f}", over_speakers, "" if p < 0.05 else "plain")]
