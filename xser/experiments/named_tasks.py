"""Named tasks: the grids of ``recipes/zero_shot/tasks.yaml``."""

import functools
import re
from pathlib import Path
from typing import Any

import pydantic

from xser.core.errors import XserError
from xser.core.records import Record, read_yaml
from xser.core.words import close_match
from xser.experiments.catalogue import Catalogue

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # a task's name is part of file names


class NamedTask(Record):
    """A task with a name.

    Examples
    --------
    >>> NamedTask(source="meld", non_target=("esd:cmn", "cafe"), target="emodb").sources
    ('meld', 'esd:cmn', 'cafe')
    """

    source: str = pydantic.Field(
        description="the corpus, or one language of it (corpus:cmn), that a system trained on one source learns from"
    )
    non_target: tuple[str, ...] = pydantic.Field(description="the other corpora that are learned from")
    target: str = pydantic.Field(description="the corpus that training never sees")
    training_utterances: int | None = pydantic.Field(None, description="what was published of all sources together")
    training_speakers: int | None = pydantic.Field(None, description="what was published of all sources together")
    name: str = pydantic.Field("", exclude=True, description="set by the key it stands under")

    @property
    def sources(self) -> tuple[str, ...]:
        """Everything that is learned from, the source first."""
        return (self.source, *self.non_target)


class Grid(Record):
    """Tasks that belong in one table."""

    options: dict[str, str] = pydantic.Field(
        default_factory=dict, description="options of every task unless the command line gives them, without dashes"
    )
    tasks: dict[str, NamedTask] = pydantic.Field(description="the tasks by name", min_length=1)
    name: str = pydantic.Field("", exclude=True, description="set by the key it stands under")


class Grids(pydantic.RootModel[dict[str, Grid]]):
    """The file: grids by name."""

    @pydantic.model_validator(mode="after")
    def _names(self) -> "Grids":
        names = [name for grid in self.root.values() for name in grid.tasks]
        for name in names:
            if not _NAME.fullmatch(name):
                raise ValueError(f"the task {name!r} needs a name of letters, digits, - and _")
            if names.count(name) > 1:
                raise ValueError(f"two tasks are called {name}: rename one")
        return self


def read_grids(path: Path) -> dict[str, Grid]:
    """Read and check every grid of a file, in its order.

    Raises
    ------
    XserError
        Naming the file and what is wrong. Whether the corpora exist is looked at when a task is used.
    """
    grids = _read(path).root
    return {name: _named(name, grid) for name, grid in grids.items()}


@functools.cache
def _read(path: Path) -> Grids:
    return read_yaml(path, Grids, "give --sources and --target instead")


def _named(name: str, grid: Grid) -> Grid:
    tasks = {each: task.model_copy(update={"name": each}) for each, task in grid.tasks.items()}
    return grid.model_copy(update={"name": name, "tasks": tasks})


def find_grid(catalogue: Catalogue, name: str) -> Grid:
    """Find the grid that ``--grid`` names.

    Raises
    ------
    XserError
        When there is none of this name.
    """
    path = catalogue.find("zero_shot", "tasks.yaml")
    return _found("grid", name, read_grids(path), path)


def find_task(catalogue: Catalogue, name: str) -> NamedTask:
    """Find the task of any grid that ``--task`` names.

    Raises
    ------
    XserError
        When there is none of this name.
    """
    path = catalogue.find("zero_shot", "tasks.yaml")
    tasks = {task.name: task for grid in read_grids(path).values() for task in grid.tasks.values()}
    return _found("task", name, tasks, path)


def _found(what: str, name: str, known: dict[str, Any], path: Path) -> Any:
    if name not in known:
        raise XserError(f"there is no {what} {name!r}{close_match(name, known)}; {path} has {', '.join(known)}")
    return known[name]
