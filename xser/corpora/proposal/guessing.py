"""What the names of an unknown corpus's recordings say: which part is the emotion, the speaker, the sentence, the take.

A guess is made from names alone, and says what speaks for it and how sure it is; nothing here knows any corpus.
"""

import collections
import dataclasses
import math
import re

from xser.corpora.description.emotion_words import WEIGHTS, place_labels, plain
from xser.corpora.proposal.name_parts import Place, chunks_of, levels_of, places, values

USUAL = ("angry", "happy", "neutral", "sad")
MOST_LABELS = 40  # more different values are no labels
PART_WORDS = {
    "train": "train", "training": "train", "trn": "train", "dev": "valid", "valid": "valid", "val": "valid",
    "validation": "valid", "development": "valid", "test": "test", "eval": "test", "evaluation": "test", "tst": "test",
}  # fmt: skip
GENDER_WORDS = {
    "m": "male", "male": "male", "man": "male", "men": "male", "boy": "male", "f": "female", "female": "female",
    "w": "female", "woman": "female", "women": "female", "girl": "female", "fem": "female",
}  # fmt: skip
TEXT_WORDS = frozenset("s sent sentence sen text txt t utt utterance phrase line word prompt satz cumle".split())
TAKE_WORDS = frozenset("t take r rep repetition rec v version try trial n no num number f file clip wav audio".split())


@dataclasses.dataclass(frozen=True)
class Found:
    """A part of the names that was chosen.

    Attributes
    ----------
    place : Place
    values : tuple of str
        What stands there, for every path.
    sure : bool
    why : str
        What speaks for it, for people.
    """

    place: Place
    values: tuple[str, ...]
    sure: bool
    why: str


def find_emotion(paths, language=None, table=None, place=None):
    """Find the part of the names that is the emotion.

    Parameters
    ----------
    paths : list of str
    language : str, optional
        ISO 639-3 code.
    table : dict of str to str, optional
        Labels whose emotion is known, from the user or from a README.
    place : Place, optional
        Where it is, when the user says so.

    Returns
    -------
    Found or None
    """
    if place:
        return Found(place, tuple(values(place, paths)), True, "as you say")
    few = sample(paths)
    scored = []
    for candidate in places(few):
        column = values(candidate, few)
        score = label_score(column, language, table) if _may_be_labels(set(column)) else 0
        if score > 0:
            scored.append((score, -candidate.level, candidate, tuple(column)))
    scored.sort(key=lambda entry: (round(entry[0], 3), entry[1], _wordy(entry[3]), narrowness(entry[2])), reverse=True)
    for score, _, best, column in scored:
        whole = values(best, paths)
        if None in whole:
            continue  # the sample had it everywhere, but not all recordings have
        others = [entry for entry in scored if not same_groups(entry[3], column) and entry[0] > 0.8 * score]
        return Found(best, tuple(whole), score > 0.5 and not others, describe(best, paths))
    return None


def sample(paths, most=2000):
    """Return every so-many-th of the paths: enough to look at."""
    return paths[:: -(-len(paths) // most)]


def _may_be_labels(different):
    return 2 <= len(different) <= MOST_LABELS and not {value.lower() for value in different} <= GENDER_WORDS.keys()


def _wordy(column):
    return not any(map(str.isdigit, "".join(set(column))))


def narrowness(place):
    """Of places with the same values the name's own part, then the whole chunk, is the one to write."""
    return (not place.whole, place.first is None, -place.chunk)


def label_score(column, language, table=None):
    """Say how much the values look like labels of emotion: how many are, how surely, and how evenly they come.

    Parameters
    ----------
    column : list of str
        One value for every recording.
    language : str or None
    table : dict of str to str or None
        Labels that are known.

    Returns
    -------
    float
        0 where they do not.

    Examples
    --------
    >>> label_score(["hasira", "furaha"], "swa") > label_score(["h", "f"], "swa") > label_score(["x1", "x2"], "swa")
    True
    """
    counts = collections.Counter(column)
    placed = place_labels(counts, language)
    weights = {label: WEIGHTS[guess.how] for label, guess in placed.items()}
    weights |= {label: 1.0 for label in counts if label in (table or {})}
    emotions = {guess.emotion for guess in placed.values()} | {
        table[label] for label in counts if label in (table or {})
    }
    total = counts.total()
    covered = sum(counts[label] for label in weights) / total
    short = all(weight < WEIGHTS["word"] for weight in weights.values())
    few = len(emotions & set(USUAL)) < 2
    if len(emotions) < 2 or short and few or covered < (0.8 if short else 0.5) or len(weights) < len(counts) / 2:
        return 0.0
    if short and len(weights) < len(counts) * (0.75 if covered < 1 else 0):
        return 0.0
    shares = [counts[label] / total for label in weights]
    bits = -sum(share * math.log2(share) for share in shares)
    if short:  # letters begin words of many emotions: those of the usual four tell them from mere numbering
        weights = {label: weight * len(emotions & set(USUAL)) / len(USUAL) for label, weight in weights.items()}
    all_placed = 1.0 if covered == 1 else 0.7
    if len({plain(label) for label in counts}) < len({label.casefold() for label in counts}):
        all_placed *= 0.6  # numbers beside the words only count
    weight = sum(counts[label] * weight for label, weight in weights.items()) / total
    return all_placed * weight * (0.3 + min(bits, 3) / 3)


def same_groups(column, other):
    """Whether two columns of values part the recordings alike.

    Examples
    --------
    >>> same_groups(["a", "b", "a"], ["1", "2", "1"]), same_groups(["a", "b"], ["1", "1"])
    (True, False)
    """
    return len(set(zip(column, other, strict=True))) == len(set(column)) == len(set(other))


def label_in_name(emotion, paths):
    """Find a place in the file's own name that parts the recordings as the folder with the emotion does.

    Returns
    -------
    Found or None
        Flat copies of the corpus can then be read too.
    """
    if emotion.place.level == 0:
        return None
    few, folder = sample(paths), sample(emotion.values)
    for place in places(few):
        if place.level > 0 or not same_groups(values(place, few), folder):
            continue
        column = values(place, paths)
        if None not in column and same_groups(column, emotion.values) and not all(value.isdigit() for value in column):
            return Found(place, tuple(column), emotion.sure, describe(place, paths))
    return None


# The rest. ------------------------------------------------------------------------------------------------------------


def find_words(paths, words):
    """Find a part of the names whose values are all among `words`, two of them or more, as parts of a corpus are.

    Returns
    -------
    Found or None
    """
    few = sample(paths)
    for place in sorted(places(few), key=lambda place: (not place.whole, place.level)):
        if {value.lower() for value in values(place, few)} - words.keys():
            continue
        column = values(place, paths)
        if None not in column and len({words.get(value.lower()) for value in column}) >= 2:
            if all(value.lower() in words for value in column):
                return Found(place, tuple(column), True, describe(place, paths))
    return None


def find_numbered(paths, words, taken):
    """Find a part with one of `words` before its number, such as the 3 of ``s03``; what is `taken` is left alone.

    Returns
    -------
    Found or None
    """
    for place in places(sample(paths)):
        if place.letter is not None or place.whole:
            continue
        column = values(place, paths)
        if None in column or overlaps(place, taken, paths[0]):
            continue
        if len(set(column)) > 1 and all(re.fullmatch(r"[A-Za-z]+\d+", value) for value in column):
            prefix = {re.match(r"[A-Za-z]+", value)[0].lower() for value in column}
            if len(prefix) == 1 and prefix <= words:
                return Found(place, tuple(column), False, describe(place, paths))
    return None


def overlaps(place, others, path):
    """Whether a place lies on one of `others` in `path`."""
    from xser.corpora.proposal.name_parts import span

    start, end = span(place, path)
    spans = [span(other, path) for other in others if other.level == place.level]
    return any(start < last and first < end for first, last in spans)


def describe(place, paths):
    """Say where a place is, with an example."""
    levels = levels_of(paths[0])
    said = values(place, paths[:1])[0]
    where = "the name" if place.level == 0 else f"the folder {levels[place.level]}"
    return f"{said!r} in {where}" if place.level or said != levels[0] else "the whole name"


def numbered_parts(path):
    """Return the parts of a path by the numbers that a user names them with.

    Returns
    -------
    dict of str to (Place, str)

    Examples
    --------
    >>> {name: text for name, (_, text) in numbered_parts("M01/spk3_sad.wav").items()}
    {'1': 'spk', '2': '3', '3': 'sad', 'folder1': 'M01'}
    """
    parts, levels = {}, levels_of(path)
    for at, runs in enumerate(chunks_of(levels[0])):
        for number, (_, start, end) in enumerate(runs):
            parts[str(len(parts) + 1)] = Place(0, at, number, number), levels[0][start:end]
    folders = {f"folder{level}": (Place(level, whole=True), levels[level]) for level in range(1, len(levels))}
    return parts | folders
