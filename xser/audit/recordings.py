"""What is the matter with a corpus's recordings: the same sound twice, clipping, silence, mixed formats."""

import functools

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from xser.audit.findings import Finding, Severity
from xser.audit.shared_audio.pairs import is_near_duplicate, same_digest
from xser.core.words import count

MANY = 0.01  # of the recordings: more than a slip
SHORT = 0.3  # seconds, in which there is hardly a syllable
FRAME = 320  # samples of 16 kHz: 20 ms
QUIET = 45.0  # decibels below the loudest frame: a pause, whatever the room
MOSTLY = 0.75  # of the frames
SHUFFLES = 999
P_TELLING = 0.001  # of a table of formats and emotions


def recording_findings(
    rows: pd.DataFrame, pairs: pd.DataFrame, recorded: pd.DataFrame | None, prepared: pd.DataFrame
) -> list[Finding]:
    """Look at the recordings of a corpus.

    Parameters
    ----------
    rows
        ``utterance``, ``emotion``, ``speaker``, ``seconds``, ``digest``.
    pairs
        From `xser.audit.shared_audio.pairs.shared_pairs`.
    recorded
        ``rate``, ``channels``, ``clipped`` as recorded, a row for each of `rows`; None where nobody measured.
    prepared
        ``quiet`` of the prepared recordings, a row for each of `rows`.
    """
    labelled = rows.set_index("utterance")
    twins = same_digest(rows)
    near = is_near_duplicate(pairs)
    found = [
        _same_sound(labelled, twins, "duplicates", "are the same recording"),
        _same_sound(labelled, pairs[near], "near-duplicates", "are nearly the same recording"),
        _same_sound(labelled, pairs[~near], "shared-stretches", "share a stretch of a second or more"),
        _single(rows, prepared["quiet"] > MOSTLY, "silence", f"are silent for more than {MOSTLY:.0%} of their time"),
        _single(rows, rows["seconds"] < SHORT, "too-short", f"last less than {SHORT} s"),
    ]
    if recorded is not None:
        found.append(_single(rows, recorded["clipped"] > 0, "clipping", "are clipped", often=0.05))
        found.append(_mixed(rows, recorded["rate"], "mixed-rates", "sampling rate", "Hz"))
        found.append(_mixed(rows, recorded["channels"], "mixed-channels", "number of channels", "channels"))
    return found


def quiet_share(samples: NDArray[np.floating]) -> float:
    """Share of a recording's frames that are pauses.

    A pause is a frame of 20 ms that lies `QUIET` decibels or more below the loudest one; of silence, every frame.

    Parameters
    ----------
    samples
        ``(samples,)`` at 16 kHz.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal(3200)
    >>> quiet_share(np.concatenate([noise, np.zeros(9600)]))
    0.75
    """
    whole = len(samples) // FRAME
    power = (np.asarray(samples[: whole * FRAME], dtype=np.float64).reshape(whole, FRAME) ** 2).mean(axis=1)
    if not power.max(initial=0) > 0:
        return 1.0
    return float((power <= power.max() * 10 ** (-QUIET / 10)).mean())


def _same_sound(labelled: pd.DataFrame, pairs: pd.DataFrame, name: str, what: str) -> Finding:
    """Pairs of recordings with the same sound: severe where the two do not bear one label."""
    mine = pairs[pairs["one"].isin(labelled.index) & pairs["other"].isin(labelled.index)]
    if not len(mine):
        return Finding(name, "fine", 0, "pairs", f"no two recordings {what}")
    differ = {
        column: (mine["one"].map(labelled[column]) != mine["other"].map(labelled[column])).to_numpy()
        for column in ("emotion", "speaker")
    }
    cases = tuple(
        {**row, "other_emotion": bool(emotion), "other_speaker": bool(speaker)}
        for row, emotion, speaker in zip(mine.to_dict("records"), differ["emotion"], differ["speaker"], strict=True)
    )
    across = {column: int(values.sum()) for column, values in differ.items()}
    involved = len(set(mine["one"]) | set(mine["other"]))
    sentence = f"{count(len(mine), 'pair')} of recordings ({involved} of {len(labelled)} recordings) {what}"
    if any(across.values()):
        crossing = [f"{across[column]} across {column}s" for column in across if across[column]]
        sentence += f", {' and '.join(crossing)}"
    details = {"recordings": involved, "across_emotions": across["emotion"], "across_speakers": across["speaker"]}
    severity: Severity = "severe" if any(across.values()) else "warning"
    return Finding(name, severity, len(mine), "pairs", sentence, cases, details)


def _single(rows: pd.DataFrame, wrong: ArrayLike, name: str, what: str, often: float = MANY) -> Finding:
    """Single recordings with a fault: a note, and a warning where they are many."""
    wrong = np.asarray(wrong, dtype=bool)
    names = list(rows.loc[wrong, "utterance"])
    if not names:
        return Finding(name, "fine", 0, "recordings", f"no recordings {what}")
    share = len(names) / len(rows)
    sentence = f"{len(names)} of {len(rows)} recordings ({share:.1%}) {what}"
    by_emotion = rows.loc[wrong, "emotion"].value_counts().sort_index().to_dict()
    severity: Severity = "warning" if share > often else "note"
    cases = tuple({"utterance": utterance} for utterance in names)
    return Finding(name, severity, len(names), "recordings", sentence, cases, {"by_emotion": by_emotion})


def _mixed(rows: pd.DataFrame, values: ArrayLike, name: str, what: str, unit: str) -> Finding:
    """Formats that differ: a note, and a warning where they go with the emotion."""
    values = np.asarray(values)
    table = pd.crosstab(pd.Series(values, name="value"), rows["emotion"].to_numpy())
    formats = table.sum(axis=1).sort_values(ascending=False)
    if len(formats) == 1:
        return Finding(name, "fine", 1, unit, f"all recordings have one {what}: {int(formats.index[0])}")
    usual = formats.index[0]
    shares = ", ".join(f"{value} ({number} recordings)" for value, number in formats.items())
    p = _association(table.to_numpy())
    cases = tuple(
        {"utterance": utterance, "value": int(value)}
        for utterance, value in zip(rows["utterance"], values, strict=True)
        if value != usual
    )
    sentence = f"the {what} is mixed: {shares}"
    sentence += f", and goes with the emotion (p = {p:.3f})" if p <= P_TELLING else ", whatever the emotion"
    severity: Severity = "warning" if p <= P_TELLING else "note"
    details = {"p": p, "by_emotion": {str(int(row)): table.loc[row].to_dict() for row in table.index}}
    return Finding(name, severity, len(formats), unit, sentence, cases, details)


def _association(table: NDArray) -> float:
    """p-value of a permutation test of independence, by the chi-square of a table of counts."""
    from scipy.stats import random_table

    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    squares = functools.partial(_chi_square, expected)
    drawn = random_table(table.sum(axis=1), table.sum(axis=0), seed=0).rvs(SHUFFLES)
    return float((1 + (squares(drawn) >= squares(table) - 1e-9).sum()) / (1 + SHUFFLES))


def _chi_square(expected: NDArray, tables: NDArray) -> NDArray:
    return ((tables - expected) ** 2 / expected).sum(axis=(-2, -1))
