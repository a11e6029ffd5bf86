"""Systems sorted into tables: what shares all settings but the task stands in one section, a row or column a task."""

import collections
from typing import NamedTuple

from xser.core.errors import XserError
from xser.evidence.figures.pooled import Setting, regime, system_rank

Section = collections.namedtuple("Section", [name for name in Setting._fields if name not in ("task", "target")])
Section.__doc__ = "What the tasks of one table share: the fields of `Setting` without the task and its target."

LANGUAGE_MATCHED = "language_matched"  # as in `--encoder`


class TaskRow(NamedTuple):
    """One task of a section.

    Attributes
    ----------
    name : str
        The task's name in a list of tasks; without one, its sources and target.
    label : str
        As people write it.
    systems : dict of str to Pooled
        Empty for a task that is published and not run.
    published : PublishedTask or None
    """

    name: str
    label: str
    systems: dict
    published: object


def section_of(pooled):
    """The section that a system belongs to.

    Where each task takes the encoder of its source's language, that rule is the encoder that the tasks share.
    """
    shared = Section(*(getattr(pooled.setting, field) for field in Section._fields))
    by_rule = all(run.info.get("encoder_option") == LANGUAGE_MATCHED for run in pooled.runs)
    return shared._replace(encoder=LANGUAGE_MATCHED) if by_rule else shared


def sort_into_sections(pooled):
    """Sort systems: {Section: {task: {system: Pooled}}}, zero-shot sections first."""
    sections = {}
    for system in pooled:
        sections.setdefault(section_of(system), {}).setdefault(system.setting.task, {})[system.system] = system
    return dict(sorted(sections.items(), key=lambda item: (item[0].kind != "zero_shot", item[0])))


def groups_of_tasks(columns, published=None):
    """The rows of a section's tables, a group for each table.

    Parameters
    ----------
    columns : dict of str to dict of str to Pooled
        Systems by task, from `sort_into_sections`.
    published : Published, optional
        Where one of its tasks is here, all of them have a row, in its order; other tasks are a group of their own.

    Returns
    -------
    list of list of TaskRow

    Raises
    ------
    XserError
        When two tasks bear one name, or tasks with one target were evaluated on different utterances.
    """
    by_name = {}
    for task, systems in columns.items():
        name = next((system.named_task for system in systems.values() if system.named_task), task)
        if name in by_name:
            raise XserError(f"two tasks are called {name}: report the folder of one of them")
        by_name[name] = systems
    _check_targets(by_name)
    expected = published.tasks if published and by_name.keys() & published.tasks.keys() else {}
    rows = [TaskRow(name, task.label, by_name.get(name, {}), task) for name, task in expected.items()]
    others = [TaskRow(name, name, systems, None) for name, systems in by_name.items() if name not in expected]
    return [group for group in (rows, others) if group]


def _check_targets(by_name):
    """Check that tasks with one target have the same utterances: their mean draws them together."""
    first = {}
    for name, systems in by_name.items():
        for system in systems.values():
            for part in system.parts:
                other_name, other = first.setdefault((system.setting.target, part), (name, system))
                if not system.rows(part).equals(other.rows(part)):
                    raise XserError(
                        f"{other_name} and {name} have one target but were evaluated on different utterances or "
                        f"labels; evaluate both on the same data ({other.runs[0].folder}, {system.runs[0].folder})"
                    )


def obstacles(section, rows, published):
    """Why the runs of a section are not the same test as the published ones.

    Returns
    -------
    list of str
        Empty when they may be compared.
    """
    found = [
        f"{field} is {getattr(section, field)}, published {value}"
        for field, value in published.comparable.items()
        if getattr(section, field) != value
    ]
    run = [(row, system) for row in rows if row.published for system in row.systems.values()]
    if any(each.info["made_up"] for _, system in run for each in system.runs):
        found.append("recordings are made up")
    if not all(each.info["complete"] for _, system in run for each in system.runs):
        found.append("corpora are incomplete")
    for row, system in run:
        count = len(system.rows("test")) if "test" in system.parts else 0
        if count != row.published.utterances:
            found.append(f"the test part of {row.name} has {count} utterances, published {row.published.utterances}")
    return list(dict.fromkeys(found))


def training_counts(rows):
    """What tasks learned from, where it is not what was published, a line each."""
    said = []
    for row in rows:
        runs = [run for system in row.systems.values() for run in system.runs]
        counts = next((run.info["task_training"] for run in runs if run.info.get("task_training")), None)
        if counts:
            said += [
                f"{row.name}: {counts[what]} training {what}, published {counts[f'published_{what}']}"
                for what in ("utterances", "speakers")
                if counts.get(f"published_{what}") not in (None, counts.get(what))
            ]
    return said


def missing(rows, systems):
    """What a full table would need and has not, a line each.

    Parameters
    ----------
    rows : list of TaskRow
    systems : sequence of str
        The systems that every task should have.

    Returns
    -------
    list of str
        Seeds are missing where another task or system of the table has them.
    """
    seeds = {seed for row in rows for system in row.systems.values() for seed in system.seeds}
    said = []
    nothing = [row.name for row in rows if not row.systems]
    if nothing:
        said.append(f"not run at all: {', '.join(nothing)}")
    for row in rows:
        absent = [name for name in systems if name not in row.systems] if row.systems else []
        gaps = {name: sorted(seeds - set(system.seeds)) for name, system in row.systems.items()}
        what = [f"without {', '.join(absent)}"] if absent else []
        what += [f"{name} without seed {' '.join(map(str, lacking))}" for name, lacking in gaps.items() if lacking]
        if what:
            said.append(f"{row.name}: {'; '.join(what)}")
    return said


def systems_of(rows):
    """Names of all systems of some rows, in the usual order."""
    return sorted({name for row in rows for name in row.systems}, key=system_rank)


def headings(sections):
    """Titles of sections: regime and encoder, and whatever else tells sections apart that would be called the same.

    Parameters
    ----------
    sections : iterable of Section

    Returns
    -------
    dict of Section to str
        Names are in backticks.
    """
    alike = {}
    for section in sections:
        what = "Unseen language" if section.kind == "zero_shot" else "Each corpus by itself"
        title = f"{what}, {regime(section.target_statistics)}, encoder `{section.encoder}`"
        alike.setdefault(title, []).append(section)
    titles = {}
    for title, several in alike.items():
        differing = [field for field in Section._fields if len({getattr(section, field) for section in several}) > 1]
        for section in several:
            names = (f"{field.replace('_', ' ')} `{getattr(section, field) or 'none'}`" for field in differing)
            titles[section] = ", ".join([title, *names])
    return titles


def facts(section, columns):
    """Scheme, split, seeds and sources of a section, in a line.

    Parameters
    ----------
    section : Section
    columns : dict of str to dict of str to Pooled
        Systems by task.

    Returns
    -------
    str
        Names are in backticks.
    """
    systems = [system for column in columns.values() for system in column.values()]
    said = [f"Scheme `{section.scheme}`, split `{section.split}` (split seed {section.split_seed})"]
    said += [f"fine-tuning `{section.finetuning}`"] if section.finetuning else []
    said += [f"hyperparameters `{section.hyperparameters}`"] if section.hyperparameters else []
    encoders = {task: next(iter(column.values())).setting.encoder for task, column in columns.items()}
    if set(encoders.values()) != {section.encoder}:
        said.append("encoders " + ", ".join(f"`{name}` ({task})" for task, name in encoders.items()))
    seeds = {}
    for system in systems:
        seeds.setdefault(" ".join(map(str, system.seeds)), []).append(system)
    common = max(seeds, key=lambda key: (len(seeds[key]), key))
    said.append(f"training seeds {common}")
    for other in sorted(seeds.keys() - {common}):
        names = ", ".join(f"{system.setting.task} {system.system}" for system in seeds[other])
        said.append(f"but {other} for {names}")
    folds = sorted({len(system.folds) for system in systems if system.folds != (0,)})
    if folds:
        said.append(f"{' or '.join(map(str, folds))} folds, each utterance tested once, scored as one set")
    line = "; ".join(said) + "."
    tasks = ", ".join(_sources_and_target(task, column) for task, column in columns.items())
    return line if section.kind == "within" else f"{line} Tasks (sources-to-target): {tasks}."


def _sources_and_target(task, column):
    one = next(iter(column.values()))
    if not one.named_task:
        return f"`{task}`"
    return f"`{one.named_task}` ({'+'.join(one.runs[0].info['sources'])}-to-{one.setting.target})"
