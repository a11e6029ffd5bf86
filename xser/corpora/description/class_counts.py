"""How many utterances of each class of a scheme a corpus has, and what became of every native label: the table corpus x
class, from the official numbers or from the recordings at hand.
"""

import dataclasses

from xser.corpora.description.languages import language_name


@dataclasses.dataclass(frozen=True)
class Label:
    """What a scheme makes of a native label.

    Attributes
    ----------
    name : str
        As the corpus writes it.
    emotion : str or None
        The canonical emotion; None for a label that the corpus's description drops.
    counts_as : str or None
        The class of the scheme; None where it is left out.
    utterances : int or None
        None where the number is not known.
    """

    name: str
    emotion: str | None
    counts_as: str | None
    utterances: int | None

    @property
    def is_merged(self):
        """Whether it counts as another emotion than its own."""
        return self.counts_as not in (None, self.emotion)

    def __str__(self):
        """Write it for people: ``Calm (calm) 408``."""
        number = "" if self.utterances is None else f" {self.utterances}"
        return f"{self.name} ({self.emotion or 'drop'}){number}"


@dataclasses.dataclass(frozen=True)
class ClassCounts:
    """A row of the table corpus x class.

    Attributes
    ----------
    name : str
        The corpus, or one language of it, as on the command line.
    languages : tuple of str
        ISO 639-3 codes.
    labels : tuple of Label
        Every native label that has utterances.
    utterances : int
        All of them, in the scheme or not.
    emotions : tuple of str
        The classes of the scheme, in its order.
    """

    name: str
    languages: tuple[str, ...]
    labels: tuple[Label, ...]
    utterances: int
    emotions: tuple[str, ...]

    @property
    def classes(self):
        """Class -> number of utterances; 0 where it has none, None where the number is not known."""
        return {emotion: self._sum([emotion]) for emotion in self.emotions}

    @property
    def kept(self):
        """Number of utterances in the scheme; None where it is not known."""
        return self.utterances if not self.left_out else self._sum(self.emotions)

    @property
    def left_out(self):
        """The labels that are no class of the scheme."""
        return [label for label in self.labels if label.counts_as is None]

    @property
    def merged(self):
        """The labels that count as another emotion than their own."""
        return [label for label in self.labels if label.is_merged]

    @property
    def missing(self):
        """The classes that no label counts as."""
        there = {label.counts_as for label in self.labels}
        return [emotion for emotion in self.emotions if emotion not in there]

    def _sum(self, emotions):
        numbers = [label.utterances for label in self.labels if label.counts_as in emotions]
        return None if None in numbers else sum(numbers)


def count_classes(name, corpus_id, languages, emotions_of, counts, scheme):
    """Count the utterances of a corpus by the classes of a scheme.

    Parameters
    ----------
    name : str
        The row's name.
    corpus_id : str
        For a scheme that merges in some corpora only.
    languages : sequence of str
        ISO 639-3 codes.
    emotions_of : dict of str to (str or None)
        Native label -> canonical emotion, None for one that is dropped.
    counts : dict of str to int, or int
        Native label -> utterances, or the number of all.
    scheme : Scheme

    Returns
    -------
    ClassCounts

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
    known = isinstance(counts, dict)
    labels = tuple(
        Label(label, emotion, scheme.emotion_of(emotion, corpus_id), counts[label] if known else None)
        for label, emotion in emotions_of.items()
        if not known or counts.get(label)
    )
    total = sum(counts.values()) if known else counts
    return ClassCounts(name, tuple(languages), labels, total, scheme.emotions)


def class_table(rows):
    """Write the table corpus x class for people.

    Parameters
    ----------
    rows : sequence of ClassCounts
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


def label_notes(row):
    """Name every drop, merge and missing class of a corpus.

    Returns
    -------
    list of str
        Without the corpus's name; none where its labels are the scheme's classes.
    """
    said = [f"not in the scheme: {', '.join(map(str, row.left_out))}"] if row.left_out else []
    merged = [f"{label} counts as {label.counts_as}" for label in row.merged]
    said += [f"merged: {', '.join(merged)}"] if merged else []
    return said + ([f"warning: no utterance of class {', '.join(row.missing)}"] if row.missing else [])


def _numbers(row):
    left_out = None if row.kept is None else row.utterances - row.kept
    return [*row.classes.values(), row.kept, left_out]


def _sum_of_known(numbers):
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else f"{sum(known)}+"


def _spoken(row):
    return ", ".join(language_name(code) for code in row.languages)


def _cell(value):
    return "?" if value is None else "-" if value == 0 else str(value)


def _aligned(cell, at, width):
    return cell.ljust(width) if at < 2 else cell.rjust(width)
