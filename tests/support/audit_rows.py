"""Made-up rows of a corpus, clean or with one thing that tells the emotion."""

import numpy as np
import pandas as pd

from xser.audit.shared_audio.pairs import COLUMNS as PAIRS

EMOTIONS = ("angry", "happy", "neutral", "sad")
COLUMNS = {
    "speaker-emotion": "speaker",
    "text-emotion": "text",
    "transcript-emotion": "transcript",
    "duration-emotion": "seconds",
    "level-emotion": "level",
    "dc-emotion": "dc",
    "silence-start-emotion": "silence_start",
    "silence-end-emotion": "silence_end",
}
SYLLABLES = tuple(first + second for first in "bdfgklmnprst" for second in "aeiou")


def clean_rows(seed, utterances=200, emotions=EMOTIONS, shares=None, speakers=10, texts=20):
    """Rows in which nothing has to do with the emotion, with unequal speakers and ties among the numbers."""
    rng = np.random.default_rng(seed)
    emotion = rng.choice(len(emotions), size=utterances, p=shares)
    often = rng.dirichlet(np.full(speakers, 3.0))
    return pd.DataFrame(
        {
            "utterance": [f"made-{number:04d}" for number in range(utterances)],
            "emotion": np.array(emotions, dtype=object)[emotion],
            "speaker": [f"s{number:02d}" for number in rng.choice(speakers, size=utterances, p=often)],
            "text": [f"t{number:02d}" for number in rng.integers(texts, size=utterances)],
            "transcript": ["".join(rng.choice(SYLLABLES, size=rng.integers(6, 16))) for _ in range(utterances)],
            "seconds": rng.lognormal(1.0, 0.4, size=utterances).round(3),
            "level": rng.normal(-25.0, 4.0, size=utterances),
            "dc": rng.standard_cauchy(size=utterances) * 1e-4,
            "silence_start": np.where(rng.random(utterances) < 0.7, 0.0, rng.exponential(0.05, size=utterances)),
            "silence_end": np.where(rng.random(utterances) < 0.95, 0.0, 0.1),
        }
    )


def planted_rows(seed, name, share, **kwargs):
    """Clean rows but for a share of the utterances, whose value tells the emotion (of silence: only ``angry``)."""
    rows = clean_rows(seed, **kwargs)
    rng = np.random.default_rng([seed, 1])
    number = rows["emotion"].map({emotion: at for at, emotion in enumerate(EMOTIONS)}).to_numpy()
    column, told = COLUMNS[name], rng.random(len(rows)) < share
    if name in ("speaker-emotion", "text-emotion"):
        values = [f"{column[0]}{at:02d}" for at in number + 4 * rng.integers(2, size=len(rows))]
    elif name == "transcript-emotion":
        values = [
            text[:6] + ("zu", "ze", "zo", "zi")[at] * 2 + text[6:]
            for text, at in zip(rows[column], number, strict=True)
        ]
    elif name == "level-emotion":  # the middle emotions alike and the outer ones apart: no mean tells them
        values = np.array([-19.0, -25.0, -25.0, -31.0])[number] + rng.normal(0.0, 0.5, size=len(rows))
    elif name == "duration-emotion":
        values = np.array([2.0, 2.5, 3.0, 3.5])[number] + rng.normal(0.0, 0.05, size=len(rows))
    elif name == "dc-emotion":
        values = 1e-4 * number + rng.normal(0.0, 1e-5, size=len(rows))
    else:
        told &= number == 0
        values = rng.uniform(0.2, 0.3, size=len(rows))
    rows.loc[told, column] = np.asarray(values, dtype=object if column in ("speaker", "text", "transcript") else float)[
        told
    ]
    return rows


def no_pairs():
    """A table of recordings that share a stretch, without any."""
    return pd.DataFrame({column: [] for column in PAIRS})
