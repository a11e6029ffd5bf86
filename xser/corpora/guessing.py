"""What the names of an unknown corpus's recordings say: which part is the emotion, the speaker, the sentence, the take.

A guess is made from names alone, and says what speaks for it and how sure it is; nothing here knows any corpus.
"""

import collections
import dataclasses
import math
import re

from xser.corpora.emotion_words import WEIGHTS, place_labels
from xser.corpora.name_parts import Place, chunks_of, levels_of, places, runs_of, values

USUAL = ("angry", "happy", "neutral", "sad")
LEAST = 2.0  # of the evidence for a speaker: below it nobody is better than a wrong one
MOST_LABELS = 40  # more different values are no labels
PART_WORDS = {
    "train": "train", "training": "train", "trn": "train", "dev": "valid", "valid": "valid", "val": "valid",
    "validation": "valid", "development": "valid", "test": "test", "eval": "test", "evaluation": "test", "tst": "test",
}  # fmt: skip
GENDER_WORDS = {
    "m": "male", "male": "male", "man": "male", "men": "male", "boy": "male", "f": "female", "female": "female",
    "w": "female", "woman": "female", "women": "female", "girl": "female", "fem": "female",
}  # fmt: skip
SPEAKER_WORDS = frozenset(
    "spk spkr speaker speakers sp actor actress act subject subj sub sujet person p participant user talker voice "
    "sprecher locuteur loc hablante locutor falante parlante mzungumzaji msemaji konusmaci id".split()
)
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
    scored = []
    for candidate in [place] if place else places(paths):
        column = values(candidate, paths)
        if None in column or (not place and not _may_be_labels(set(column))):
            continue
        score = 1.0 if place else label_score(column, language, table)
        scored.append((score, -candidate.level, candidate, tuple(column)))
    scored = [entry for entry in scored if entry[0] > 0]
    if not scored:
        return None
    score, _, best, column = max(scored, key=lambda entry: (round(entry[0], 3), entry[1], _narrow(entry[2])))
    others = [entry for entry in scored if not same_groups(entry[3], column) and entry[0] > 0.8 * score]
    sure = place is not None or (score > 0.5 and not others)
    return Found(best, column, sure, "as you say" if place else describe(best, paths))


def _may_be_labels(different):
    return 2 <= len(different) <= MOST_LABELS and not {value.lower() for value in different} <= GENDER_WORDS.keys()


def _narrow(place):
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
    for place in places(paths):
        column = values(place, paths) if place.level == 0 else [None]
        if None not in column and same_groups(column, emotion.values) and not all(value.isdigit() for value in column):
            return Found(place, tuple(column), emotion.sure, describe(place, paths))
    return None


# Speakers. ------------------------------------------------------------------------------------------------------------


def find_speaker(paths, emotion, place=None):
    """Find the part of the names that tells who speaks.

    Parameters
    ----------
    paths : list of str
    emotion : tuple of str or None
        The native label of every recording.
    place : Place, optional
        Where it is, when the user says so.

    Returns
    -------
    Found or None
    """
    if place is not None:
        return Found(place, tuple(values(place, paths)), True, "as you say")
    columns = [(candidate, values(candidate, paths)) for candidate in places(paths) if candidate.letter is None]
    columns = [(candidate, column) for candidate, column in columns if None not in column]
    scored = []
    for candidate, column in columns:
        score = _speaker_score(candidate, column, emotion, paths)
        if score is None:
            continue
        again = any(
            other.level != candidate.level and same_groups(column, theirs)
            for other, theirs in columns
            if other != candidate
        )
        scored.append((score + 2 * again, -len(set(column)), -candidate.level, candidate, tuple(column)))
    if not scored:
        return None
    score, _, _, best, column = max(scored, key=lambda entry: (entry[0], _narrow(entry[3]), entry[2]))
    if score < LEAST:
        return None
    finer = [entry for entry in scored if not same_groups(entry[4], column)]
    close = max((entry[0] for entry in finer), default=-9)
    return Found(best, column, score >= 3 and score - close >= 1, describe(best, paths))


def _speaker_score(place, column, emotion, paths):
    """How much a column looks like speakers; None where it cannot be."""
    counts = collections.Counter(column)
    if not 2 <= len(counts) <= max(2, len(column) / 3) or (emotion and same_groups(column, emotion)):
        return None
    if all(_is_of_parts(value) for value in counts) or {value.lower() for value in counts} <= GENDER_WORDS.keys():
        return None
    if not any(map(str.isdigit, "".join(counts))) and _stands_before_digits(place, paths):
        return None
    score = (1.0 if place.whole or any(map(str.isdigit, "".join(counts))) else 0.0) if place.level > 0 else 0.0
    words, digits = _prefixes(place, column, paths)
    if words and words <= SPEAKER_WORDS and digits:
        score += 2 if words & {"p", "sp", "id", "s"} else 4
    elif digits and len(words) > 1 and words <= GENDER_WORDS.keys():
        score += 3.5
    elif digits and len(words) > 1 and {word[-1] for word in words} <= GENDER_WORDS.keys():
        score += 3  # such as SM1 and SF1
    elif digits and len(words) == 1 and words <= TEXT_WORDS | TAKE_WORDS:
        score -= 2.5
    elif not digits:
        score += _like_names(counts)
    else:
        longest = max(map(len, counts))
        score += 1.5 if longest >= 4 and not words and place.chunk == 0 else 0.3 if longest >= 2 else -0.5
    position = 0 if place.level else place.chunk if place.chunk >= 0 else 3
    score += 0.8 - 0.3 * position - (0.3 * (place.first or 0) if place.level == 0 else 0)
    score -= len(counts) == 2 and len(column) > 200  # so much of so few is rare
    return score + _crossing(column, emotion)


def _is_of_parts(value):
    chunks = [value[runs[0][1] : runs[-1][2]].lower() for runs in chunks_of(value)]
    return any(chunk in PART_WORDS or chunk.strip("0123456789") in PART_WORDS for chunk in chunks)


def _stands_before_digits(place, paths):
    """Whether digits follow at once and go with it: then both together say something, unless they only count."""
    if place.whole or place.first is None:
        return False
    runs = chunks_of(levels_of(paths[0])[place.level])[place.chunk]
    if place.last + 1 >= len(runs) or runs[place.last + 1][0] != "D":
        return False
    both = values(dataclasses.replace(place, last=place.last + 1), paths)
    return None not in both and len(set(both)) <= len(both) / 3


def _prefixes(place, column, paths):
    """The words before the numbers of a column, and whether it has numbers; the run before it counts too."""
    words, digits = set(), True
    for value, path in zip(column, paths, strict=True):
        runs = [run for run in runs_of(value) if run[0] != "S"]
        digits = digits and any(kind == "D" for kind, _, _ in runs)
        word = "".join(value[start:end] for kind, start, end in runs if kind == "L").lower()
        if not word:
            word = _word_before(place, levels_of(path)[place.level])
        if word:
            words.add(word)
    return words, digits


def _word_before(place, text):
    """The letters right before a place: the run before it, or a chunk of letters before a chunk of digits."""
    if place.whole or place.chunk < 0:
        return ""
    chunks = chunks_of(text)
    before = (
        chunks[place.chunk][place.first - 1] if place.first else chunks[place.chunk - 1][-1] if place.chunk else None
    )
    return text[before[1] : before[2]].lower() if before and before[0] == "L" else ""


def _like_names(counts):
    """How much values without numbers look like names or initials of people."""
    names = [value for value in counts if value]
    if max(map(len, names)) == 1 and len(names) <= 3:
        return -1.5  # a sign of something else, such as voices of men, women and children
    if any(guess.how == "word" for guess in place_labels(names, None).values()):
        return -2.0
    if len(names) > 40:
        return -1.5
    capitals = sum(value[:1].isupper() for value in names) / len(names)
    return 0.5 + 0.7 * (capitals == 1) + 0.3 * (len({len(value) for value in names}) == 1)


def _crossing(column, emotion):
    """Speakers show many emotions each, and say much each."""
    if not emotion:
        return 0.0
    seen = collections.defaultdict(set)
    for value, label in zip(column, emotion, strict=True):
        seen[value].add(label)
    share = sum(map(len, seen.values())) / len(seen) / len(set(emotion))
    many = len(column) / len(seen) >= 2 * len(set(emotion))
    return (1.0 if share > 0.6 else -1.5 if share < 1.5 / len(set(emotion)) else 0.0) + 0.3 * many


# The rest. ------------------------------------------------------------------------------------------------------------


def find_words(paths, words):
    """Find a part of the names whose values are all among `words`, two of them or more, as parts of a corpus are.

    Returns
    -------
    Found or None
    """
    for place in sorted(places(paths), key=lambda place: (not place.whole, place.level)):
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
    for place in places(paths):
        column = values(place, paths)
        if place.letter is not None or place.whole or None in column or overlaps(place, taken, paths[0]):
            continue
        if len(set(column)) > 1 and all(re.fullmatch(r"[A-Za-z]+\d+", value) for value in column):
            prefix = {re.match(r"[A-Za-z]+", value)[0].lower() for value in column}
            if len(prefix) == 1 and prefix <= words:
                return Found(place, tuple(column), False, describe(place, paths))
    return None


def overlaps(place, others, path):
    """Whether a place lies on one of `others` in `path`."""
    from xser.corpora.name_parts import span

    start, end = span(place, path)
    spans = [span(other, path) for other in others if other.level == place.level]
    return any(start < last and first < end for first, last in spans)


def gender_of(column):
    """Return a map of regular expressions from speakers to genders where their names begin with a sign of it.

    Examples
    --------
    >>> gender_of(["F01", "M02"]), gender_of(["a", "b"])
    ({'[Ff].*': 'female', '[Mm].*': 'male'}, {})
    """
    words = {re.match(r"[^\W\d_]*", value)[0].lower() for value in column}
    if not words or not words <= GENDER_WORDS.keys() or len({GENDER_WORDS[word] for word in words}) < 2:
        return {}
    starts = sorted(words, key=len, reverse=True)
    return {
        "".join(f"[{letter.upper()}{letter}]" for letter in word) + (r"\d.*" if len(word) > 1 else ".*"): GENDER_WORDS[
            word
        ]
        for word in starts
    }


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


def speaker_crossing(column, labels):
    """Whether a column of a table could be speakers: not too many, each with several of the labels."""
    different = len(set(column))
    return 2 <= different <= max(2, len(column) / 3) and _crossing(column, labels) >= 1 and "" not in column
