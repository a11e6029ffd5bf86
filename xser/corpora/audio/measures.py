"""What every recording measures as it was recorded: level, DC offset, clipping, digital silence at its ends.

Stage 0 measures each recording once, before anything is done to it, at its own rate, and writes ``measures.csv`` beside
``rows.csv``: what in them tells emotions apart is no emotion.
"""

import csv
import dataclasses
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xser.core.errors import XserError
from xser.core.files import write_text
from xser.corpora.audio.mixing import STEP

if TYPE_CHECKING:
    import pandas as pd

MEASURES = "measures.csv"
FLOOR = -120.0  # dBFS; the level of nothing
SILENCE = 2 * STEP  # samples no further apart than this are digital silence: one 16-bit step around a constant
SHORTEST_SILENCE = 0.001  # seconds; any recording may start with a few samples that are alike
FULL = 0.7  # of full scale, -3 dB: what goes no further was not clipped
PLATEAU = 3  # samples in a row at the extreme that no natural peak with steep sides has
SEVERAL = 3  # steep pairs of samples at the very same extreme that do not happen by chance
STEEP = 16 * STEP  # natural peaks that are flat for three samples fall by less from there to their neighbours


@dataclasses.dataclass(frozen=True)
class Measures:
    """What a recording measures.

    Attributes
    ----------
    rate
        Samples per second of the file.
    channels
        Channels of the file. Everything else is of their mean.
    seconds
        Its duration, digital silence included.
    level
        Root mean square in dBFS, a constant of full scale being 0: without the DC offset, and without the digital
        silence at the ends. Not below `FLOOR`.
    peak
        The largest absolute sample, in dBFS; above 0 where floating-point samples or a lossy decoder exceed full scale.
    dc
        Mean of the samples between the digital silence at the ends, of full scale.
    clipped
        Share of the samples that clipping cut off, see `clipped_samples`.
    silence_start, silence_end
        Seconds of digital silence at the start and at the end, see `silent_ends`.
    """

    rate: int
    channels: int
    seconds: float
    level: float
    peak: float
    dc: float
    clipped: float
    silence_start: float
    silence_end: float


COLUMNS = ("utterance", *(field.name for field in dataclasses.fields(Measures)))


def measure(samples: np.ndarray, rate: int, channels: int = 1) -> Measures:
    """Measure a recording.

    Parameters
    ----------
    samples
        Float, shape (samples,): the mean of its channels, full scale 1.
    rate
        Samples per second.
    channels
        How many it had.

    Examples
    --------
    >>> tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000) + 0.01
    >>> it = measure(np.concatenate([np.zeros(1600), tone]), 16000)
    >>> it.seconds, it.level, it.peak, it.dc, it.silence_start, it.silence_end
    (1.1, -9.03, -5.85, 0.01, 0.1, 0.0)
    """
    start, end = silent_ends(samples, rate)
    inner = samples[start : len(samples) - end] if start < len(samples) else np.zeros(1)  # of nothing
    inner = inner.astype(np.float64)
    mean = float(inner.mean())
    peak = max(-float(samples.min(initial=0)), float(samples.max(initial=0)))
    return Measures(
        rate=int(rate),
        channels=int(channels),
        seconds=round(len(samples) / rate, 6),
        level=_decibels(float(np.square(inner - mean).mean()) ** 0.5),
        peak=_decibels(peak),
        dc=round(mean, 7),
        clipped=round(clipped_samples(samples) / max(len(samples), 1), 7),
        silence_start=round(start / rate, 6),
        silence_end=round(end / rate, 6),
    )


def _decibels(amplitude: float) -> float:
    return round(max(FLOOR, 20 * float(np.log10(max(amplitude, 1e-10)))), 2)


def silent_ends(samples: np.ndarray, rate: int) -> tuple[int, int]:
    """Count the samples of digital silence at both ends.

    Digital silence is a constant, zero or not, within one 16-bit step (as dither leaves it), for `SHORTEST_SILENCE` or
    longer, or several such constants one behind the other, no further apart than `SILENCE` twice. A recording that is
    nothing else is silent at its start and not at its end.

    Parameters
    ----------
    samples
        Float, shape (samples,), full scale 1.
    rate
        Samples per second.

    Examples
    --------
    >>> silent_ends(np.array([0, 0, 0, 0.5, -0.5, 0.1, 0.1]), 1000)
    (3, 2)
    """
    shortest = max(SHORTEST_SILENCE * rate, 2)
    start = _silent_start(samples, shortest)
    return start, _silent_start(samples[start:][::-1], shortest)


def _silent_start(samples: np.ndarray, shortest: float) -> int:
    start = 0
    while (length := _constant_start(samples[start:])) >= shortest:
        start += length
        if start == len(samples) or abs(samples[start] - samples[start - 1]) > 2 * SILENCE:
            break
    return start


def _constant_start(samples: np.ndarray) -> int:
    """Length of the longest beginning that is constant within `SILENCE`."""
    if not len(samples):
        return 0
    length, piece = len(samples), 1024
    while True:  # most recordings differ at once: do not look at all of them
        differ = np.abs(samples[:piece] - samples[0]) > SILENCE
        if differ.any():
            length = int(differ.argmax())
            break
        if piece >= len(samples):
            break
        piece *= 8
    ahead = samples[:length]
    spread = np.maximum.accumulate(ahead) - np.minimum.accumulate(ahead)
    return int(np.searchsorted(spread, SILENCE, side="right"))


def clipped_samples(samples: np.ndarray) -> int:
    """Count the samples that clipping cut off.

    They stand in runs of two or more at the recording's own extreme, above or below, where that is near full scale
    (`FULL`). So do the samples of a peak by chance, when a clean recording has been normalised to full scale: where a
    slow wave turns it is flat for some samples, and two samples may lie alike on both sides of a steep peak. So runs
    count where the wave is cut off on at least one side (`STEEP`), and where one of them is longer than a steep peak
    can be (`PLATEAU`) or `SEVERAL` pairs have the very same value.

    Parameters
    ----------
    samples
        Float, shape (samples,), full scale 1.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 200 * np.arange(1600) / 16000 + 0.1)
    >>> clipped_samples(tone), clipped_samples(np.clip(1.25 * tone, -1, 1))
    (0, 640)
    """
    if not len(samples):
        return 0
    return _clipped_above(samples, samples.max()) + _clipped_above(-samples, -samples.min())


def _clipped_above(samples: np.ndarray, extreme: float) -> int:
    if extreme < FULL:
        return 0
    at = np.flatnonzero(samples >= extreme - STEP / 2)
    breaks = np.flatnonzero(np.diff(at) > 1)
    first, last = at[np.r_[0, breaks + 1]], at[np.r_[breaks, len(at) - 1]]
    lengths = last - first + 1
    before, after = samples[np.maximum(first - 1, 0)], samples[np.minimum(last + 1, len(samples) - 1)]
    runs = lengths[(lengths >= 2) & (extreme - np.minimum(before, after) > STEEP)]
    return int(runs.sum()) if len(runs) >= SEVERAL or (runs >= PLATEAU).any() else 0


# The table. -----------------------------------------------------------------------------------------------------------


def write_measures(folder: str | Path, measures: dict[str, Measures]) -> None:
    """Write ``measures.csv``, of measures by utterance, to a prepared folder, whole or not at all."""
    write_text(Path(folder, MEASURES), _table(measures))


def are_written(folder: str | Path, measures: dict[str, Measures]) -> bool:
    """Whether the ``measures.csv`` of a folder holds exactly these."""
    path = Path(folder, MEASURES)
    return path.is_file() and path.read_bytes() == _table(measures).encode()


def _table(measures: dict[str, Measures]) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([utterance, *dataclasses.astuple(measures[utterance])] for utterance in sorted(measures))
    return lines.getvalue()


def read_measures(folder: str | Path) -> "pd.DataFrame":
    """Read ``measures.csv`` of a prepared folder.

    Returns
    -------
        A row an utterance, in the order of rows.csv (sorted by ``utterance``), with the attributes of `Measures`.

    Raises
    ------
    XserError
        When it is missing or is not what `write_measures` wrote.
    """
    import pandas as pd

    path = Path(folder, MEASURES)
    remedy = "delete it and run stage 0 (prepare) again"
    try:
        table = pd.read_csv(path, dtype={"utterance": str}, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError as error:
        raise XserError(f"{path} is missing: run stage 0 (prepare) again") from error
    except (ValueError, UnicodeDecodeError) as error:  # pandas.errors.ParserError is a ValueError
        raise XserError(f"{path} is not a table of measures ({error}): {remedy}") from error
    if tuple(table.columns) != COLUMNS:
        raise XserError(f"{path} does not have the columns {', '.join(COLUMNS)}: {remedy}")
    try:
        numbers = {column: float for column in COLUMNS[3:]} | {"rate": int, "channels": int}
        return table.astype(numbers)
    except ValueError as error:
        raise XserError(f"{path} has something else than numbers ({error}): {remedy}") from error
