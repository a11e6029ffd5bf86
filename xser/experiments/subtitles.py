"""A timeline that people can look at while they listen: WebVTT for players, labels for Audacity."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Segment:
    """A stretch of one emotion.

    Attributes
    ----------
    start, end
        In seconds.
    text
        The emotion, ``unknown`` where it is not known.
    """

    start: float
    end: float
    text: str


def segments_of(rows: Iterable[Mapping[str, Any]]) -> list[Segment]:
    """Join neighbouring rows of one emotion; where nothing is heard there is no segment.

    Parameters
    ----------
    rows
        Of a timeline: ``start``, ``end``, ``emotion`` and ``known``.
    """
    segments: list[Segment] = []
    for row in rows:
        if not row["emotion"]:
            continue
        text = row["emotion"] if row["known"] else "unknown"
        if segments and segments[-1].text == text and abs(segments[-1].end - row["start"]) < 1e-6:
            segments[-1] = dataclasses.replace(segments[-1], end=row["end"])
        else:
            segments.append(Segment(row["start"], row["end"], text))
    return segments


def web_vtt(segments: Sequence[Segment]) -> str:
    """Subtitles (https://www.w3.org/TR/webvtt1/).

    Examples
    --------
    >>> print(web_vtt([Segment(0.0, 3661.5, "happy")]))
    WEBVTT
    <BLANKLINE>
    00:00:00.000 --> 01:01:01.500
    happy
    <BLANKLINE>
    """
    cues = [f"{_clock(each.start)} --> {_clock(each.end)}\n{each.text}\n" for each in segments]
    return "WEBVTT\n\n" + "\n".join(cues)


def audacity_labels(segments: Sequence[Segment]) -> str:
    r"""Audacity's label track: start, end, text.

    Examples
    --------
    >>> audacity_labels([Segment(0.5, 2.0, "sad")])
    '0.500000\t2.000000\tsad\n'
    """
    return "".join(f"{each.start:.6f}\t{each.end:.6f}\t{each.text}\n" for each in segments)


def _clock(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{thousandths // 1000:02d}.{thousandths % 1000:03d}"
