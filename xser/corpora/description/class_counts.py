"""How many utterances of each class of a scheme a corpus has, and what became of every native label: the table corpus x
class, from the official numbers or from the recordings at hand.
"""

import dataclasses
from collections.abc import Collection, Sequence

from xser.corpora.description.emotions import Scheme
from xser.corpora.description.languages import language_name


@dataclasses.dataclass(frozen=True)
class Label:
    """What a scheme makes of a native label.

    Attributes
    ----------
    name
        As the corpus writes it.
    emotion
        The canonical emotion; None for a label that the corpus's description drops.
    counts_as
        The class of the scheme; None where it is left out.
    utterances
        None where the number is not known.
    """

    name: str
    emotion: str | None
    counts_as: str | None
    utterances: int | None

    @property
    def is_merged(self) -> bool:
        """Whether it counts as another emotion than its own."""
        return self.counts_as not in (None, self.emotion)

    def __str__(self) -> str:
        """Write it for people: ``Calm (calm) 408``."""
        number = "" if self.utterances is None else f" {self.utterances}"
        return f"{self.name} ({self.emotion or 'drop'}){number}"


@dataclasses.dataclass(frozen=True)
class ClassCounts:
    """A row of the table corpus x class.

    Attributes
    ----------
    name
        The corpus, or one language of it, as on the command line.
    languages
        ISO 639-3 codes.
    labels
        Every native label that has utterances.
    utterances
        All of them, in the scheme or not.
    emotions
        The classes of the scheme, in its order.
    """

    name: str
    languages: tuple[str, ...]
    labels: tuple[Label, ...]
    utterances: int
    emotions: tuple[str, ...]

    @property
    def classes(self) -> dict[str, int | None]:
        """Class -> number of utterances; 0 where it has none, None where the number is not known."""
        return {emotion: self._sum([emotion]) for emotion in self.emotions}

    @property
    def kept(self) -> int | None:
        """Number of utterances in the scheme; None where it is not known."""
        return self.utterances if not self.left_out else self._sum(self.emotions)

    @property
    def left_out(self) -> list[Label]:
        """The labels that are no class of the scheme."""
        return [label for label in self.labels if label.counts_as is None]

    @property
    def merged(self) -> list[Label]:
        """The labels that count as another emotion than their own."""
        return [label for label in self.labels if label.is_merged]

    @property
    def missing(self) -> list[str]:
        """The classes that no label counts as."""
        there = {label.counts_as for label in self.labels}
        return [emotion for emotion in self.emotions if emotion not in there]

    def _sum(self, emotions: Collection[str]) -> int | None:
        numbers = [label.utterances for label in self.labels if label.counts_as in emotions]
        known = [number for number in numbers if number is not None]
        return sum(known) if len(known) == len(numbers) else None


def count_classes(
    name: str,
    corpus_id: str,
    languages: Sequence[str],
    emotions_of: dict[str, str | None],
    counts: dict[str, int] | int,
    scheme: Scheme,
) -> ClassCounts:
    """Count the utterances of a corpus by the classes of a scheme.

    Parameters
    ----------
    name
        The row's name.
    corpus_id
        For a scheme that merges in some corpora only.
    languages
        ISO 639-3 codes.
    emotions_of
        Native label -> canonical emotion, None for one that is dropped.
    counts
        Native label -> utterances, or the number of all.

    Examples
    --------
    >>> from xser.corpora.description.emotions import SCHEMES
    >>> emotions, counts = {"Angry": "angry", "Calm": "calm", "Cough": None}, {"Angry": 3, "Calm": 2, "Cough": 1}
    >>> row = count_classes("made", "made", ["tur"], emotions, counts, SCHEMES["four_calm"])
    >>> row.classes, row.kept, row.missing
    ({'angry': 3, 'happy': 0, 'neutral': 2, 'sad': 0}, 5, ['happy', 'sad'])
    >>> print(*row.merged, *row.left_out)
    Calm (calm) 2 Cough (drop) 1
    """
    of_label = counts if isinstance(counts, dict) else None
    labels = tuple(
        Label(label, emotion, scheme.emotion_of(emotion, corpus_id), None if of_label is None else of_label[label])
        for label, emotion in emotions_of.items()
        if of_label is None or of_label.get(label)
    )
    total = counts if isinstance(counts, int) else sum(counts.values())
    return ClassCounts(name, tuple(languages), labels, total, scheme.emotions)


def class_table(rows: Sequence[ClassCounts]) -> list[str]:
    """Write the table corpus x class for people.

    Parameters
    ----------
    rows
        All of one scheme.

    Returns
    -------
    list of str
        Lines: a heading, a row a corpus, and the sum where there are several.
    """
    heading = ["corpus", "language", *rows[0].emotions, "all", "not in it"]
    body = [[row.name, _spoken(row), *_numbers(row)] for row in rows]
    if len(rows) > 1:
        columns = zip(*(_numbers(row) for row in rows), strict=True)
        body.append(["all", "", *map(_sum_of_known, columns)])
    cells = [heading, *([_cell(value) for value in row] for row in body)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(_aligned(cell, at, widths[at]) for at, cell in enumerate(row)).rstrip() for row in cells]


def label_notes(row: ClassCounts) -> list[str]:
    """Name every drop, merge and missing class of a corpus.

    Returns
    -------
    list of str
        Without the corpus's name; none where its labels are the scheme's classes.
    """
    notes = [f"not in the scheme: {', '.join(map(str, row.left_out))}"] if row.left_out else []
    merged = [f"{label} counts as {label.counts_as}" for label in row.merged]
    notes += [f"merged: {', '.join(merged)}"] if merged else []
    return notes + ([f"warning: no utterance of class {', '.join(row.missing)}"] if row.missing else [])


def _numbers(row: ClassCounts) -> list[int | None]:
    left_out = None if row.kept is None else row.utterances - row.kept
    return [*row.classes.values(), row.kept, left_out]


def _sum_of_known(numbers: Sequence[int | None]) -> int | str:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else f"{sum(known)}+"


def _spoken(row: ClassCounts) -> str:
    return ", ".join(language_name(code) for code in row.languages)


def _cell(value: int | str | None) -> str:
    return "?" if value is None else "-" if value == 0 else str(value)


def _aligned(cell: str, at: int, width: int) -> str:
    return cell.ljust(width) if at < 2 else cell.rjust(width)
