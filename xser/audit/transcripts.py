"""How well the words tell the emotion: a classifier of bags of subword units, in any language.

The units are a SentencePiece unigram model's (Kudo 2018), trained on the corpus's transcripts without their emotions.
It finds its pieces in running text, and so needs no spaces between words (Chinese, Japanese, Thai), no list of words
and no stemmer (Turkish, Amharic). The classifier is multinomial naive Bayes over counts of units, with a flat prior, in
five stratified folds. (Leaving out one utterance at a time would betray its emotion: each unit that occurs once is a
little likelier in the emotion that lost it.) It is weak on purpose: what it knows lies open in the words, and a model
whose encoder knows the language knows it too.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xser.audit.probes import Probe, against_shuffled

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FOLDS = 5
UNITS = 300  # besides single characters
SMOOTHING = 1.0  # Laplace's
LONGEST = 4000  # characters of a transcript that are read; SentencePiece takes lines of up to 4192 bytes by itself


def probe_transcripts(transcripts: Sequence[str], emotions: ArrayLike, permutations: int, seed: int = 0) -> Probe:
    """Classify emotions by transcripts, and shuffled emotions in the same way.

    Parameters
    ----------
    transcripts
        ``(utterances,)``
    emotions
        ``(utterances,)``, numbered from 0; each occurs at least `FOLDS` times.
    permutations
        How many shuffles.
    seed
        Of the shuffles. The order of the utterances has no influence.
    """
    from sklearn.model_selection import StratifiedKFold

    order = np.lexsort((np.asarray(emotions), np.asarray(transcripts, dtype=str)))
    emotions = np.asarray(emotions)[order]
    counts = count_units([transcripts[at] for at in order])
    folds = np.empty(len(emotions), dtype=int)
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(emotions[:, None], emotions)
    for fold, (_, held) in enumerate(parts):
        folds[held] = fold
    rng = np.random.default_rng(seed)
    shuffled = []
    for _ in range(permutations):
        drawn = rng.permutation(len(emotions))  # emotions keep their folds, so that these stay stratified
        shuffled.append(cross_validated(counts, emotions[drawn], folds[drawn]))
    return against_shuffled(cross_validated(counts, emotions, folds), shuffled)


def count_units(transcripts: Sequence[str]) -> "csr_matrix":
    """Count the units of each transcript, ``(utterances, units)``; no unit where all transcripts are empty.

    Examples
    --------
    >>> count_units(["ja", "ja ja", "nein"]).shape[0]
    3
    """
    from scipy.sparse import csr_matrix

    lines = [" ".join(transcript.split())[:LONGEST] for transcript in transcripts]
    distinct, position = np.unique(np.array(lines, dtype=object).astype(str), return_inverse=True)
    units = _into_units(distinct.tolist())
    names = {unit: at for at, unit in enumerate(sorted({unit for line in units for unit in line}))}
    columns = [[names[unit] for unit in units[at]] for at in position]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.array([column for line in columns for column in line], dtype=int)
    counts = csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(lines), len(names)))
    counts.sum_duplicates()
    return counts


def _into_units(lines: Sequence[str]) -> list[list[str]]:
    """Split lines into the pieces of a model that is trained on them, or into characters where none can be trained."""
    import sentencepiece

    characters = {character for line in lines for character in line}
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([line for line in lines if line]),
            model_writer=model,
            model_type="unigram",
            vocab_size=len(characters) + UNITS,
            hard_vocab_limit=False,  # as many as a small corpus gives
            character_coverage=1.0,
            max_sentence_length=4 * LONGEST + 1,  # bytes
            normalization_rule_name="nmt_nfkc_cf",  # upper and lower case alike
            num_threads=1,
            minloglevel=3,
        )
    except RuntimeError:  # a corpus of a few characters
        return [list(line.replace(" ", "")) for line in lines]
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()).encode(lines, out_type=str)


def cross_validated(counts: "csr_matrix", emotions: NDArray, folds: NDArray) -> float:
    """UAR of naive Bayes that has learned from the other folds, as a fraction of 1; tied emotions share the hit.

    Parameters
    ----------
    counts
        ``(utterances, units)``
    emotions, folds
        ``(utterances,)``, numbered from 0; each emotion occurs in each fold.
    """
    each = np.arange(len(emotions))
    shape = int(folds.max()) + 1, int(emotions.max()) + 1
    member = np.zeros((len(each), *shape))
    member[each, folds, emotions] = 1
    inside = counts.T @ member.reshape(len(each), -1)  # (units, folds * emotions)
    inside = inside.reshape(-1, *shape)
    learned = inside.sum(axis=1, keepdims=True) - inside + SMOOTHING
    rates = np.log(learned / learned.sum(axis=0))
    scores = (counts @ rates.reshape(len(rates), -1)).reshape(-1, *shape)[each, folds]  # (utterances, emotions)
    best = scores >= scores.max(axis=1, keepdims=True) - 1e-9
    hits = best[each, emotions] / best.sum(axis=1)
    return float((np.bincount(emotions, weights=hits) / np.bincount(emotions)).mean())
