"""What besides emotion tells the emotion: speaker, text, transcript, duration, level, DC offset, digital silence.

Each check classifies the emotion of an utterance by one thing alone, having learned from other utterances: by
leave-one-out (`xser.audit.probes`), of transcripts in five folds (`xser.audit.transcripts`). Shuffled emotions show
what chance does. A model trained on the corpus can learn the same; that is no emotion and goes wrong elsewhere.

With the chance level c (100 % / emotions, or the mean over shuffles if that is higher), the severity depends on the
share s = (UAR - c) / (100 % - c) of the way from chance to certainty, and on the p-value of the permutation test:

=========  =====================================
severity   when
=========  =====================================
severe     p <= 0.005 and s >= 0.5
warning    p <= 0.005 and s >= 0.2
note       p <= 0.005 and s >= 0.05
fine       otherwise, or nothing could be judged
=========  =====================================

Eight checks are made per corpus. At 0.005 each, at most one clean corpus in 25 hears anything at all.

A UAR below chance (a balanced design, seen through leave-one-out) tells nothing of the emotion: `value` is then
100 % / emotions. `details` has the UAR as it was (``cross_validated``), c (``chance``), the mean of the shuffles and
where 95 % of them are (``shuffled``, ``shuffled_low``, ``shuffled_high``), ``p``, s (``share``), and how many
``utterances`` and ``emotions`` were judged.

Level and duration belong to emotion as well: anger is loud and sadness slow in honest recordings. A warning there says
how much of a model's UAR needs no more than that. It is a reason to look, and not yet a fault.

Emotions with fewer than 5 utterances are left out everywhere and named in the sentence.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xser.audit.findings import Case, Finding, Severity
from xser.audit.probes import Probe, mutual_information, probe_groups, rank_groups
from xser.audit.transcripts import probe_transcripts

PERMUTATIONS = 999
FEWEST_PERMUTATIONS = 199  # that can reach a p-value of ALPHA; a quick check is made with them
ALPHA = 0.005
SHARES: tuple[tuple[Severity, float], ...] = (("severe", 0.5), ("warning", 0.2), ("note", 0.05))
FEWEST = 5  # utterances of an emotion
TELLS: dict[Severity, str] = {
    "fine": "does not tell",
    "note": "tells a little of",
    "warning": "tells something of",
    "severe": "tells most of",
}


class Measure(NamedTuple):
    """A number of a recording that should not tell the emotion.

    Attributes
    ----------
    name
        Of the finding.
    column
        Of the rows.
    words
        For the sentence.
    step
        Numbers are rounded to multiples of it, so that traces do not count that nobody can hear or learn from: what
        rounding to 16 bits leaves of a DC offset, a sample or two of silence.
    """

    name: str
    column: str
    words: str
    step: float


MEASURES = (
    Measure("duration-emotion", "seconds", "duration", 0.001),
    Measure("level-emotion", "level", "level", 0.1),  # dB
    Measure("dc-emotion", "dc", "DC offset", 1e-5),  # of full scale: a third of a step of 16 bits
    Measure("silence-start-emotion", "silence_start", "digital silence at the start", 0.001),
    Measure("silence-end-emotion", "silence_end", "digital silence at the end", 0.001),
)


def confounds(rows: pd.DataFrame, seed: int = 0, permutations: int = PERMUTATIONS) -> list[Finding]:
    """Make every check of this file; those of `MEASURES` for the columns that are there.

    Parameters
    ----------
    rows
        A row an utterance with ``emotion``, ``speaker``, ``text`` and ``transcript`` (empty when unknown), and the
        columns of `MEASURES` that are known (NaN when unknown).
    seed
        Of the shuffles.
    permutations
        `FEWEST_PERMUTATIONS` or more.
    """
    findings = [check(rows, seed, permutations) for check in (speaker_emotion, text_emotion, transcript_emotion)]
    measured = [measure for measure in MEASURES if measure.column in rows.columns]
    return findings + [measure_emotion(rows, measure, seed, permutations) for measure in measured]


def speaker_emotion(rows: pd.DataFrame, seed: int = 0, permutations: int = PERMUTATIONS) -> Finding:
    """Classify the emotion by the speaker alone; parameters as of `confounds`.

    ``details["mutual_information"]`` is the mutual information of speaker and emotion as a share of the emotion's
    entropy, I(S; E) / H(E): what share of the emotion the speaker's name gives away. It is not symmetric on purpose.
    Normalised by the mean of both entropies, a corpus of 29 speakers, 26 of whom have one of four emotions each, has
    0.62 instead of 0.92, for the emotion tells little of the speaker. It is of the sample as it is, and grows with the
    number of speakers where there is nothing to know (``details["mutual_information_shuffled"]``: its mean over
    shuffled emotions); the UAR does not.
    """
    name, words = "speaker-emotion", "speaker"
    known = _judged(rows, rows["speaker"] != "", "speakers")
    if isinstance(known, str):
        return _not_judged(name, words, known)
    if known["speaker"].nunique() < 2:
        return _not_judged(name, words, "there is one speaker")
    speakers, emotions = _codes(known["speaker"]), _codes(known["emotion"])
    probe = probe_groups(speakers, emotions, _enough(permutations), seed)
    information, shuffled = mutual_information(speakers, emotions, permutations, seed)
    also = f", normalised mutual information {information:.2f} (shuffled {shuffled:.2f})"
    details = {"mutual_information": information, "mutual_information_shuffled": shuffled}
    return _finding(name, words, probe, known, rows, also, details, _only_one_emotion(known, "speaker"))


def text_emotion(rows: pd.DataFrame, seed: int = 0, permutations: int = PERMUTATIONS) -> Finding:
    """Classify the emotion by the text id alone; parameters as of `confounds`.

    The finding has no value where text ids are unknown or no text is spoken twice.
    """
    name, words = "text-emotion", "text id"
    known = _judged(rows, rows["text"] != "", "text ids")
    if isinstance(known, str):
        return _not_judged(name, words, known)
    if not known["text"].duplicated().any():
        return _not_judged(name, words, "no text is spoken twice")
    if known["text"].nunique() < 2:
        return _not_judged(name, words, "there is one text")
    probe = probe_groups(_codes(known["text"]), _codes(known["emotion"]), _enough(permutations), seed)
    return _finding(name, words, probe, known, rows, cases=_only_one_emotion(known, "text"))


def transcript_emotion(rows: pd.DataFrame, seed: int = 0, permutations: int = PERMUTATIONS) -> Finding:
    """Classify the emotion by the words alone (`xser.audit.transcripts`); parameters as of `confounds`.

    The finding has no value where transcripts are unknown or all the same.
    """
    name, words = "transcript-emotion", "transcript"
    known = _judged(rows, rows["transcript"].str.strip() != "", "transcripts")
    if isinstance(known, str):
        return _not_judged(name, words, known)
    if known["transcript"].nunique() < 2:
        return _not_judged(name, words, "all say the same")
    probe = probe_transcripts(known["transcript"].tolist(), _codes(known["emotion"]), _enough(permutations), seed)
    return _finding(name, words, probe, known, rows)


def measure_emotion(rows: pd.DataFrame, measure: Measure, seed: int = 0, permutations: int = PERMUTATIONS) -> Finding:
    """Classify the emotion by one number of the recording alone.

    The finding has no value where the number is unknown or the same everywhere.

    Parameters
    ----------
    rows, seed, permutations
        As for `confounds`.
    measure
        One of `MEASURES`, or another; its column may hold NaN.
    """
    if measure.column not in rows.columns:
        return _not_judged(measure.name, measure.words, f"the {measure.words} is not measured")
    values = (pd.to_numeric(rows[measure.column], errors="coerce").astype(float) / measure.step).round()
    known = _judged(rows.assign(**{measure.column: values}), np.isfinite(values), f"values of the {measure.words}")
    if isinstance(known, str):
        return _not_judged(measure.name, measure.words, known)
    if known[measure.column].nunique() < 2:
        return _not_judged(measure.name, measure.words, "it is the same in all recordings")
    ranks, kernel = rank_groups(known[measure.column].to_numpy())
    probe = probe_groups(ranks, _codes(known["emotion"]), _enough(permutations), seed, kernel)
    return _finding(measure.name, measure.words, probe, known, rows)


def _enough(permutations: int) -> int:
    if permutations < FEWEST_PERMUTATIONS:
        raise ValueError(f"{permutations} permutations cannot reach p = {ALPHA}: {FEWEST_PERMUTATIONS} or more")
    return permutations


def _codes(names: pd.Series) -> NDArray:
    """Number names in the order of the alphabet, so that the order of the rows has no influence."""
    return np.unique(names.to_numpy(dtype=str), return_inverse=True)[1]


def _judged(rows: pd.DataFrame, known: pd.Series, what: str) -> pd.DataFrame | str:
    """Rows of which the thing is known, without rare emotions; or why nothing can be judged."""
    rows = rows[np.asarray(known) & (rows["emotion"] != "").to_numpy()]
    if len(rows) == 0:
        return f"{what} are not known"
    counts = rows["emotion"].value_counts()
    kept = counts.index[counts >= FEWEST]
    if len(kept) < 2:
        return f"fewer than two emotions have {FEWEST} utterances"
    return rows[rows["emotion"].isin(kept)]


def _only_one_emotion(rows: pd.DataFrame, column: str) -> tuple[Case, ...]:
    """Speakers or texts that are heard twice or more, and in one emotion only."""
    groups = rows.groupby(column)["emotion"].agg(["nunique", "size", "first"])
    groups = groups[(groups["nunique"] == 1) & (groups["size"] > 1)]
    return tuple(
        {column: name, "emotion": group["first"], "utterances": int(group["size"])} for name, group in groups.iterrows()
    )


def _not_judged(name: str, words: str, why: str) -> Finding:
    return Finding(name, "fine", None, "% UAR", f"whether the {words} tells the emotion cannot be judged: {why}")


def _finding(
    name: str,
    words: str,
    probe: Probe,
    known: pd.DataFrame,
    rows: pd.DataFrame,
    also: str = "",
    details: Mapping[str, Any] | None = None,
    cases: tuple[Case, ...] = (),
) -> Finding:
    """Judge a probe by the table at the top of this file."""
    emotions = known["emotion"].nunique()
    chance = 1 / emotions
    blind = max(chance, probe.shuffled)
    share = max(0.0, (probe.uar - blind) / (1 - blind))
    reached = [severity for severity, least in SHARES if share >= least and probe.p <= ALPHA]
    severity: Severity = reached[0] if reached else "fine"
    value = 100 * max(probe.uar, chance)
    against = f"UAR {value:.0f} %, chance {100 * blind:.0f} %, p {probe.p:.3f}"
    tells = TELLS[severity] if severity != "fine" or probe.p > ALPHA else "tells next to nothing of"
    sentence = f"the {words} alone {tells} the emotion: {against}{also}"
    left_out = sorted(set(rows["emotion"]) - set(known["emotion"]) - {""})
    if left_out:
        sentence += f"; not judged: {', '.join(left_out)}"
    if len(known) < len(rows):
        sentence += f"; {len(known)} of {len(rows)} utterances"
    numbers = {
        "chance": 100 * blind,
        "cross_validated": 100 * probe.uar,
        "shuffled": 100 * probe.shuffled,
        "shuffled_low": 100 * probe.low,
        "shuffled_high": 100 * probe.high,
        "p": probe.p,
        "share": share,
        "emotions": emotions,
        "utterances": len(known),
        **(details or {}),
    }
    return Finding(name, severity, value, "% UAR", sentence, cases if severity != "fine" else (), numbers)
