"""Tables with a row a task, ours beside the published figures, and the page that holds them."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xser.core.document import NOTHING, Block, Cell, Code, Heading, Paragraph, Table
from xser.evidence.figures.intervals import FEWEST_SPEAKERS, RESAMPLES
from xser.evidence.figures.pooled import Part, Pooled, systems_in_order
from xser.evidence.figures.published import Metric, Published, PublishedFigures, PublishedTask, published_interval
from xser.evidence.figures.sections import (
    Columns,
    Section,
    TaskRow,
    groups_of_tasks,
    missing,
    obstacles,
    systems_of,
    training_counts,
)
from xser.evidence.figures.task_figures import MEAN, SHARED, Difference, Score, TaskFigures, task_figures
from xser.evidence.pages.confidence import LEGEND as CONFIDENCE_LEGEND
from xser.evidence.pages.confidence import confidence_table
from xser.evidence.pages.material import PART_TITLES, Material, facts, headings
from xser.evidence.pages.overview import size
from xser.evidence.pages.wording import angles, bounds, number, signed, signed_bounds

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


@dataclass(frozen=True, eq=False)
class TaskGroup:
    """Tasks that share their tables: those that are published, or all others.

    Attributes
    ----------
    figures
        By part, the test part first.
    against
        Why the published figures are another test; empty where they are not, or there are none.
    published
        Where the rows are its tasks.
    """

    section: Section
    rows: list[TaskRow]
    figures: dict[Part, TaskFigures]
    against: list[str]
    published: Published | None

    @functools.cached_property
    def tables(self) -> list[Table]:
        """All tables."""
        scores = [table for of_part in self.figures.values() for table in _score_tables(self, of_part)]
        differences = [_difference_table(self, of_part) for of_part in self.figures.values() if of_part.differences]
        return scores + differences

    @functools.cached_property
    def notes(self) -> list[Paragraph]:
        """What must be told of the tables: which published figures, whether they compare, what is missing."""
        told = [Paragraph(f"Published figures: {self.published.source}.")] if self.published else []
        if self.against:
            reasons = "; ".join(self.against)
            line = f"† The published figures are another test and no measure of ours: {reasons}."
            told.append(Paragraph(line, warning=True))
        counts = training_counts(self.rows)
        if counts:
            told.append(Paragraph(f"Learned from other numbers than published: {'; '.join(counts)}."))
        if self.gaps:
            told.append(Paragraph(f"Missing: {'. '.join(self.gaps)}.", warning=True))
        return told

    @property
    def gaps(self) -> list[str]:
        """What a full table would need, and which tasks a mean of fewer is over."""
        if self.published:
            systems = list(dict.fromkeys([*self.published.systems, *self.published.mean.uar]))
        else:
            systems = systems_in_order([system for row in self.rows for system in row.systems.values()])
        return missing(self.rows, systems) + [
            f"The mean of {len(figures.shared)} on the {PART_TITLES[part]} is over {', '.join(figures.shared)}"
            for part, figures in self.figures.items()
            if figures.shared
        ]

    @property
    def caption(self) -> str:
        """What a table needs to be told where it stands by itself."""
        about = f"Encoder {self.section.encoder}, scheme {self.section.scheme}, split {self.section.split}."
        return " ".join([about, *(note.text for note in self.notes)])

    @property
    def mark(self) -> str:
        """Stands at the published figures that do not compare with ours."""
        return " †" if self.against else ""


def task_group(section: Section, rows: list[TaskRow], published: Published | None = None) -> TaskGroup:
    """Compute the figures of some tasks of a section."""
    published = published if rows[0].published else None
    parts = {part for row in rows for system in row.systems.values() for part in system.parts}
    order: tuple[Part, ...] = ("test", "whole")
    figures = {part: task_figures(rows, part) for part in order if part in parts}
    return TaskGroup(section, rows, figures, obstacles(section, rows, published) if published else [], published)


@dataclass(frozen=True, eq=False)
class TaskSection:
    """A section with its tables."""

    section: Section
    title: str
    columns: Columns
    groups: list[TaskGroup]

    @property
    def facts(self) -> str:
        """Scheme, split, seeds and sources in a line."""
        return facts(self.section, self.columns)

    def blocks(self) -> list[Block]:
        """All but the heading."""
        blocks: list[Block] = [Paragraph(self.facts)]
        for group in self.groups:
            blocks += [*group.notes, *group.tables]
        return [*blocks, confidence_table(systems_of(self.columns))]


def task_sections(material: Material) -> list[TaskSection]:
    """Compute the figures of all sections."""
    titles = headings(material.sections)
    return [
        TaskSection(
            section,
            titles[section],
            columns,
            [task_group(section, rows, material.published) for rows in groups_of_tasks(columns, material.published)],
        )
        for section, columns in material.sections.items()
    ]


def legend(published: Published | None) -> list[str]:
    """How to read the tables, a paragraph each."""
    return [*LEGEND, CONFIDENCE_LEGEND, *([PUBLISHED_LEGEND] if published else [])]


def task_page(material: Material, sections: Sequence[TaskSection]) -> list[Block]:
    """Write the page of tables."""
    blocks = material.opening()
    if material.command:
        blocks += [Paragraph("Written by"), Code(material.command)]
    blocks += [Paragraph(text) for text in legend(material.published)]
    for section in sections:
        blocks += [Heading(section.title), *section.blocks()]
    commands = Code("\n".join(material.commands))
    return [*blocks, *material.left_out(), Heading("Commands of the runs"), commands]


@dataclass(frozen=True)
class _Line:
    """A row of a table: its key among the figures, its first cell, its task, what is published of it."""

    key: str
    name: Cell
    task: TaskRow | None
    published: PublishedFigures | None


def _lines(group: TaskGroup, figures: TaskFigures) -> list[_Line]:
    """The tasks, then the means that there are."""
    lines = [_Line(row.name, _task_cell(row), row, row.published) for row in group.rows]
    if figures.shared:
        mean = _mean_of_published(group.published, figures.shared) if group.published else None
        lines.append(_Line(SHARED, Cell(figures.name_of(SHARED)), None, mean))
    if len(group.rows) > 1:
        mean = group.published.mean if group.published else None
        lines.append(_Line(MEAN, Cell(figures.name_of(MEAN)), None, mean))
    return lines


def _mean_of_published(published: Published, names: Sequence[str]) -> PublishedFigures:
    """The mean of what is published of some tasks; of systems with a figure for each."""
    tasks = [published.tasks[name] for name in names]

    def mean(metric: Metric) -> dict[str, float]:
        return {
            system: float(np.mean([task.of(metric)[system] for task in tasks]))
            for system in tasks[0].of(metric)
            if all(system in task.of(metric) for task in tasks)
        }

    return PublishedFigures(uar=mean("uar"), macro_f1=mean("macro_f1"))


def _score_tables(group: TaskGroup, figures: TaskFigures) -> list[Table]:
    """UAR of the systems, and macro-F1; on the test part beside what is published."""
    beside = group.published if figures.part == "test" else None
    on, part = PART_TITLES[figures.part], figures.part
    first = list(beside.systems) if beside else list(figures.scores)
    others = [name for name in [*beside.mean.uar, *figures.scores] if name not in first] if beside else []
    every = list(dict.fromkeys([*first, *figures.scores]))
    tables = [_table(group, figures, first, "uar", f"uar_{part}", f"UAR on the {on}")]
    more = list(dict.fromkeys(others))
    tables += [_table(group, figures, more, "uar", "uar_test_more", f"UAR on the {on}: ablations")] if more else []
    tables += [_table(group, figures, every, "macro_f1", f"f1_{part}", f"Macro-F1 on the {on}")] if every else []
    return tables


def _table(group: TaskGroup, figures: TaskFigures, names: Sequence[str], metric: Metric, key: str, title: str) -> Table:
    """One metric of some systems, each beside what is published of it."""
    beside = group.published if figures.part == "test" else None
    known = [beside.mean, *beside.tasks.values()] if beside else []
    with_published = {name for name in names if any(name in one.of(metric) for one in known)}
    sizes = metric == "uar"
    header = ["task", *(["n (speakers)"] if sizes else [])]
    for name in names:
        header += [name, *([f"published{group.mark}"] if name in with_published else [])]
    lines, rows = _lines(group, figures), []
    for line in lines:
        row = [line.name, *([Cell(_size(line, figures.part))] if sizes else [])]
        for name in names:
            score = figures.scores.get(name, {}).get(line.key)
            system = line.task.systems.get(name) if line.task else None
            row.append(_score_cell(score, system) if metric == "uar" else _f1_cell(score))
            row += [_published_cell(group, line, name, metric)] if name in with_published else []
        rows.append(row)
    return _finished(group, Table(header, rows, title, key), lines)


def _finished(group: TaskGroup, table: Table, lines: Sequence[_Line]) -> Table:
    means = sum(line.task is None for line in lines)
    return Table(table.header, table.rows, table.title, table.name, summary_rows=means, caption=group.caption)


def _difference_table(group: TaskGroup, figures: TaskFigures) -> Table:
    """Differences between systems with their p-values."""
    published = set(group.published.mean.uar) if group.published and figures.part == "test" else set()
    header = ["task"]
    for better, worse in figures.differences:
        header += [f"{better} − {worse}", "p (Holm), ⟨over speakers⟩"]
        header += [f"published difference{group.mark}"] if {better, worse} <= published else []
    lines, rows = _lines(group, figures), []
    for line in lines:
        row = [line.name]
        for (better, worse), of_tasks in figures.differences.items():
            row += _difference_cells(of_tasks.get(line.key))
            if {better, worse} <= published:
                known = line.published.uar if line.published else {}
                there = better in known and worse in known
                row.append(_of_others(group, signed(known[better] - known[worse]) if there else NOTHING))
        rows.append(row)
    title = f"Differences in UAR on the {PART_TITLES[figures.part]}, in points"
    return _finished(group, Table(header, rows, title, f"differences_{figures.part}"), lines)


def _task_cell(row: TaskRow) -> Cell:
    return Cell(row.label, [f"({row.name})"] if row.label != row.name else [])


def _size(line: _Line, part: Part) -> str:
    """Utterances and speakers of a part, from the first system that is reported on it."""
    if line.task is None:
        return ""
    there = {name: system for name, system in line.task.systems.items() if part in system.parts}
    if there:
        return size(there, part)
    return f"{line.task.published.utterances}" if line.task.published and part == "test" else ""


def _score_cell(score: Score | None, system: Pooled | None) -> Cell:
    if score is None:
        return Cell(NOTHING)
    figure = score.uar
    beside = [] if np.isnan(figure.sd) else [f"± {figure.sd:.1f}"]
    beside.append(bounds(*figure.interval))
    if not np.isnan(figure.speakers_interval[0]):
        beside.append(angles(*figure.speakers_interval))
    if system is not None and len(system.candidates) > 1:
        beside.append(f"from {system.source}")
    return Cell(number(figure.value), beside, "strong")


def _f1_cell(score: Score | None) -> Cell:
    if score is None:
        return Cell(NOTHING)
    by_seed = score.macro_f1
    return Cell(number(by_seed.mean()), [f"± {by_seed.std(ddof=1):.1f}"] if len(by_seed) > 1 else [], "strong")


def _of_others(group: TaskGroup, text: str, beside: Sequence[str] = ()) -> Cell:
    """A cell of published figures: set aside where they do not compare with ours."""
    return Cell(text, beside, "aside" if group.against else "published")


def _published_cell(group: TaskGroup, line: _Line, name: str, metric: Metric) -> Cell:
    """A published figure with its own interval (that of a mean over tasks is not known: they share utterances)."""
    known = line.published.of(metric) if line.published else {}
    if name not in known:
        return _of_others(group, NOTHING)
    beside = []
    if metric == "uar" and isinstance(line.published, PublishedTask):
        beside.append(bounds(*published_interval(known[name], line.published.utterances)))
    return _of_others(group, f"{known[name]:.2f}", beside)


def _difference_cells(difference: Difference | None) -> list[Cell]:
    if difference is None:
        return [Cell(NOTHING)] * 2
    figure = difference.figure
    beside = [signed_bounds(*figure.interval)]
    low, high = figure.speakers_interval
    if not np.isnan(low):
        beside.append(f"⟨{signed(low)}, {signed(high)}⟩")
    p, p_speakers = difference.p, difference.p_speakers
    if not np.isnan(difference.p_holm):
        p, p_speakers = difference.p_holm, difference.p_speakers_holm
    over_speakers = [] if np.isnan(p_speakers) else [f"⟨{p_speakers:.3f}⟩"]
    significant = Cell(f"{p:.3f}", over_speakers, "strong" if p < 0.05 else "plain")
    return [Cell(signed(figure.value), beside, "strong"), significant]
