"""The tables with a row a task in long form, for CSV and JSON: a row per task, system and part, or pair of systems."""

import pandas as pd

from xser.evidence.figures.published import published_interval
from xser.evidence.figures.task_figures import MEAN, SHARED
from xser.evidence.pages.sections import Section
from xser.evidence.pages.tables import table_of_rows

DIFFERENCE_COLUMNS = (
    *Section._fields, "task", "evaluated_on", "better", "worse", "difference", "low", "high", "speakers_low",
    "speakers_high", "p", "p_holm", "p_speakers", "p_speakers_holm",
)  # fmt: skip


def score_frame(contents, scores):
    """Scores of every system beside the published ones; tasks not run; means over tasks.

    Parameters
    ----------
    contents : list of (Section, dict, list of TableGroup)
    scores : dict of Pooled to list of dict
        `xser.evidence.pages.tables.score_rows` of every system.

    Returns
    -------
    pandas.DataFrame
        The columns of `xser.evidence.pages.tables.result_table` and, for the test part, ``published_uar``,
        ``published_low``,
        ``published_high``, ``published_macro_f1``; ``comparable`` says whether ours is the same test. What is published
        and was not run has these alone; the mean over all tasks of a table is the task
        ``mean``, that over fewer ``mean of 6`` or the like.
    """
    rows, not_run = [], []
    for section, _, groups in contents:
        for group in groups:
            comparable = {"comparable": bool(group.rows[0].published) and not group.against}
            for row in group.rows:
                for system in row.systems.values():
                    for score in scores[system]:
                        test = score["evaluated_on"] == "test"
                        rows.append(score | comparable | _published(row.published if test else None, system.system))
                for name in row.published.uar if row.published else ():
                    if name not in row.systems:
                        what = {"named_task": row.name, "system": name, "evaluated_on": "test"}
                        not_run.append(section._asdict() | what | comparable | _published(row.published, name))
            rows += [section._asdict() | row | comparable for row in _means(group)]
    frame = table_of_rows(rows + not_run)
    return frame.astype(dict.fromkeys(("classes", "utterances", "speakers", "folds"), "Int64"))


def _published(task, system):
    if task is None or system not in task.uar:
        return dict.fromkeys(("published_uar", "published_low", "published_high", "published_macro_f1"))
    low, high = published_interval(task.uar[system], task.utterances) if task.utterances else (None, None)
    return {
        "published_uar": task.uar[system],
        "published_low": low,
        "published_high": high,
        "published_macro_f1": task.macro_f1.get(system),
    }


def _means(group):
    rows = []
    for part, figures in group.figures.items():
        for system, cells in figures.scores.items():
            for key in (key for key in (SHARED, MEAN) if key in cells):
                uar, f1 = cells[key]
                ends = dict(zip(("low", "high", "speakers_low", "speakers_high"), _ends(uar), strict=True))
                row = {"task": _task_name(key, figures), "system": system, "evaluated_on": part}
                row |= {"uar": uar.value, "uar_sd": uar.sd, "macro_f1": f1.mean(), **ends}
                published = group.published_mean if part == "test" and key == MEAN else None
                rows.append(row | _published(published, system))
    return rows


def difference_frame(contents):
    """Differences between systems with intervals and p-values.

    Parameters
    ----------
    contents : list of (Section, dict, list of TableGroup)

    Returns
    -------
    pandas.DataFrame
        A row per task (``mean`` over all tasks of a table), part and pair of systems; p-values over utterances and over
        speakers, as computed and corrected over the tasks of a table (``_holm``). Empty without two systems to compare.
    """
    rows = []
    for section, _, groups in contents:
        for group in groups:
            for part, figures in group.figures.items():
                for (better, worse), cells in figures.differences.items():
                    for task, one in cells.items():
                        ends = zip(("low", "high", "speakers_low", "speakers_high"), _ends(one.figure), strict=True)
                        rows.append(
                            section._asdict()
                            | {"task": _task_name(task, figures), "evaluated_on": part}
                            | {"better": better, "worse": worse, "difference": one.figure.value, **dict(ends)}
                            | {"p": one.p, "p_holm": one.p_holm}
                            | {"p_speakers": one.p_speakers, "p_speakers_holm": one.p_speakers_holm}
                        )
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def _task_name(key, figures):
    return {MEAN: "mean", SHARED: f"mean of {len(figures.shared)}"}.get(key, key)


def _ends(figure):
    return (*figure.interval, *figure.speakers_interval)
