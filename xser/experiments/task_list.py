"""Named tasks: the grids of ``recipes/zero_shot/tasks.yaml``, plain data that a safe loader reads."""

import dataclasses
import difflib
import re
from pathlib import Path

import yaml

from xser.core.errors import XserError
from xser.corpora.description.corpus_yaml import OnceLoader

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # a task's name is part of file names
COUNTS = ("training_utterances", "training_speakers")


@dataclasses.dataclass(frozen=True)
class NamedTask:
    """A task with a name.

    Attributes
    ----------
    name : str
        As in ``--task``.
    source : str
        The corpus, or one language of it (``esd:cmn``), that a system trained on one source learns from.
    non_target : tuple of str
        The other corpora that are learned from.
    target : str
        The corpus that training never sees.
    training_utterances, training_speakers : int or None
        What was published of source and non-target languages together; None when nothing was.

    Examples
    --------
    >>> NamedTask("en-de", "meld", ("esd:cmn", "cafe"), "emodb").sources
    ('meld', 'esd:cmn', 'cafe')
    """

    name: str
    source: str
    non_target: tuple[str, ...]
    target: str
    training_utterances: int | None = None
    training_speakers: int | None = None

    @property
    def sources(self):
        """Everything that is learned from, the source first."""
        return (self.source, *self.non_target)


@dataclasses.dataclass(frozen=True)
class Grid:
    """Tasks that belong in one table.

    Attributes
    ----------
    name : str
        As in ``--grid``.
    options : dict of str to str
        Options of run.sh that hold for its tasks unless the command line gives them, by name without dashes.
    tasks : tuple of NamedTask
        In the order of the file.
    """

    name: str
    options: dict[str, str]
    tasks: tuple[NamedTask, ...]


def tasks_yaml(recipes):
    """Path of the file."""
    return Path(recipes) / "zero_shot" / "tasks.yaml"


def read_grids(recipes):
    """Read and check every grid.

    Parameters
    ----------
    recipes : str or Path
        The folder of recipes.

    Returns
    -------
    dict of str to Grid
        In the order of the file.

    Raises
    ------
    XserError
        Naming the file and what is wrong: YAML that cannot be read, unknown, missing or mistyped keys, two tasks of one
        name. Whether the corpora exist is looked at when a task is used.
    """
    path = tasks_yaml(recipes)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=OnceLoader)
    except OSError as error:
        raise XserError(f"{path} cannot be read ({error.strerror}): give --sources and --target instead") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise XserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise XserError(f"{path} should hold grids of tasks by name")
    grids = {name: _grid(path, name, value) for name, value in content.items()}
    names = [task.name for grid in grids.values() for task in grid.tasks]
    for name in names:
        if names.count(name) > 1:
            raise XserError(f"{path}: two tasks are called {name}: rename one")
    return grids


def read_grid(recipes, name):
    """Read one grid.

    Parameters
    ----------
    recipes : str or Path
        The folder of recipes.
    name : str
        As in ``--grid``.

    Returns
    -------
    Grid

    Raises
    ------
    XserError
        When there is no such grid, or the file is at fault.
    """
    return _named("grid", name, read_grids(recipes), tasks_yaml(recipes))


def find_task(recipes, name):
    """Find a task of any grid.

    Parameters
    ----------
    recipes : str or Path
        The folder of recipes.
    name : str
        As in ``--task``.

    Returns
    -------
    NamedTask

    Raises
    ------
    XserError
        When there is no such task, or the file is at fault.
    """
    tasks = {task.name: task for grid in read_grids(recipes).values() for task in grid.tasks}
    return _named("task", name, tasks, tasks_yaml(recipes))


def training_beside_published(named, infos):
    """Count what a task learns from, beside what was published.

    Parameters
    ----------
    named : NamedTask
        The task.
    infos : list of dict
        Content of manifest.json of each of its sources.

    Returns
    -------
    dict
        ``utterances`` and ``speakers`` of the training parts, ``published_utterances`` and ``published_speakers`` (None
        where nothing was), and ``lost``: sentences that say which utterances the training parts lack.
    """
    tables = [info["tables"][0] for info in infos]
    return {
        "utterances": sum(sum(table["counts"]["train"].values()) for table in tables),
        "published_utterances": named.training_utterances,
        "speakers": sum(table["speakers"]["train"] for table in tables),
        "published_speakers": named.training_speakers,
        "lost": [sentence for info in infos for sentence in info.get("lost", []) if "(train)" in sentence],
    }


def _named(what, name, known, path):
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        perhaps = f" (did you mean {close[0]}?)" if close else ""
        raise XserError(f"there is no {what} {name!r}{perhaps}; {path} has {', '.join(known)}")
    return known[name]


def _grid(path, name, value):
    if not isinstance(value, dict) or not {"tasks"} <= set(value) <= {"options", "tasks"}:
        raise XserError(f"{path}: the grid {name} needs `tasks`, and perhaps `options`")
    options, tasks = value.get("options", {}), value["tasks"]
    if not isinstance(options, dict) or any(isinstance(option, (dict, list)) for option in options.values()):
        raise XserError(f"{path}: `options` of the grid {name} must be option: value")
    if not isinstance(tasks, dict) or not tasks:
        raise XserError(f"{path}: `tasks` of the grid {name} must be tasks by name")
    texts = {str(option): str(chosen) for option, chosen in options.items()}
    return Grid(str(name), texts, tuple(_task(path, *item) for item in tasks.items()))


def _task(path, name, value):
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise XserError(f"{path}: the task {name!r} needs a name of letters, digits, - and _")
    where = f"{path}: the task {name}"
    needed = {"source", "non_target", "target"}
    if not isinstance(value, dict) or not needed <= set(value) <= needed | set(COUNTS):
        raise XserError(f"{where} needs `source`, `non_target`, `target`, and perhaps {' and '.join(COUNTS)}")
    non_target = value["non_target"]
    if not isinstance(non_target, list) or not all(isinstance(word, str) for word in non_target):
        raise XserError(f"{where}: `non_target` must list corpora")
    if not isinstance(value["source"], str) or not isinstance(value["target"], str):
        raise XserError(f"{where}: `source` and `target` must each be one corpus")
    counts = [value.get(key) for key in COUNTS]
    if any(count is not None and type(count) is not int for count in counts):
        raise XserError(f"{where}: {' and '.join(COUNTS)} must be whole numbers")
    return NamedTask(name, value["source"], tuple(non_target), value["target"], *counts)
