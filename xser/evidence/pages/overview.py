"""A page that compares systems over all targets: one table per encoder, targets side by side, differences below.

Made for the results that a project publishes: everything on it comes from prediction files and their ``run.json``.
"""

import numpy as np

from xser.corpora.description.languages import language_name
from xser.evidence.figures.differences import difference_figure, mean_figure, uar_figure
from xser.evidence.figures.intervals import FEWEST_SPEAKERS, RESAMPLES
from xser.evidence.figures.pooled import PART_NAMES, regime, system_rank
from xser.evidence.pages.sections import facts, headings, sort_into_sections
from xser.evidence.pages.tables import bounds, markdown_table, number, provenance, signed

# What is subtracted from what, where a table has both. The first pair is the one of the summary at the top.
COMPARISONS = (("proposed", "baseline2"), ("proposed", "no_supcon"), ("proposed", "no_adversary"))

LEGEND = f"""\
Figures are UAR in % (mean recall over the emotions that occur in the target): the mean over seeds ± the standard
deviation over seeds, and in brackets a 95 % interval by percentile bootstrap over the target's utterances ({RESAMPLES}
resamples, each serving all seeds). Differences are in points and paired (the same resample for both systems): **▲**
above and **▼** below where the interval leaves out zero, ≈ where it does not. The interval covers other utterances of
the same speakers; the rows "over speakers" draw speakers instead. With few speakers these are too narrow (in
simulations they hold the truth 89 times in 100 with ten speakers and 84 with five; – stands for fewer than
{FEWEST_SPEAKERS}). Neither covers other seeds: for those look at the ±. The column `mean` averages the targets. A
system trained on one source takes the source with the best validation UAR, named in each cell."""


def overview_page(pooled, title, paragraphs, sentences, command):
    """Write the page.

    Parameters
    ----------
    pooled : list of Pooled
        From `xser.evidence.figures.pooled.pool_runs`.
    title : str
    paragraphs : sequence of str
        What the reader should know first.
    sentences : list of str
        From `xser.evidence.pages.tables.notes`.
    command : str
        The command that made the page.

    Returns
    -------
    str
        Markdown.
    """
    sections, summary = [], []
    by_section = sort_into_sections(pooled)
    titles = headings(by_section)
    for section, columns in by_section.items():
        sections += [f"## {titles[section]}", facts(section, columns)]
        first, *_ = parts = _parts(columns)
        for part in parts:
            shown = _reporting(columns, part)
            figures = _figures(shown, part, COMPARISONS if part == first else COMPARISONS[:1])
            if section.kind == "zero_shot":
                sections.append(f"**{_PART_LINES[part]}**")
            sections.append(_score_table(shown, figures, part))
            if part == first and COMPARISONS[0] in figures:
                summary.append((section, shown, figures[COMPARISONS[0]]))
    opening = [f"# {title}", *paragraphs, *_summary(summary), "## How to read the tables", LEGEND]
    return "\n\n".join([*opening, *sections, *provenance(pooled, sentences, command)]) + "\n"


_PART_LINES = {
    "whole": "All recordings of the target (none of them seen in training):",
    "test": "The target's test part alone, for comparison with a system trained on the target's other parts:",
}


def _parts(columns):
    """The parts to show: the test part only where a system was evaluated on nothing else."""
    every = [system.parts for systems in columns.values() for system in systems.values()]
    shown = {"whole": any("whole" in parts for parts in every), "test": ("test",) in every}
    return [part for part in PART_NAMES if shown[part]]


def _reporting(columns, part):
    """The columns without the systems and tasks that do not report on `part`."""
    reporting = {
        task: {name: system for name, system in systems.items() if part in system.parts}
        for task, systems in columns.items()
    }
    return {task: systems for task, systems in reporting.items() if systems}


def _figures(columns, part, comparisons):
    """Compute every figure of a table: {system or pair of systems: {task or None for the mean: Figure}}."""
    systems = sorted({name for column in columns.values() for name in column}, key=system_rank)
    figures = {}
    for row in (*systems, *comparisons):
        if isinstance(row, str):
            cells = {task: uar_figure(column[row], part) for task, column in columns.items() if row in column}
        else:
            better, worse = (figures.get(name, {}) for name in row)
            both = [task for task in columns if task in better and task in worse]
            cells = {task: difference_figure(better[task], worse[task]) for task in both}
        if len(cells) == len(columns) > 1:
            cells[None] = mean_figure(list(cells.values()))
        if cells:
            figures[row] = cells
    return figures


def _score_table(columns, figures, part):
    tasks = [*columns, *([None] if len(columns) > 1 else [])]
    header = ["system", *_column_names(columns), *(["mean"] if None in tasks else [])]
    chances = _chances(columns, part)
    rows = [["chance", *map(number, chances), *([number(np.mean(chances))] if None in tasks else [])]]
    for name, row in figures.items():
        if isinstance(name, str):
            rows.append([f"`{name}`", *(_score_cell(row.get(task), columns.get(task, {}).get(name)) for task in tasks)])
    for name, row in figures.items():
        if not isinstance(name, str):
            title = f"`{name[0]}` − `{name[1]}`"
            cells = [row.get(task) for task in tasks]
            rows.append([f"**{title}**", *(_difference_cell(cell) for cell in cells)])
            rows.append([f"{title}, over speakers", *(_difference_cell(cell, over_speakers=True) for cell in cells)])
    rows.append(["utterances (speakers)", *(_size(columns[task], part) if task else "" for task in tasks)])
    return markdown_table(header, rows)


def _column_names(columns):
    """Name each column by language and target; by the whole task where a target stands twice."""
    first = {task: next(iter(systems.values())) for task, systems in columns.items()}
    targets = [one.setting.target for one in first.values()]
    names = []
    for task, one in first.items():
        languages = " and ".join(language_name(code) for code in dict.fromkeys(one.utterances["language"]))
        names.append(f"{languages} `{one.setting.target if targets.count(one.setting.target) == 1 else task}`")
    return names


def _chances(columns, part):
    """UAR by chance in each column: one in so many emotions as occur."""
    first = [next(iter(systems.values())) for systems in columns.values()]
    return [100 / len(np.unique(one.outcomes(part).reference)) for one in first]


def _score_cell(figure, system):
    if figure is None:
        return "–"
    scatter = "" if np.isnan(figure.sd) else f" ± {figure.sd:.1f}"
    source = f" from {system.source}" if system is not None and system.source else ""
    return f"**{number(figure.value)}**{scatter} {bounds(*figure.interval)}{source}"


def _difference_cell(figure, over_speakers=False):
    low, high = (np.nan, np.nan) if figure is None else figure.speakers_interval if over_speakers else figure.interval
    if np.isnan(low):
        return "–"
    sign = "**▲**" if low > 0 else "**▼**" if high < 0 else "≈"
    return f"{sign} {signed(figure.value)} [{signed(low)}, {signed(high)}]"


def _size(systems, part):
    outcomes = next(iter(systems.values())).outcomes(part)
    return f"{len(outcomes.reference)} ({len(set(outcomes.speakers) - {''}) or 'unknown'})"


def _summary(rows):
    """The comparison that matters most, at a glance: one row per section.

    `rows` are (section, columns, figures of the first of `COMPARISONS`).
    """
    if not rows:
        return []
    better, worse = COMPARISONS[0]
    single = [figure for _, _, figures in rows for task, figure in figures.items() if task is not None]
    above, below = ([figure for figure in single if sign * figure.value > 0] for sign in (1, -1))
    verdict = (
        f"In {len(single)} comparisons, `{better}` is above `{worse}` {len(above)} times "
        f"({sum(figure.interval[0] > 0 for figure in above)} with an interval that leaves out zero) and below "
        f"{len(below)} times ({sum(figure.interval[1] < 0 for figure in below)})."
    )
    regimes = sorted({section.target_statistics for section, _, _ in rows}, key=lambda name: (name != "none", name))
    tables = [
        _summary_table(kind, name, [row for row in rows if (row[0].kind, row[0].target_statistics) == (kind, name)])
        for kind in _KINDS
        for name in regimes
    ]
    return [f"## `{better}` against `{worse}`, at a glance", verdict, *filter(None, tables)]


_KINDS = {"zero_shot": "unseen language", "within": "one corpus by itself"}


def _summary_table(kind, target_statistics, rows):
    if not rows:
        return ""
    columns = {task: systems for _, shown, _ in rows for task, systems in shown.items()}
    tasks = [*columns, *([None] if any(None in figures for _, _, figures in rows) else [])]
    header = [
        f"{_KINDS[kind]}, {regime(target_statistics)}",
        *_column_names(columns),
        *(["mean"] if None in tasks else []),
    ]
    cells = [
        [_short(section, rows), *(_difference_cell(figures.get(task)) for task in tasks)]
        for section, _, figures in rows
    ]
    return markdown_table(header, cells)


def _short(section, rows):
    """Name a section by its encoder, and by all else that it is where the encoder stands twice."""
    if sum(other.encoder == section.encoder for other, _, _ in rows) == 1:
        return f"`{section.encoder}`"
    said_above = ("kind", "encoder", "target_statistics")
    differing = [str(value) for field, value in section._asdict().items() if value != "" and field not in said_above]
    return ", ".join([f"`{section.encoder}`", *differing])
