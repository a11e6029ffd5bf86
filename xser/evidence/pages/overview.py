"""A page that compares systems over all targets: one table per encoder, targets side by side, differences below.

Made for the results that a project publishes: everything on it comes from prediction files and their ``run.json``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xser.core.document import NOTHING, Block, Heading, Paragraph, Table
from xser.corpora.description.languages import language_name
from xser.evidence.figures.differences import Figure, difference_figure, mean_figure, uar_figure
from xser.evidence.figures.intervals import FEWEST_SPEAKERS, RESAMPLES
from xser.evidence.figures.pooled import PART_NAMES, Part, Pooled, comparisons, regime, systems_in_order
from xser.evidence.figures.sections import Columns, Section, Systems, systems_of
from xser.evidence.pages.material import Material, facts, headings
from xser.evidence.pages.wording import bounds, number, signed, signed_bounds

LEGEND = f"""\
Figures are UAR in % (mean recall over the emotions that occur in the target): the mean over seeds ± the standard
deviation over seeds, and in brackets a 95 % interval by percentile bootstrap over the target's utterances ({RESAMPLES}
resamples, each serving all seeds). Differences are in points and paired (the same resample for both systems): **▲**
above and **▼** below where the interval leaves out zero, ≈ where it does not. The interval covers other utterances of
the same speakers; the rows "over speakers" draw speakers instead. With few speakers these are too narrow (in
simulations they hold the truth 89 times in 100 with ten speakers and 84 with five; – stands for fewer than
{FEWEST_SPEAKERS}). Neither covers other seeds: for those look at the ±. The column `mean` averages the targets. A
system trained on one source takes the source with the best validation UAR, named in each cell."""

_PART_LINES = {
    "whole": "All recordings of the target (none of them seen in training):",
    "test": "The target's test part alone, for comparison with a system trained on the target's other parts:",
}
_KINDS = {"zero_shot": "unseen language", "within": "one corpus by itself"}

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class _Figures:
    """The figures of a table on one part, by task; under None the mean, where the table has it for all tasks."""

    part: Part
    columns: Columns
    systems: dict[str, dict[str | None, Figure]]
    differences: dict[Pair, dict[str | None, Figure]]

    @property
    def tasks(self) -> list[str | None]:
        """The columns of the table: the tasks and, of several, their mean."""
        return [*self.columns, *([None] if len(self.columns) > 1 else [])]


def overview_page(material: Material) -> list[Block]:
    """Write the page."""
    pairs = comparisons(material.pooled)
    pairs = [pair for pair in pairs if pair[0] == pairs[0][0]]  # the page is about one system
    titles = headings(material.sections)
    blocks: list[Block] = []
    summary: list[tuple[Section, _Figures]] = []
    for section, columns in material.sections.items():
        blocks += [Heading(titles[section]), Paragraph(facts(section, columns))]
        parts = _parts(columns)
        for part in parts:
            figures = _figures(_reporting(columns, part), part, pairs if part == parts[0] else pairs[:1])
            if section.kind == "zero_shot":
                blocks.append(Paragraph(f"**{_PART_LINES[part]}**"))
            blocks.append(_score_table(figures))
            if part == parts[0] and pairs and pairs[0] in figures.differences:
                summary.append((section, figures))
    opening = material.opening()
    at_a_glance = _summary(pairs[0], summary) if summary else []
    blocks = [Heading("How to read the tables"), Paragraph(LEGEND), *blocks]
    return [*opening, *at_a_glance, *blocks, *material.left_out(), *material.provenance()]


def _parts(columns: Columns) -> list[Part]:
    """The parts to show: the test part only where a system was evaluated on nothing else."""
    every = [system.parts for system in systems_of(columns)]
    shown = {"whole": any("whole" in parts for parts in every), "test": ("test",) in every}
    return [part for part in PART_NAMES if shown[part]]


def _reporting(columns: Columns, part: Part) -> Columns:
    """The columns without the systems and tasks that do not report on `part`."""
    reporting = {
        task: {name: system for name, system in systems.items() if part in system.parts}
        for task, systems in columns.items()
    }
    return {task: systems for task, systems in reporting.items() if systems}


def _figures(columns: Columns, part: Part, pairs: Sequence[Pair]) -> _Figures:
    """Compute every figure of a table."""

    def with_mean(figures: dict[str, Figure]) -> dict[str | None, Figure]:
        by_task: dict[str | None, Figure] = dict(figures.items())
        if len(figures) == len(columns) > 1:
            by_task[None] = mean_figure(list(figures.values()))
        return by_task

    systems = {
        name: {task: uar_figure(column[name], part) for task, column in columns.items() if name in column}
        for name in systems_in_order(systems_of(columns))
    }
    differences = {}
    for better, worse in pairs:
        one, other = systems.get(better, {}), systems.get(worse, {})
        differences[better, worse] = {
            task: difference_figure(one[task], other[task]) for task in columns if task in one and task in other
        }
    return _Figures(
        part,
        columns,
        {name: with_mean(figures) for name, figures in systems.items()},
        {pair: with_mean(figures) for pair, figures in differences.items() if figures},
    )


def _score_table(figures: _Figures) -> Table:
    columns, part, tasks = figures.columns, figures.part, figures.tasks
    mean = ["mean"] if None in tasks else []
    chances = _chances(columns, part)
    rows = [["chance", *map(number, chances), *(number(float(np.mean(chances))) for _ in mean)]]
    for name, row in figures.systems.items():
        systems = [columns[task].get(name) if task else None for task in tasks]
        cells = [_score_cell(row.get(task), system) for task, system in zip(tasks, systems, strict=True)]
        rows.append([f"`{name}`", *cells])
    for (better, worse), row in figures.differences.items():
        title = f"`{better}` − `{worse}`"
        rows.append([f"**{title}**", *(_difference_cell(row.get(task)) for task in tasks)])
        over_speakers = [_difference_cell(row.get(task), over_speakers=True) for task in tasks]
        rows.append([f"{title}, over speakers", *over_speakers])
    rows.append(["utterances (speakers)", *(size(columns[task], part) if task else "" for task in tasks)])
    return Table(["system", *_column_names(columns), *mean], rows)


def _column_names(columns: Columns) -> list[str]:
    """Name each column by language and target; by the whole task where a target stands twice."""
    first = {task: next(iter(systems.values())) for task, systems in columns.items()}
    targets = [one.setting.target for one in first.values()]
    names = []
    for task, one in first.items():
        languages = " and ".join(language_name(code) for code in dict.fromkeys(one.utterances["language"]))
        names.append(f"{languages} `{one.setting.target if targets.count(one.setting.target) == 1 else task}`")
    return names


def _chances(columns: Columns, part: Part) -> list[float]:
    """UAR by chance in each column: one in so many emotions as occur."""
    first = [next(iter(systems.values())) for systems in columns.values()]
    return [100 / len(np.unique(one.outcomes(part).reference)) for one in first]


def _score_cell(figure: Figure | None, system: Pooled | None) -> str:
    if figure is None:
        return NOTHING
    scatter = "" if np.isnan(figure.sd) else f" ± {figure.sd:.1f}"
    source = f" from {system.source}" if system is not None and system.source else ""
    return f"**{number(figure.value)}**{scatter} {bounds(*figure.interval)}{source}"


def _difference_cell(figure: Figure | None, over_speakers: bool = False) -> str:
    if figure is None:
        return NOTHING
    low, high = figure.speakers_interval if over_speakers else figure.interval
    if np.isnan(low):
        return NOTHING
    sign = "**▲**" if low > 0 else "**▼**" if high < 0 else "≈"
    return f"{sign} {signed(figure.value)} {signed_bounds(low, high)}"


def size(systems: Systems, part: Part) -> str:
    """Utterances and speakers of a part, from the first of some systems."""
    outcomes = next(iter(systems.values())).outcomes(part)
    return f"{len(outcomes.reference)} ({outcomes.speaker_count or 'unknown'})"


def _summary(pair: Pair, rows: Sequence[tuple[Section, _Figures]]) -> list[Block]:
    """The comparison that matters most, at a glance: one row per section."""
    better, worse = pair
    single = [
        one for _, figures in rows for task, one in figures.differences[pair].items() if task is not None
    ]  # fmt: skip
    above, below = ([figure for figure in single if sign * figure.value > 0] for sign in (1, -1))
    verdict = (
        f"In {len(single)} comparisons, `{better}` is above `{worse}` {len(above)} times "
        f"({sum(figure.interval[0] > 0 for figure in above)} with an interval that leaves out zero) and below "
        f"{len(below)} times ({sum(figure.interval[1] < 0 for figure in below)})."
    )
    regimes = sorted({section.target_statistics for section, _ in rows}, key=lambda name: (name != "none", name))
    alike = [
        [row for row in rows if (row[0].kind, row[0].target_statistics) == (kind, name)]
        for kind in _KINDS
        for name in regimes
    ]
    tables = [_summary_table(pair, some) for some in alike if some]
    return [Heading(f"`{better}` against `{worse}`, at a glance"), Paragraph(verdict), *tables]


def _summary_table(pair: Pair, rows: Sequence[tuple[Section, _Figures]]) -> Table:
    columns = {task: systems for _, figures in rows for task, systems in figures.columns.items()}
    mean = ["mean"] if any(None in figures.differences[pair] for _, figures in rows) else []
    tasks = [*columns, *(None for _ in mean)]
    first = rows[0][0]
    header = [f"{_KINDS[first.kind]}, {regime(first.target_statistics)}", *_column_names(columns), *mean]
    cells = [
        [_short(section, rows), *(_difference_cell(figures.differences[pair].get(task)) for task in tasks)]
        for section, figures in rows
    ]
    return Table(header, cells)


def _short(section: Section, rows: Sequence[tuple[Section, _Figures]]) -> str:
    """Name a section by its encoder, and by all else that it is where the encoder stands twice."""
    if sum(other.encoder == section.encoder for other, _ in rows) == 1:
        return f"`{section.encoder}`"
    told_above = ("kind", "encoder", "target_statistics")
    differing = [str(value) for field, value in section._asdict().items() if value != "" and field not in told_above]
    return ", ".join([f"`{section.encoder}`", *differing])
