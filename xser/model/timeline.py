"""Emotion over time: overlapping windows of a recording, and what they say together of each moment."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from xser.core.errors import UsageError

Span = tuple[float, float]  # start and end in seconds


@dataclasses.dataclass(frozen=True)
class Windows:
    """How a recording is cut.

    Attributes
    ----------
    window
        Seconds that are recognised at once.
    hop
        Seconds from the start of one window to that of the next; also how long a row of the timeline is.

    Raises
    ------
    UsageError
        When the hop is not above 0 and at most the window.
    """

    window: float
    hop: float

    def __post_init__(self) -> None:
        if not 0 < self.hop <= self.window or not np.isfinite(self.window):
            raise UsageError(f"--window {self.window:g} and --hop {self.hop:g}: a hop is above 0 and at most a window")
        if self.window < 0.1:
            raise UsageError(f"--window {self.window:g}: emotion cannot be heard in less than 0.1 seconds")

    def of(self, span: Span) -> list[Span]:
        """The windows of a stretch; the last one ends with it, and one window is enough for a short stretch.

        Examples
        --------
        >>> Windows(4.0, 1.0).of((0.0, 5.5))
        [(0.0, 4.0), (1.0, 5.0), (2.0, 5.5)]
        """
        start, end = span
        number = 1 + max(0, int(np.ceil((end - start - self.window) / self.hop - 1e-9)))
        return [(start + at * self.hop, min(end, start + at * self.hop + self.window)) for at in range(number)]

    def rows(self, span: Span) -> list[Span]:
        """The rows of a stretch's timeline, one a hop.

        Examples
        --------
        >>> Windows(4.0, 1.0).rows((0.5, 2.75))
        [(0.5, 1.5), (1.5, 2.5), (2.5, 2.75)]
        """
        start, end = span
        number = max(1, int(np.ceil((end - start) / self.hop - 1e-9)))
        return [(start + at * self.hop, min(end, start + (at + 1) * self.hop)) for at in range(number)]


def average(rows: Sequence[Span], windows: Sequence[Span], probabilities: np.ndarray) -> np.ndarray:
    """Mean over the windows that a row's middle lies in.

    Parameters
    ----------
    rows
        Of one stretch.
    windows
        Of the same stretch.
    probabilities
        Of each window (windows, emotions); NaN where there was nothing to recognise.

    Returns
    -------
    numpy.ndarray
        (rows, emotions); NaN where all its windows are.

    Examples
    --------
    >>> average([(0, 1), (1, 2)], [(0, 1.5), (1, 2)], np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    starts, ends = np.array([start for start, _ in windows]), np.array([end for _, end in windows])
    found = np.full((len(rows), probabilities.shape[1]), np.nan)
    for at, (start, end) in enumerate(rows):
        middle = (start + end) / 2
        there = probabilities[(starts <= middle) & (middle < ends)]
        there = there[np.isfinite(there[:, 0])]
        if len(there):
            found[at] = there.mean(axis=0)
    return found


def cut(pieces: Iterator[np.ndarray], spans: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
    """Cut stretches out of samples that come in pieces; no more is held than one stretch and one piece.

    Parameters
    ----------
    pieces
        Samples, (samples,) each.
    spans
        First sample and the one behind the last, of stretches in the order of their beginnings.

    Examples
    --------
    >>> pieces = iter([np.arange(3), np.arange(3, 6)])
    >>> [each.tolist() for each in cut(pieces, [(0, 2), (1, 5), (4, 9)])]
    [[0.0, 1.0], [1.0, 2.0, 3.0, 4.0], [4.0, 5.0]]
    """
    held, first = np.zeros(0, dtype=np.float32), 0
    for start, end in spans:
        while first + len(held) < end:
            piece = next(pieces, None)
            if piece is None:
                break
            drop = min(max(0, start - first), len(held))
            held, first = np.concatenate([held[drop:], piece]), first + drop
        drop = min(max(0, start - first), len(held))
        held, first = held[drop:], first + drop
        yield held[: end - first].copy()
