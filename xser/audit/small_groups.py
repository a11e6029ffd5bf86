"""Which emotions, speakers and parts are too small for a figure about them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from xser.audit.findings import Case, Finding, Severity
from xser.core.rows import PARTS
from xser.core.words import count

FEWEST = 5  # utterances of an emotion or a speaker
FEWEST_SPEAKERS = 5  # of an interval over speakers
COARSEST = 2.0  # points of UAR that one utterance may make


def small_groups(rows: pd.DataFrame, parts: Sequence[str] | pd.Series | None = None) -> Finding:
    """Find emotions, speakers and parts that are too small to judge.

    The finding is a **warning** when a figure would mislead: an emotion with fewer than 5 utterances or one speaker of
    several, one missing from a part, or so rare in valid or test that one utterance is more than 2 points of UAR there.
    It is a **note** when a figure cannot be given: one speaker, a part of fewer than five (no interval over speakers),
    speakers heard fewer than 5 times. Each case has the group (``emotion``, ``speaker``, ``part``), its ``utterances``
    or ``speakers``, and ``why`` in words.

    Parameters
    ----------
    rows
        ``emotion`` and ``speaker``; empty when unknown.
    parts
        ``(utterances,)``: ``train``, ``valid`` or ``test``; without it no parts are judged.

    Examples
    --------
    >>> rows = pd.DataFrame({"emotion": ["sad"] * 9 + ["happy"] * 2, "speaker": list("abcdefghi") + ["a", "b"]})
    >>> small_groups(rows[["emotion"]].assign(speaker="")).sentence
    'too small to judge: emotion happy: 2 utterances'
    """
    rows = rows.assign(part="" if parts is None else np.asarray(parts, dtype=object))
    rows = rows[rows["emotion"] != ""]
    misleading = _emotions(rows) + _emotions_of_parts(rows)
    missing = _one_speaker(rows) + _speakers_of_parts(rows)
    speakers = _speakers(rows)
    told = [f"{_group(case)}: {case['why']}" for case in misleading + missing]
    if speakers:
        known = rows.loc[rows["speaker"] != "", "speaker"].nunique()
        told.append(f"{len(speakers)} of {known} speakers: fewer than {FEWEST} utterances")
    cases = (*misleading, *missing, *speakers)
    severity: Severity = "warning" if misleading else "note" if cases else "fine"
    nothing = "no emotion, speaker or part is too small to judge"
    sentence = f"too small to judge: {'; '.join(told)}" if cases else nothing
    return Finding("small-groups", severity, len(cases), "groups", sentence, cases)


def _group(case: Case) -> str:
    return " ".join(f"{what} {case[what]}" for what in ("part", "emotion", "speaker") if what in case) or "all"


def _emotions(rows: pd.DataFrame) -> list[Case]:
    """Emotions with few utterances, or with one speaker of several."""
    cases = []
    known = rows[rows["speaker"] != ""]
    several = known["speaker"].nunique() > 1
    complete = len(known) == len(rows)
    for emotion, here in rows.groupby("emotion", sort=True):
        if len(here) < FEWEST:
            cases.append({"emotion": emotion, "utterances": len(here), "why": count(len(here), "utterance")})
        elif several and complete and here["speaker"].nunique() == 1:
            why = f"by speaker {here['speaker'].iloc[0]} alone"
            cases.append({"emotion": emotion, "utterances": len(here), "why": why})
    return cases


def _emotions_of_parts(rows: pd.DataFrame) -> list[Case]:
    """Emotions that a part lacks, or has so few utterances of that one of them moves UAR far."""
    cases = []
    for part in PARTS:
        here = rows[rows["part"] == part]
        counts = here["emotion"].value_counts()
        for emotion in sorted(set(rows["emotion"])) if len(here) else []:
            utterances = int(counts.get(emotion, 0))
            points = 100 / (len(counts) * utterances) if utterances else 0.0
            case = {"part": part, "emotion": emotion, "utterances": utterances}
            if not utterances:
                cases.append({**case, "why": "no utterance"})
            elif part != "train" and points > COARSEST:
                why = f"{count(utterances, 'utterance')}, one of them is {points:.1f} points of UAR"
                cases.append({**case, "points": points, "why": why})
    return cases


def _one_speaker(rows: pd.DataFrame) -> list[Case]:
    names = set(rows["speaker"])
    if len(names) != 1 or "" in names:
        return []
    return [{"speaker": names.pop(), "utterances": len(rows), "why": "the only one, nothing is known of others"}]


def _speakers_of_parts(rows: pd.DataFrame) -> list[Case]:
    """Parts to be judged that have too few speakers for an interval over speakers."""
    cases = []
    for part in PARTS[1:]:
        names = set(rows.loc[rows["part"] == part, "speaker"])
        if names and "" not in names and len(names) < FEWEST_SPEAKERS:
            why = f"{count(len(names), 'speaker')}, too few for an interval over speakers"
            cases.append({"part": part, "speakers": len(names), "why": why})
    return cases


def _speakers(rows: pd.DataFrame) -> list[Case]:
    counts = rows.loc[rows["speaker"] != "", "speaker"].value_counts().sort_index()
    few = counts[counts < FEWEST]
    return [{"speaker": name, "utterances": int(n), "why": count(n, "utterance")} for name, n in few.items()]
