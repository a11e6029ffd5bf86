"""What every page is written from: the runs put together, and what must be told beside their figures."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xser.core.document import Block, Code, Heading, Items, Paragraph
from xser.evidence.figures.pooled import Pooled, regime
from xser.evidence.figures.published import Published
from xser.evidence.figures.sections import Columns, Section, sort_into_sections, systems_of

PART_TITLES = {"whole": "whole target", "test": "test part"}


@dataclass(frozen=True, eq=False)
class Material:
    """What a page is written from.

    Parameters
    ----------
    pooled
        From `xser.evidence.figures.pooled.pool_runs`.
    title
        Heading of the page.
    paragraphs
        What the reader should know first.
    command
        The command that asked for the page; empty when only the runs' commands are known.
    """

    pooled: list[Pooled]
    title: str = ""
    paragraphs: Sequence[str] = ()
    command: str = ""
    published: Published | None = None

    @functools.cached_property
    def sections(self) -> dict[Section, Columns]:
        """Systems by section, task and name."""
        return sort_into_sections(self.pooled)

    @functools.cached_property
    def notes(self) -> list[str]:
        """What must be known beside the figures: chosen sources, what was left out, made-up data."""
        return notes(self.pooled)

    @property
    def run_count(self) -> int:
        """How many runs there are."""
        return sum(len(system.runs) for system in self.pooled)

    @property
    def commands(self) -> list[str]:
        """The commands that made the runs, each once."""
        return commands_of(self.pooled)

    @property
    def versions(self) -> str:
        """Versions of all libraries that the runs were made with, as a line."""
        versions: dict[str, dict[str, None]] = {}
        for run in (run for system in self.pooled for run in system.runs):
            for name, version in run.info.versions.items():
                versions.setdefault(name, {}).setdefault(str(version))
        line = ", ".join(f"{name} {' / '.join(found)}" for name, found in sorted(versions.items()))
        return line or "not recorded"

    def opening(self) -> list[Block]:
        """What a page begins with."""
        return [Heading(self.title, 1), *[Paragraph(text) for text in self.paragraphs]]

    def left_out(self) -> list[Block]:
        """The section of the notes."""
        what = Items(self.notes) if self.notes else Paragraph("Nothing was left out.")
        return [Heading("What was left out, and what else to know"), what]

    def provenance(self, quoted: bool = True) -> list[Block]:
        """What a page ends with: how its figures were made.

        Parameters
        ----------
        quoted
            Quote the runs' commands too; else it is told where they are.
        """
        commands = list(dict.fromkeys([*(self.commands if quoted else []), *filter(None, [self.command])]))
        each_run = "" if quoted else "command and "
        return [
            Heading("How these figures were made"),
            Paragraph(f"{self.run_count} runs. Versions: {self.versions}. Commands:"),
            Code("\n".join(commands)),
            Paragraph(
                f"The JSON file beside this page holds each run's {each_run}fingerprints of data, split and "
                "hyperparameters."
            ),
        ]


def commands_of(pooled: Iterable[Pooled]) -> list[str]:
    """The commands that made the runs, each once."""
    return list(dict.fromkeys(run.info.command for system in pooled for run in system.runs))


def notes(pooled: Sequence[Pooled]) -> list[str]:
    """What a reader must know beside the figures, as sentences: chosen sources, what was left out, made-up data."""
    runs = [run.info for system in pooled for run in system.runs]
    lines = [_chosen_source(system) for system in pooled if len(system.candidates) > 1]
    lines += list(filter(None, map(_missing_emotions, pooled)))
    lines += [sentence for run in runs for sentence in run.left_out]
    lines += [f"Severe, and allowed: {sentence}." for run in runs for sentence in run.allowed]
    lines += [f"The audit warns: {sentence}." for run in runs for sentence in run.warnings]
    if not all(run.complete for run in runs):
        lines.append("Some corpora were incomplete: these figures cannot be compared with those of whole corpora.")
    if any(run.made_up for run in runs):
        lines.append("Made-up recordings: these figures show that everything runs, and say nothing about real speech.")
    return list(dict.fromkeys(lines))


def _chosen_source(system: Pooled) -> str:
    by = ", ".join(f"{source} {100 * uar:.1f}" for source, uar in system.candidates.items())
    return (
        f"{system.setting.task}, {system.setting.encoder}: {system.system} is trained on {system.source}, the single "
        f"source chosen by validation (mean UAR over the sources' validation parts: {by})."
    )


def _missing_emotions(system: Pooled) -> str:
    """What the figures of a target are worth that lacks emotions; empty where none is missing."""
    target, there = system.setting.target, set(system.utterances["emotion"])
    missing = [name for name in system.emotions if name not in there]
    if len(missing) == len(system.emotions) - 1:
        (only,) = there
        return (
            f"WARNING: every utterance of {target} is {only}. Its UAR is how often {only} is answered, and says "
            "nothing of telling emotions apart. For recordings without labels there is `xser predict`."
        )
    if not missing:
        return ""
    return f"{target} has no utterance of {', '.join(missing)}: UAR and macro-F1 are means over its other classes."


def headings(sections: Iterable[Section]) -> dict[Section, str]:
    """Titles of sections: regime and encoder, and whatever else tells sections apart that would be called the same."""
    alike: dict[str, list[Section]] = {}
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


def facts(section: Section, columns: Columns) -> str:
    """Scheme, split, seeds and sources of a section, in a line."""
    systems = systems_of(columns)
    told = [f"Scheme `{section.scheme}`, split `{section.split}` (split seed {section.split_seed})"]
    told += [f"fine-tuning `{section.finetuning}`"] if section.finetuning else []
    told += [f"hyperparameters `{section.hyperparameters}`"] if section.hyperparameters else []
    encoders = {task: next(iter(column.values())).setting.encoder for task, column in columns.items()}
    if set(encoders.values()) != {section.encoder}:
        told.append("encoders " + ", ".join(f"`{name}` ({task})" for task, name in encoders.items()))
    seeds: dict[str, list[Pooled]] = {}
    for system in systems:
        seeds.setdefault(" ".join(map(str, system.seeds)), []).append(system)
    common = max(seeds, key=lambda key: (len(seeds[key]), key))
    told.append(f"training seeds {common}")
    for other in sorted(seeds.keys() - {common}):
        names = ", ".join(f"{system.setting.task} {system.system}" for system in seeds[other])
        told.append(f"but {other} for {names}")
    folds = sorted({len(system.folds) for system in systems if system.folds != (0,)})
    if folds:
        told.append(f"{' or '.join(map(str, folds))} folds, each utterance tested once, scored as one set")
    line = "; ".join(told) + "."
    if section.kind == "within":
        return line
    tasks = ", ".join(_sources_and_target(task, next(iter(column.values()))) for task, column in columns.items())
    return f"{line} Tasks (sources-to-target): {tasks}."


def _sources_and_target(task: str, one: Pooled) -> str:
    return f"`{one.named_task}` ({one.sources}-to-{one.setting.target})" if one.named_task else f"`{task}`"
