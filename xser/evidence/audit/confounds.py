"""What besides emotion tells the emotion: speaker, text, transcript, duration, level, DC offset, digital silence.

Each check guesses the emotion of every utterance from one thing alone, from all other utterances (leave-one-out
cross-validation, see `xser.evidence.audit.guessing`), and shuffles the emotions to see what chance would do. A
model trained on the corpus can learn the same; what it learns from the thing is no emotion and goes wrong elsewhere.

With the chance level c (100 % / emotions, or the mean over shuffles if that is higher), how bad it is depends on the
share s = (UAR - c) / (100 % - c) of the way from chance to certainty, and on the p-value of the permutation test:

=========  =====================================
severity   when
=========  =====================================
severe     p <= 0.005 and s >= 0.5
warning    p <= 0.005 and s >= 0.2
note       p <= 0.005 and s >= 0.05
fine       otherwise, or nothing could be judged
=========  =====================================

Eight checks are made per corpus. At 0.005 each, at most one clean corpus in 25 hears anything at all. 199 shuffles
are the fewest that can reach 0.005.

A UAR below chance (a balanced design, seen through leave-one-out) tells nothing of the emotion: `value` is then
the chance level, and ``details["leave_one_out"]`` the UAR as it was.

Level and duration belong to emotion as well: anger is loud and sadness slow in honest recordings. A warning there says
how much of a model's UAR needs no more than that; it is a reason to look, and not yet a fault.

Emotions with fewer than 5 utterances are left out of all guesses and named in the sentence.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from xser.evidence.audit.findings import Finding
from xser.evidence.audit.guessing import guess_from_cells, places

PERMUTATIONS = 199
ALPHA = 0.005
SHARES = (("severe", 0.5), ("warning", 0.2), ("note", 0.05))
FEWEST = 5  # utterances of an emotion


class Measure(NamedTuple):
    """A number of a recording that should not tell the emotion.

    Attributes
    ----------
    name : str
        Of the finding.
    column : str
        Of the rows.
    words : str
        For the sentence.
    """

    name: str
    column: str
    words: str


MEASURES = (
    Measure("duration-emotion", "seconds", "duration"),
    Measure("level-emotion", "level", "level"),
    Measure("dc-emotion", "dc", "DC offset"),
    Measure("silence-start-emotion", "silence_start", "digital silence at the start"),
    Measure("silence-end-emotion", "silence_end", "digital silence at the end"),
)


def confounds(rows, seed=0, permutations=PERMUTATIONS):
    """Make every check of this file.

    Parameters
    ----------
    rows : pandas.DataFrame
        A row an utterance with ``emotion``, ``speaker``, ``text`` and ``transcript`` (empty when unknown), and the
        columns of `MEASURES` that are known (NaN when unknown).
    seed : int
        Of the shuffles.
    permutations : int
        199 or more.

    Returns
    -------
    list of Finding
        One a check; those of `MEASURES` for the columns that are there.
    """
    findings = [check(rows, seed, permutations) for check in (speaker_emotion, text_emotion, transcript_emotion)]
    measured = [measure for measure in MEASURES if measure.column in rows.columns]
    return findings + [measure_emotion(rows, measure, seed, permutations) for measure in measured]


def speaker_emotion(rows, seed=0, permutations=PERMUTATIONS):
    """Guess the emotion from the speaker alone.

    Parameters
    ----------
    rows, seed, permutations
        As for `confounds`.

    Returns
    -------
    Finding
        ``speaker-emotion`` in % UAR. ``details["mutual_information"]`` is the mutual information of speaker and emotion
        as a share of the emotion's entropy, I(S; E) / H(E): what share of the emotion the speaker's name gives away.
        It is not symmetric on purpose: normalised by the mean of both entropies, a corpus of 29 speakers who have one
        of four emotions each would have 0.62 instead of 0.92, for the emotion tells little of the speaker. It is of
        the sample as it is, so it grows with the number of speakers where there is nothing to know
        (``details["mutual_information_shuffled"]``: over shuffled emotions); the UAR does not.
    """
    raise NotImplementedError


def text_emotion(rows, seed=0, permutations=PERMUTATIONS):
    """Guess the emotion from the text id alone: finding ``text-emotion``."""
    raise NotImplementedError


def transcript_emotion(rows, seed=0, permutations=PERMUTATIONS):
    """Guess the emotion from the words alone: finding ``transcript-emotion``."""
    raise NotImplementedError


def measure_emotion(rows, measure, seed=0, permutations=PERMUTATIONS):
    """Guess the emotion from one number of the recording alone, by a `Measure` of `MEASURES`."""
    raise NotImplementedError


def small_groups(rows, parts=None):
    """Find emotions and speakers that are too small to judge: finding ``small-groups`` (groups)."""
    raise NotImplementedError
