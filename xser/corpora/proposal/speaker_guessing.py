"""Which part of the names of an unknown corpus's recordings tells who speaks."""

import collections
import dataclasses
import re

from xser.corpora.description.emotion_words import place_labels
from xser.corpora.proposal.guessing import (
    GENDER_WORDS,
    PART_WORDS,
    TAKE_WORDS,
    TEXT_WORDS,
    Found,
    describe,
    narrowness,
    same_groups,
    sample,
)
from xser.corpora.proposal.name_parts import chunks_of, levels_of, places, runs_of, values

LEAST = 2.0  # of the evidence for a speaker: below it nobody is better than a wrong one
SPEAKER_WORDS = frozenset(
    "spk spkr speaker speakers sp actor actress act subject subj sub sujet person p participant user talker voice "
    "sprecher locuteur loc hablante locutor falante parlante mzungumzaji msemaji konusmaci id".split()
)


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
    few, labels = sample(paths), emotion and sample(emotion)
    columns = [(candidate, values(candidate, few)) for candidate in places(few) if candidate.letter is None]
    scored = []
    for candidate, column in columns:
        score = _speaker_score(candidate, column, labels, few)
        if score is None:
            continue
        # What stands in the name and in a folder too is of importance.
        again = any(theirs.level != candidate.level and same_groups(column, other) for theirs, other in columns)
        scored.append((score + 2 * again, narrowness(candidate), -candidate.level, candidate, tuple(column)))
    scored.sort(key=lambda entry: entry[:3], reverse=True)
    for score, _, _, best, column in scored:
        whole = values(best, paths)
        if None in whole or score < LEAST:
            continue
        close = max((entry[0] for entry in scored if not same_groups(entry[4], column)), default=-9)
        return Found(best, tuple(whole), score >= 3 and score - close >= 1, describe(best, paths))
    return None


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
        score += 3.5 - 1.5 * bool(place.first)  # the number of F01 alone is not all that tells
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


def speaker_crossing(column, labels):
    """Whether a column of a table could be speakers: not too many, each with several of the labels."""
    different = len(set(column))
    return 2 <= different <= max(2, len(column) / 3) and _crossing(column, labels) >= 1 and "" not in column


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
    starts = sorted(words, key=lambda word: (-len(word), word))
    return {
        "".join(f"[{letter.upper()}{letter}]" for letter in word) + (r"\d.*" if len(word) > 1 else ".*"): GENDER_WORDS[
            word
        ]
        for word in starts
    }
