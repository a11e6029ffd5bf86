"""Published figures, to stand beside ours: plain data in a YAML file such as ``recipes/zero_shot/published.yaml``."""

from pathlib import Path
from typing import NamedTuple

import yaml

from xser.core.errors import XserError
from xser.corpora.description.corpus_yaml import OnceLoader

COMPARABLE = ("kind", "scheme", "split", "target_statistics")  # fields of `xser.evidence.figures.pooled.Setting`
NORMAL = 1.959964  # the 97.5 % point of the normal distribution


class PublishedTask(NamedTuple):
    """What is published of one task, in %.

    Attributes
    ----------
    label : str
        The task as people write it.
    utterances : int
        Of the target's test part; 0 for a mean over tasks.
    uar, macro_f1 : dict of str to float
        By system.
    """

    label: str
    utterances: int
    uar: dict
    macro_f1: dict


class Published(NamedTuple):
    """Published figures.

    Attributes
    ----------
    source : str
        Where they are published.
    comparable : dict of str to str
        Fields of a setting in which a run is the same test.
    tasks : dict of str to PublishedTask
        By named task, in the order of the published table.
    mean : PublishedTask
        Means over all tasks, as published.
    """

    source: str
    comparable: dict
    tasks: dict
    mean: PublishedTask

    @property
    def systems(self):
        """Systems with a figure for every task, in the order of the file."""
        first = next(iter(self.tasks.values())).uar
        return tuple(name for name in first if all(name in task.uar for task in self.tasks.values()))


def read_published(path):
    """Read published figures.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Published

    Raises
    ------
    XserError
        When the file is missing or no plain YAML, a key is unknown, missing or stands twice, or a figure is none.
    """
    path = Path(path)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=OnceLoader)
    except FileNotFoundError as error:
        raise XserError(f"there is no file {path}: give the published figures, such as published.yaml") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise XserError(f"{path} is not plain YAML ({error})") from error
    top = _mapping(path, "the file", content, ("source", "comparable", "tasks", "mean"))
    if not isinstance(top["source"], str) or not top["source"].strip():
        raise XserError(f"{path}: source should say where the figures are published")
    comparable = _mapping(path, "comparable", top["comparable"], COMPARABLE)
    if not all(isinstance(value, str) for value in comparable.values()):
        raise XserError(f"{path}: the values of comparable should be words, as run.json has them")
    if not isinstance(top["tasks"], dict) or not top["tasks"]:
        raise XserError(f"{path}: tasks should hold a mapping for each named task")
    tasks = {str(name): _task(path, f"tasks: {name}", task) for name, task in top["tasks"].items()}
    mean = _mapping(path, "mean", top["mean"], ("uar", "macro_f1"))
    figures = (_figures(path, f"mean: {key}", mean[key]) for key in ("uar", "macro_f1"))
    return Published(top["source"].strip(), comparable, tasks, PublishedTask("mean", 0, *figures))


def _task(path, where, content):
    task = _mapping(path, where, content, PublishedTask._fields)
    if not isinstance(task["label"], str) or not task["label"]:
        raise XserError(f"{path}: {where}: label should be a word, not {task['label']!r}")
    count = task["utterances"]
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise XserError(f"{path}: {where}: utterances should be the number of the test part's, not {count!r}")
    figures = (_figures(path, f"{where}: {key}", task[key]) for key in ("uar", "macro_f1"))
    return PublishedTask(task["label"], count, *figures)


def _mapping(path, where, content, keys):
    """Check that `content` is a mapping with just these keys."""
    if not isinstance(content, dict):
        raise XserError(f"{path}: {where} should hold {', '.join(keys)}")
    unknown = [str(key) for key in content if key not in keys]
    missing = [key for key in keys if key not in content]
    if unknown or missing:
        what = f"has an unknown key {unknown[0]!r}" if unknown else f"lacks {missing[0]}"
        raise XserError(f"{path}: {where} {what}; it should hold {', '.join(keys)}")
    return content


def _figures(path, where, content):
    if not isinstance(content, dict):
        raise XserError(f"{path}: {where} should hold a figure for each system")
    for system, value in content.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not isinstance(system, str) or not number or not 0 <= value <= 100:
            raise XserError(f"{path}: {where}: {system} should be a system and {value!r} a number of % from 0 to 100")
    return {system: float(value) for system, value in content.items()}


def published_interval(uar, utterances):
    """95 % interval of a published UAR of which only the number of test utterances is known.

    Wilson's score interval of a share of `utterances` independent trials. A UAR is such a share where emotions occur
    equally often and are recognised equally well; it is known less well where they occur unequally often, better where
    they are recognised unequally well. Neither other speakers nor other seeds are covered.

    Parameters
    ----------
    uar : float
        In %.
    utterances : int

    Returns
    -------
    tuple of float
        In %.

    Examples
    --------
    >>> [round(end, 1) for end in published_interval(88.19, 38)]
    [74.3, 95.1]
    """
    share, squared = uar / 100, NORMAL**2
    middle = (share + squared / (2 * utterances)) / (1 + squared / utterances)
    half = NORMAL / (1 + squared / utterances)
    half *= (share * (1 - share) / utterances + squared / (4 * utterances**2)) ** 0.5
    return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)
