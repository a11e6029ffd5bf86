"""A page that compares settings of the method on languages left out of the sources.

The open choices of the method are made on sources alone: one source language after another plays the unseen one. A
table has a row for each system and setting. Its columns say what each *other* language may learn from it: the column
"for Turkish" averages only the tasks in which Turkish is neither source nor held out, so that what is chosen by it is
not chosen by Turkish.
"""

import collections
import dataclasses

import numpy as np

from xser.core.errors import XserError
from xser.corpora.description.languages import language_name
from xser.evidence.figures.differences import difference_figure, mean_figure, uar_figure
from xser.evidence.figures.pooled import regime, system_rank
from xser.evidence.pages.tables import markdown_table, number, provenance, signed

METHOD = """\
Figures are UAR in % on all recordings of the held-out language, averaged over seeds, then over tasks (pairs of sources
and a third language held out). Differences are in points from the reference, on the same tasks, with a 95 % interval by
paired bootstrap over utterances. A column "for X" averages the tasks without X: all that may be looked at when a choice
is made for results on X. **unanimous** marks a setting that is better, or worse, in every such column."""

ALIKE = ("encoder", "finetuning", "scheme", "split", "split_seed", "target_statistics")


@dataclasses.dataclass(frozen=True, eq=False)
class SettingRow:
    """One system with one set of hyperparameters on all its tasks.

    Attributes
    ----------
    name : str
        The system, and what differs from what all settings share.
    systems : dict of str to Pooled
        By task.
    """

    name: str
    systems: dict


def choices_page(pooled, title, paragraphs, sentences, command, reference="proposed"):
    """Write the page: a table for each encoder, way of fine-tuning, scheme, split and knowledge of the target.

    Parameters
    ----------
    pooled : list of Pooled
        From `xser.evidence.figures.pooled.pool_runs`; zero-shot.
    title : str
    paragraphs : sequence of str
        What the reader should know first.
    sentences : list of str
        From `xser.evidence.pages.tables.notes`.
    command : str
        The command that made the page.
    reference : str
        The row that others are compared with: a system's name, for the system with nothing else changed.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    XserError
        When a table has no such row, or a run is not zero-shot.
    """
    tables = {}
    for one in pooled:
        tables.setdefault(tuple(getattr(one.setting, field) for field in ALIKE), []).append(one)
    parts = [f"# {title}", *paragraphs, METHOD]
    for together in sorted(tables.values(), key=lambda pooled: pooled[0].setting.target_statistics != "none"):
        parts += _table(together, reference)  # blind first
    return "\n\n".join([*parts, *provenance(pooled, sentences, command, quoted=False)]) + "\n"


def _table(pooled, reference):
    """Heading, what all settings share, and the table."""
    rows = setting_rows(pooled)
    by_name = {row.name: row for row in rows}
    shared = pooled[0].setting
    encoder = " ".join(filter(None, [f"`{shared.encoder}`", shared.finetuning]))
    if reference not in by_name:
        raise XserError(f"{encoder}: there is no setting {reference!r} to compare with; there are {', '.join(by_name)}")
    seeds = sorted({run.info["seed"] for one in pooled for run in one.runs})
    facts = (
        f"Scheme `{shared.scheme}`, split `{shared.split}` (split seed {shared.split_seed}), "
        f"training seeds {' '.join(map(str, seeds))}"
        + "".join(f", `{key}={value}`" for key, value in sorted(_usual(pooled).items()) if value is not None)
        + f". Reference: `{reference}`."
    )
    heading = f"## Encoder {encoder}, {regime(shared.target_statistics)}"
    return [heading, facts, markdown_table(*choices_table(rows, by_name[reference]))]


def setting_rows(pooled):
    """Sort systems and settings that belong in one table into rows.

    Raises
    ------
    XserError
        When a run is not zero-shot.
    """
    if any(one.setting.kind != "zero_shot" for one in pooled):
        raise XserError("settings are compared over zero-shot tasks: leave runs within a corpus out")
    usual, rows = _usual(pooled), {}
    for one in pooled:
        given = _given(one)
        own = [f"{key}={given.get(key, 'default')}" for key in sorted(usual) if given.get(key) != usual[key]]
        rows.setdefault(", ".join([one.system, *own]), {})[one.setting.task] = one
    ordered = sorted(rows, key=lambda name: (system_rank(name.partition(",")[0]), name))
    return [SettingRow(name, rows[name]) for name in ordered]


def choices_table(rows, reference):
    """Header and rows of the table (`xser.evidence.pages.tables.markdown_table`)."""
    languages = _languages(reference)
    header = ["setting", "UAR %", "difference", *(f"for {language_name(code)}" for code in languages), "unanimous"]
    cells = []
    for row in rows:
        tasks = [task for task in reference.systems if task in row.systems]
        figures = [uar_figure(row.systems[task], "whole") for task in tasks]
        if row is reference:
            cells.append([f"`{row.name}`", _mean(figures), "reference", *[""] * (len(languages) + 1)])
            continue
        differences = {task: _difference(row, reference, task) for task in tasks}
        columns = [_without(differences, reference, code) for code in languages]
        overall = mean_figure(list(differences.values()))
        partial = "" if len(tasks) == len(reference.systems) else f" ({len(tasks)} of {len(reference.systems)} tasks)"
        words = [signed(value) if not np.isnan(value) else "–" for value in columns]
        cells.append([f"`{row.name}`", _mean(figures) + partial, _written(overall), *words, _verdict(columns)])
    return header, cells


def _given(one):
    """The hyperparameters that the command line set."""
    return {key: str(value) for key, value in one.runs[0].info.get("hyperparameters", {}).items()}


def _usual(pooled):
    """The value that most settings have of each hyperparameter that some set; None where most leave it alone."""
    settings = [_given(one) for one in pooled]
    keys = {key for given in settings for key in given}
    return {key: collections.Counter(given.get(key) for given in settings).most_common(1)[0][0] for key in keys}


def _difference(row, reference, task):
    one, other = row.systems[task], reference.systems[task]
    if not one.rows("whole").equals(other.rows("whole")):
        raise XserError(f"{one.runs[0].folder} and {other.runs[0].folder} were evaluated on different utterances")
    return difference_figure(uar_figure(one, "whole"), uar_figure(other, "whole"))


def _languages(reference):
    """Every language that is held out in some task."""
    return sorted({code for one in reference.systems.values() for code in one.utterances["language"].unique()})


def _without(differences, reference, code):
    """Mean difference over the tasks that have nothing to do with a language; NaN unless all of them were run."""
    held_out = {task: set(one.utterances["language"]) for task, one in reference.systems.items()}
    spoken_in = {one.setting.target for task, one in reference.systems.items() if code in held_out[task]}
    tasks = [
        task
        for task, one in reference.systems.items()
        if code not in held_out[task] and not spoken_in & set(one.runs[0].info["sources"])
    ]
    return float(np.mean([differences[task].value for task in tasks])) if set(tasks) <= set(differences) else np.nan


def _verdict(columns):
    if any(np.isnan(columns)):
        return ""
    return "better" if min(columns) > 0 else "worse" if max(columns) < 0 else ""


def _mean(figures):
    return number(float(np.mean([figure.value for figure in figures])))


def _written(figure):
    low, high = figure.interval
    return f"{signed(figure.value)} [{signed(low)}, {signed(high)}]"
