"""Tables of utterances without recordings, for tests of the protocol."""

import types

import numpy as np
import pandas as pd

from xser.core.fingerprints import fingerprint
from xser.core.rows import PARTS, ROW_COLUMNS
from xser.protocol.splits.splits import split_rows


def corpus_like(id="made", stratified=None, labels=None, languages=("deu",), speaker_loss=None, faults=()):
    """What splits and fingerprints ask of a `Corpus`."""
    return types.SimpleNamespace(
        id=id,
        title=id.upper(),
        stratified=stratified,
        labels=labels or {},
        languages=languages,
        faults=faults,
        speaker_loss=speaker_loss or {"masked": False, "why": ""},
    )


def rows_of(counts, corpus="made", language="deu", texts=10):
    """Rows with ``emotion``: `counts` maps speaker -> emotion -> number of utterances."""
    made = []
    for speaker, emotions in counts.items():
        for emotion, number in emotions.items():
            for take in range(number):
                name = f"{speaker or 'unknown'}-{emotion}-{take:05}"
                made.append(
                    dict.fromkeys(ROW_COLUMNS, "")
                    | {
                        "utterance": f"{corpus}-{name}",
                        "corpus": corpus,
                        "language": language,
                        "speaker": f"{corpus}-{speaker}" if speaker else "",
                        "text": f"{corpus}-{take % texts}" if texts else "",
                        "native_label": emotion,
                        "emotion": emotion,
                        "audio": f"audio/{name}.wav",
                        "seconds": 1.0 + take / 100,
                        "digest": fingerprint(corpus, language, name),
                    }
                )
    return pd.DataFrame(made, columns=[*ROW_COLUMNS, "emotion"])


def evenly(counts, speakers):
    """Deal each class's utterances out over `speakers` speakers."""

    def share(number, index):
        return number // speakers + (index < number % speakers)

    return {
        f"s{index:03}": {emotion: share(number, index) for emotion, number in counts.items()}
        for index in range(speakers)
    }


def shuffled(rows, seed):
    """The same rows in another order, under another index."""
    order = np.random.default_rng(seed).permutation(len(rows))
    rows = rows.iloc[order]
    return rows.set_axis([f"row {number}" for number in range(len(rows))], axis=0)


def by_utterance(rows, parts):
    """The part of every utterance."""
    return dict(zip(rows["utterance"], parts.loc[rows.index], strict=True))


def one_split(rows, name, seed=0, corpus=None):
    """Parts of a split that has no folds."""
    (parts,) = split_rows(rows, name, seed, corpus or corpus_like())
    return parts


def every_class_is_in_every_part(rows, parts):
    """Whether the parts have the same emotions, all that there are."""
    return all(set(rows.loc[parts == part, "emotion"]) == set(rows["emotion"]) for part in PARTS)
