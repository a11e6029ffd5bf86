"""Published figures, to stand beside ours: plain data in a YAML file such as ``recipes/zero_shot/published.yaml``."""

from pathlib import Path
from typing import Annotated, Literal

import pydantic

from xser.core.records import Record, read_yaml

NORMAL = 1.959964  # the 97.5 % point of the normal distribution

Percent = Annotated[float, pydantic.Field(ge=0, le=100)]
Metric = Literal["uar", "macro_f1"]
Word = Annotated[str, pydantic.StringConstraints(strip_whitespace=True, min_length=1)]


class PublishedFigures(Record):
    """Figures in %, by system."""

    uar: dict[str, Percent]
    macro_f1: dict[str, Percent]

    def of(self, metric: Metric) -> dict[str, float]:
        """The figures of one metric."""
        return self.uar if metric == "uar" else self.macro_f1


class PublishedTask(PublishedFigures):
    """What is published of one task.

    Parameters
    ----------
    label
        The task as people write it.
    utterances
        Of the target's test part.
    """

    label: Word
    utterances: pydantic.PositiveInt


class Comparable(Record):
    """The settings in which a run is the same test: words as `xser.core.run_records.RunRecord` has them."""

    kind: Word
    scheme: Word
    split: Word
    target_statistics: Word


class Published(Record):
    """Published figures.

    Parameters
    ----------
    source
        Where they are published.
    tasks
        By named task, in the order of the published table.
    mean
        Means over all tasks, as published.
    """

    source: Word
    comparable: Comparable
    tasks: Annotated[dict[str, PublishedTask], pydantic.Field(min_length=1)]
    mean: PublishedFigures

    @property
    def systems(self) -> tuple[str, ...]:
        """Systems with a figure for every task, in the order of the file."""
        first = next(iter(self.tasks.values())).uar
        return tuple(name for name in first if all(name in task.uar for task in self.tasks.values()))


def read_published(path: str | Path) -> Published:
    """Read published figures.

    Raises
    ------
    XserError
        When the file is missing or no plain YAML, a key is unknown, missing or stands twice, or a figure is none.
    """
    return read_yaml(Path(path), Published, "give the published figures, such as recipes/zero_shot/published.yaml")


def published_interval(uar: float, utterances: int) -> tuple[float, float]:
    """95 % interval, in %, of a published UAR of which only the number of test utterances is known.

    Wilson's score interval of a share of `utterances` independent trials. A UAR is such a share where emotions occur
    equally often and are recognised equally well. It is known less well where they occur unequally often, better where
    they are recognised unequally well. Neither other speakers nor other seeds are covered.

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
