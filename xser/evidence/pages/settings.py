"""A page that compares settings of the method on languages left out of the sources.

The open choices of the method are made on sources alone: one source language after another plays the unseen one. A
table has a row for each system and setting. Its columns tell what each *other* language may learn from it: the column
"for Turkish" averages only the tasks in which Turkish is neither source nor held out, so that what is chosen by it is
not chosen by Turkish.
"""

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xser.core.document import NOTHING, Block, Heading, Paragraph, Table
from xser.core.errors import XserError
from xser.corpora.description.languages import language_name
from xser.evidence.figures.differences import Figure, difference_figure, mean_figure, uar_figure
from xser.evidence.figures.pooled import Pooled, regime
from xser.evidence.figures.sections import Systems
from xser.evidence.pages.material import Material
from xser.evidence.pages.wording import number, signed, signed_bounds

METHOD = """\
Figures are UAR in % on all recordings of the held-out language, averaged over seeds, then over tasks (pairs of sources
and a third language held out). Differences are in points from the reference, on the same tasks, with a 95 % interval by
paired bootstrap over utterances. A column "for X" averages the tasks without X: all that may be looked at when a choice
is made for results on X. **unanimous** marks a setting that is better, or worse, in every such column."""

ALIKE = ("encoder", "finetuning", "scheme", "split", "split_seed", "target_statistics")


@dataclass(frozen=True, eq=False)
class SettingRow:
    """One system with one set of hyperparameters on all its tasks.

    Attributes
    ----------
    name
        The system, and what differs from what all settings share.
    systems
        By task.
    """

    name: str
    systems: Systems


def settings_page(material: Material, reference: str) -> list[Block]:
    """Write the page: a table for each encoder, way of fine-tuning, scheme, split and knowledge of the target.

    Parameters
    ----------
    material
        Zero-shot runs.
    reference
        The row that others are compared with: a system's name, for the system with nothing else changed.

    Raises
    ------
    XserError
        When a table has no such row, or a run is not zero-shot.
    """
    alike: dict[tuple[object, ...], list[Pooled]] = {}
    for one in material.pooled:
        alike.setdefault(tuple(getattr(one.setting, field) for field in ALIKE), []).append(one)
    blocks: list[Block] = [*material.opening(), Paragraph(METHOD)]
    for together in sorted(alike.values(), key=lambda pooled: pooled[0].setting.target_statistics != "none"):
        blocks += _section(together, reference)  # blind first
    return blocks


def _section(pooled: Sequence[Pooled], reference: str) -> list[Block]:
    """Heading, what all settings share, and the table."""
    rows = setting_rows(pooled)
    by_name = {row.name: row for row in rows}
    shared = pooled[0].setting
    encoder = " ".join(filter(None, [f"`{shared.encoder}`", shared.finetuning]))
    if reference not in by_name:
        raise XserError(f"{encoder}: there is no setting {reference!r} to compare with; there are {', '.join(by_name)}")
    seeds = sorted({run.info.seed for one in pooled for run in one.runs})
    facts = (
        f"Scheme `{shared.scheme}`, split `{shared.split}` (split seed {shared.split_seed}), "
        f"training seeds {' '.join(map(str, seeds))}"
        + "".join(f", `{key}={value}`" for key, value in sorted(_usual(pooled).items()) if value is not None)
        + f". Reference: `{reference}`."
    )
    heading = Heading(f"Encoder {encoder}, {regime(shared.target_statistics)}")
    return [heading, Paragraph(facts), settings_table(rows, by_name[reference])]


def setting_rows(pooled: Sequence[Pooled]) -> list[SettingRow]:
    """Sort systems and settings that belong in one table into rows.

    Raises
    ------
    XserError
        When a run is not zero-shot.
    """
    if any(one.setting.kind != "zero_shot" for one in pooled):
        raise XserError("settings are compared over zero-shot tasks: leave runs within a corpus out")
    usual = _usual(pooled)
    rows: dict[tuple[int, str, str], Systems] = {}
    for one in pooled:
        given = _given(one)
        changed = [f"{key}={given.get(key, 'default')}" for key in sorted(usual) if given.get(key) != usual[key]]
        name = ", ".join([one.system, *changed])
        rows.setdefault((one.order, one.system, name), {})[one.setting.task] = one
    return [SettingRow(key[-1], rows[key]) for key in sorted(rows)]


def settings_table(rows: Sequence[SettingRow], reference: SettingRow) -> Table:
    """The table: a row a setting, a column a language."""
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
        words = [signed(value) if not np.isnan(value) else NOTHING for value in columns]
        difference = f"{signed(overall.value)} {signed_bounds(*overall.interval)}"
        cells.append([f"`{row.name}`", _mean(figures) + partial, difference, *words, _verdict(columns)])
    return Table(header, cells)


def _given(one: Pooled) -> dict[str, str]:
    """The hyperparameters that the command line set."""
    return {key: str(value) for key, value in one.runs[0].info.hyperparameters.items()}


def _usual(pooled: Sequence[Pooled]) -> dict[str, str | None]:
    """The value that most settings have of each hyperparameter that some set; None where most leave it alone."""
    settings = [_given(one) for one in pooled]
    keys = {key for given in settings for key in given}
    return {key: collections.Counter(given.get(key) for given in settings).most_common(1)[0][0] for key in keys}


def _difference(row: SettingRow, reference: SettingRow, task: str) -> Figure:
    one, other = row.systems[task], reference.systems[task]
    if not one.rows("whole").equals(other.rows("whole")):
        raise XserError(f"{one.runs[0].folder} and {other.runs[0].folder} were evaluated on different utterances")
    return difference_figure(uar_figure(one, "whole"), uar_figure(other, "whole"))


def _languages(reference: SettingRow) -> list[str]:
    """Every language that is held out in some task."""
    return sorted({code for one in reference.systems.values() for code in one.utterances["language"].unique()})


def _without(differences: Mapping[str, Figure], reference: SettingRow, code: str) -> float:
    """Mean difference over the tasks that have nothing to do with a language; NaN unless all of them were run."""
    held_out = {task: set(one.utterances["language"]) for task, one in reference.systems.items()}
    spoken_in = {one.setting.target for task, one in reference.systems.items() if code in held_out[task]}
    tasks = [
        task
        for task, one in reference.systems.items()
        if code not in held_out[task] and not spoken_in & set(one.runs[0].info.sources)
    ]
    return (
        float(np.mean([differences[task].value for task in tasks]))
        if tasks and set(tasks) <= set(differences)
        else np.nan
    )


def _verdict(columns: Sequence[float]) -> str:
    if any(np.isnan(columns)):
        return ""
    return "better" if min(columns) > 0 else "worse" if max(columns) < 0 else ""


def _mean(figures: Sequence[Figure]) -> str:
    return number(float(np.mean([figure.value for figure in figures])))
