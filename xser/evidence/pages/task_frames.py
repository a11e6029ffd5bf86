"""The tables with a row a task in long form, for CSV and JSON: a row per task, system and part, or pair of systems."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from xser.evidence.figures.differences import Figure
from xser.evidence.figures.pooled import Pooled
from xser.evidence.figures.published import PublishedFigures, PublishedTask, published_interval
from xser.evidence.figures.scores import table_of_rows
from xser.evidence.figures.sections import Section
from xser.evidence.figures.task_figures import MEAN, SHARED
from xser.evidence.pages.task_tables import TaskGroup, TaskSection

DIFFERENCE_COLUMNS = (
    *Section._fields, "task", "evaluated_on", "better", "worse", "difference", "low", "high", "speakers_low",
    "speakers_high", "p", "p_holm", "p_speakers", "p_speakers_holm",
)  # fmt: skip
PUBLISHED_COLUMNS = ("published_uar", "published_low", "published_high", "published_macro_f1")

Row = dict[str, Any]


def score_frame(sections: Sequence[TaskSection], scores: Mapping[Pooled, list[Row]]) -> pd.DataFrame:
    """Scores of every system beside the published ones; tasks not run; means over tasks.

    Parameters
    ----------
    scores
        `xser.evidence.figures.scores.score_rows` of every system.

    Returns
    -------
    pandas.DataFrame
        The columns of `xser.evidence.figures.scores.score_table` and, for the test part, `PUBLISHED_COLUMNS`;
        ``comparable`` tells whether ours is the same test. What is published and was not run has these alone. The mean
        over all tasks of a table is the task ``mean``, that over fewer ``mean of 6`` or the like.
    """
    rows, not_run = [], []
    for group in _groups(sections):
        section, comparable = group.section._asdict(), {"comparable": bool(group.published) and not group.against}
        for row in group.rows:
            for system in row.systems.values():
                for score in scores[system]:
                    test = score["evaluated_on"] == "test"
                    rows.append(score | comparable | _published(row.published if test else None, system.system))
            for name in row.published.uar if row.published else ():
                if name not in row.systems:
                    what = {"named_task": row.name, "system": name, "evaluated_on": "test"}
                    not_run.append(section | what | comparable | _published(row.published, name))
        rows += [section | row | comparable for row in _means(group)]
    frame = table_of_rows(rows + not_run)
    return frame.astype(dict.fromkeys(("classes", "utterances", "speakers", "folds"), "Int64"))


def _groups(sections: Iterable[TaskSection]) -> Iterator[TaskGroup]:
    return (group for section in sections for group in section.groups)


def _published(figures: PublishedFigures | None, system: str) -> Row:
    if figures is None or system not in figures.uar:
        return dict.fromkeys(PUBLISHED_COLUMNS)
    uar, low, high = figures.uar[system], None, None
    if isinstance(figures, PublishedTask):
        low, high = published_interval(uar, figures.utterances)
    return dict(zip(PUBLISHED_COLUMNS, (uar, low, high, figures.macro_f1.get(system)), strict=True))


def _means(group: TaskGroup) -> list[Row]:
    rows = []
    for part, figures in group.figures.items():
        for system, of_tasks in figures.scores.items():
            for key in (key for key in (SHARED, MEAN) if key in of_tasks):
                uar, f1 = of_tasks[key]
                row: Row = {"task": figures.name_of(key), "system": system, "evaluated_on": part}
                row |= {"uar": uar.value, "uar_sd": uar.sd, "macro_f1": f1.mean(), **_ends(uar)}
                published = group.published.mean if group.published and part == "test" and key == MEAN else None
                rows.append(row | _published(published, system))
    return rows


def difference_frame(sections: Sequence[TaskSection]) -> pd.DataFrame:
    """Differences between systems with intervals and p-values.

    Returns
    -------
    pandas.DataFrame
        A row per task (``mean`` over all tasks of a table), part and pair of systems; p-values over utterances and over
        speakers, as computed and corrected over the tasks of a table (``_holm``). Empty without two systems to compare.
    """
    rows = [
        group.section._asdict()
        | {"task": figures.name_of(task), "evaluated_on": part, "better": better, "worse": worse}
        | {"difference": one.figure.value, **_ends(one.figure)}
        | {"p": one.p, "p_holm": one.p_holm, "p_speakers": one.p_speakers, "p_speakers_holm": one.p_speakers_holm}
        for group in _groups(sections)
        for part, figures in group.figures.items()
        for (better, worse), of_tasks in figures.differences.items()
        for task, one in of_tasks.items()
    ]
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def _ends(figure: Figure) -> Row:
    ends = (*figure.interval, *figure.speakers_interval)
    return dict(zip(("low", "high", "speakers_low", "speakers_high"), ends, strict=True))
