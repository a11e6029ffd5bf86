"""An answer as HTML: probabilities as bars, the waveform in the colours of its emotions, emotion over time.

Whatever comes from outside (the name of a file, an emotion's name) is escaped. Nothing in it is fetched but the sound.
"""

import dataclasses
import html
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from xser.demo.hearing import Heard

# Okabe and Ito's colours, told apart by every kind of colour vision; with a meaning where an emotion is well known.
USUAL = {"ang": "#d55e00", "hap": "#e69f00", "neu": "#8b93a1", "sad": "#0072b2", "dis": "#009e73", "sur": "#cc79a7"}
OTHERS = ("#56b4e9", "#7d5fb2", "#009e73", "#cc79a7", "#a6761d", "#5b6b7a")
TALL = 100  # of the waveform's picture; it is stretched to the page


@dataclasses.dataclass(frozen=True)
class Segment:
    """A stretch of one emotion, from `start` to `end` in seconds; `emotion` is empty in silence."""

    start: float
    end: float
    emotion: str
    confidence: float


def answer_html(heard: Heard, sound: str) -> str:
    """What is shown of a recording.

    Parameters
    ----------
    sound
        Where the browser finds the sound.
    """
    answer, colours = heard.answer, colours_of(list(heard.answer.probabilities))
    return (
        f'<section class="xser-answer" role="status" aria-label="Answer">'
        f'<header style="--colour: {colours[answer.emotion]}">'
        f'<p class="of">{html.escape(heard.name)} · {clock(heard.seconds)}</p>'
        f'<p class="emotion">{html.escape(answer.emotion)}</p>'
        f'<p class="sure">confidence {100 * answer.confidence:.0f} %</p></header>'
        f"{bars(answer.probabilities, colours)}"
        f'<div class="over-time"><h3>Over time</h3>{_waveform(heard, colours)}{_stacked(heard, colours)}'
        f"{_axis(heard.seconds)}"
        f'<audio controls preload="auto" src="{html.escape(sound)}" aria-label="What was heard"></audio>'
        f"{_segment_list(segments(heard.timeline), colours)}</div></section>"
    )


def problem_html(sentence: str) -> str:
    """A sentence on what is wrong."""
    return f'<section class="xser-answer"><p class="problem" role="alert">{html.escape(sentence)}</p></section>'


def colours_of(emotions: Sequence[str]) -> dict[str, str]:
    """A colour for each emotion, no two alike as long as there are some left.

    Examples
    --------
    >>> colours_of(["angry", "bored"])
    {'angry': '#d55e00', 'bored': '#56b4e9'}
    """
    usual = {emotion: USUAL[emotion.lower()[:3]] for emotion in emotions if emotion.lower()[:3] in USUAL}
    left = [colour for colour in OTHERS if colour not in usual.values()]
    others = [emotion for emotion in emotions if emotion not in usual]
    return {
        emotion: usual[emotion] if emotion in usual else left[others.index(emotion) % len(left)] for emotion in emotions
    }


def clock(seconds: float) -> str:
    """Minutes and seconds.

    Examples
    --------
    >>> clock(3.2), clock(75), clock(0.4)
    ('0:03', '1:15', '0:00')
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def bars(probabilities: Mapping[str, float], colours: Mapping[str, str]) -> str:
    """A bar for each emotion, the most probable first."""
    ordered = sorted(probabilities.items(), key=lambda pair: -pair[1])
    rows = (
        f'<li data-emotion="{html.escape(emotion)}"><span class="name">{html.escape(emotion)}</span>'
        f'<span class="bar"><i style="width: {100 * p:.1f}%; background: {colours[emotion]}"></i></span>'
        f'<span class="figure">{100 * p:.1f} %</span></li>'
        for emotion, p in ordered
    )
    return f'<ul class="bars" aria-label="Probabilities">{"".join(rows)}</ul>'


def segments(timeline: pd.DataFrame) -> list[Segment]:
    """Neighbouring rows of one emotion together; their confidence is the mean."""
    if timeline.empty:
        return []
    begins = (timeline["emotion"] != timeline["emotion"].shift()) | (timeline["start"] > timeline["end"].shift() + 1e-6)
    return [
        Segment(
            float(rows["start"].iloc[0]),
            float(rows["end"].iloc[-1]),
            str(rows["emotion"].iloc[0]),
            float(rows["confidence"].mean()),
        )
        for _, rows in timeline.groupby(begins.cumsum())
    ]


def _waveform(heard: Heard, colours: Mapping[str, str]) -> str:
    """The envelope as bars that have the colour of the emotion at their time; the loudest one fills the picture."""
    loudest = max(float(heard.envelope.max()), 1e-9)
    number = len(heard.envelope)
    rows = _rows_at((np.arange(number) + 0.5) / number * heard.seconds, heard.timeline)
    drawn = []
    for at, (peak, row) in enumerate(zip(heard.envelope, rows, strict=True)):
        tall = max(2.0, float(peak) / loudest * TALL)
        emotion = "" if row is None else str(heard.timeline["emotion"].iloc[row])
        colour = f' fill="{colours[emotion]}"' if emotion else ' class="silence"'
        drawn.append(f'<rect x="{at + 0.15:g}" y="{(TALL - tall) / 2:.1f}" width=".7" height="{tall:.1f}"{colour}/>')
    picture = f'<svg viewBox="0 0 {number} {TALL}" preserveAspectRatio="none" aria-hidden="true">{"".join(drawn)}</svg>'
    told = f'data-seconds="{heard.seconds:.3f}" title="Click to listen"'
    return f'<div class="wave" {told}>{picture}<i class="now"></i></div>'


def _rows_at(times: np.ndarray, timeline: pd.DataFrame) -> list[int | None]:
    """The row of a timeline at each time; None where it has none."""
    starts, ends = timeline["start"].to_numpy(dtype=float), timeline["end"].to_numpy(dtype=float)
    places = np.searchsorted(starts, times, side="right") - 1
    return [int(at) if at >= 0 and time < ends[at] + 1e-6 else None for at, time in zip(places, times, strict=True)]


def _stacked(heard: Heard, colours: Mapping[str, str]) -> str:
    """Probabilities over time, one on top of the other; nothing in silence."""
    drawn = []
    for row in heard.timeline[heard.timeline["emotion"] != ""].to_dict("records"):
        top, left = 0.0, row["start"] / heard.seconds * 1000
        wide = (row["end"] - row["start"]) / heard.seconds * 1000 + 1  # below the next one: no seam
        for emotion, colour in colours.items():
            tall = row[emotion] * TALL
            drawn.append(
                f'<rect x="{left:.2f}" y="{top:.2f}" width="{wide:.2f}" height="{tall:.2f}" fill="{colour}">'
                f"<title>{clock(row['start'])} {html.escape(emotion)} {100 * row[emotion]:.0f} %</title></rect>"
            )
            top += tall
    picture = f'viewBox="0 0 1000 {TALL}" preserveAspectRatio="none" role="img" aria-label="Probabilities over time"'
    names = "".join(
        f'<li><i style="background: {colour}"></i>{html.escape(emotion)}</li>' for emotion, colour in colours.items()
    )
    drawing = f'<svg class="stacked" shape-rendering="crispEdges" {picture}>{"".join(drawn)}</svg>'
    return f'{drawing}<ul class="legend">{names}</ul>'


def _axis(seconds: float) -> str:
    """Times at the ends and in the middle."""
    times = (0.0, seconds) if seconds < 4 else (0.0, seconds / 2, seconds)
    return f'<p class="axis" aria-hidden="true">{"".join(f"<span>{clock(time)}</span>" for time in times)}</p>'


def _segment_list(found: Sequence[Segment], colours: Mapping[str, str]) -> str:
    """The segments as buttons that play from there; nothing where there is one alone."""
    if len(found) < 2:
        return ""
    rows = []
    for each in found:
        when = f"{clock(each.start)} – {clock(each.end)}"
        if each.emotion:
            said = f"<b>{html.escape(each.emotion)}</b> {100 * each.confidence:.0f} %"
            dot = f'<i style="background: {colours[each.emotion]}"></i>'
            rows.append(f'<li><button type="button" data-at="{each.start:g}">{dot}{when} {said}</button></li>')
        else:
            rows.append(f'<li class="silence">{when} silence</li>')
    return f'<ol class="segments" aria-label="Segments: press one to listen">{"".join(rows)}</ol>'
