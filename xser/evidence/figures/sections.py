"""Systems sorted into tables: what shares all settings but the task stands in one section, a row or column a task."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from xser.core.errors import XserError
from xser.evidence.figures.pooled import Part, Pooled
from xser.evidence.figures.published import Published, PublishedTask

LANGUAGE_MATCHED = "language_matched"  # as in `--encoder`

# Systems by name, and these by task.
Systems: TypeAlias = dict[str, Pooled]
Columns: TypeAlias = dict[str, Systems]


class Section(NamedTuple):
    """What the tasks of one table share: the fields of `Setting` without the task and its target."""

    kind: str
    encoder: str
    finetuning: str
    scheme: str
    split: str
    split_seed: int
    target_statistics: str
    hyperparameters: str


class TaskRow(NamedTuple):
    """One task of a section.

    Attributes
    ----------
    name
        The task's name in a list of tasks; without one, its sources and target.
    label
        As people write it.
    systems
        Empty for a task that is published and not run.
    """

    name: str
    label: str
    systems: Systems
    published: PublishedTask | None


def section_of(pooled: Pooled) -> Section:
    """The section that a system belongs to.

    Where each task takes the encoder of its source's language, that rule is the encoder that the tasks share.
    """
    shared = Section(*(getattr(pooled.setting, field) for field in Section._fields))
    by_rule = all(run.info.encoder_option == LANGUAGE_MATCHED for run in pooled.runs)
    return shared._replace(encoder=LANGUAGE_MATCHED) if by_rule else shared


def sort_into_sections(pooled: Sequence[Pooled]) -> dict[Section, Columns]:
    """Sort systems by section, zero-shot sections first."""
    sections: dict[Section, Columns] = {}
    for system in pooled:
        sections.setdefault(section_of(system), {}).setdefault(system.setting.task, {})[system.system] = system
    return dict(sorted(sections.items(), key=lambda item: (item[0].kind != "zero_shot", item[0])))


def groups_of_tasks(columns: Columns, published: Published | None = None) -> list[list[TaskRow]]:
    """The rows of a section's tables, a group for each table.

    Where one of the published tasks is here, all of them have a row, in their order; other tasks are a group apart.

    Raises
    ------
    XserError
        When two tasks bear one name, or tasks with one target were evaluated on different utterances.
    """
    by_name: Columns = {}
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


def _check_targets(by_name: Columns) -> None:
    """Check that tasks with one target have the same utterances: their mean draws them together."""
    first: dict[tuple[str, Part], tuple[str, Pooled]] = {}
    for name, systems in by_name.items():
        for system in systems.values():
            for part in system.parts:
                other_name, other = first.setdefault((system.setting.target, part), (name, system))
                if not system.rows(part).equals(other.rows(part)):
                    raise XserError(
                        f"{other_name} and {name} have one target but were evaluated on different utterances or "
                        f"labels; evaluate both on the same data ({other.runs[0].folder}, {system.runs[0].folder})"
                    )


def obstacles(section: Section, rows: Sequence[TaskRow], published: Published) -> list[str]:
    """Why the runs of a section are not the same test as the published ones; empty when they may be compared."""
    found = [
        f"{field} is {getattr(section, field)}, published {value}"
        for field, value in published.comparable
        if getattr(section, field) != value
    ]
    run = [(row.name, row.published, system) for row in rows if row.published for system in row.systems.values()]
    if any(each.info.made_up for _, _, system in run for each in system.runs):
        found.append("recordings are made up")
    if not all(each.info.complete for _, _, system in run for each in system.runs):
        found.append("corpora are incomplete")
    for name, task, system in run:
        count = len(system.rows("test")) if "test" in system.parts else 0
        if count != task.utterances:
            found.append(f"the test part of {name} has {count} utterances, published {task.utterances}")
    return list(dict.fromkeys(found))


def training_counts(rows: Sequence[TaskRow]) -> list[str]:
    """What tasks learned from, where it is not what was published, a line each."""
    lines = []
    for row in rows:
        runs = [run for system in row.systems.values() for run in system.runs]
        counts = next((run.info.task_training for run in runs if run.info.task_training), None)
        if counts is None:
            continue
        pairs = {
            "utterances": (counts.utterances, counts.published_utterances),
            "speakers": (counts.speakers, counts.published_speakers),
        }
        lines += [
            f"{row.name}: {ours} training {what}, published {published}"
            for what, (ours, published) in pairs.items()
            if published not in (None, ours)
        ]
    return lines


def missing(rows: Sequence[TaskRow], systems: Sequence[str]) -> list[str]:
    """What a full table would need and has not, a line each.

    Parameters
    ----------
    systems
        The systems that every task should have. Seeds are missing where another task or system of the table has them.
    """
    seeds = {seed for row in rows for system in row.systems.values() for seed in system.seeds}
    nothing = [row.name for row in rows if not row.systems]
    lines = [f"not run at all: {', '.join(nothing)}"] if nothing else []
    for row in rows:
        absent = [name for name in systems if name not in row.systems] if row.systems else []
        gaps = {name: sorted(seeds - set(system.seeds)) for name, system in row.systems.items()}
        what = [f"without {', '.join(absent)}"] if absent else []
        what += [f"{name} without seed {' '.join(map(str, lacking))}" for name, lacking in gaps.items() if lacking]
        if what:
            lines.append(f"{row.name}: {'; '.join(what)}")
    return lines


def systems_of(columns: Mapping[str, Systems]) -> list[Pooled]:
    """All systems of some tasks."""
    return [system for systems in columns.values() for system in systems.values()]
