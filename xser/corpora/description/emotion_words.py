"""Words for emotions in many languages: which canonical emotion a native label probably means.

The words stand in emotion_words.yaml. A guess says how it was made, so that a reader knows what to check: a `word` is
one of the list, an `abbreviation` the beginning of one, a `letter` the first letter of one, each another emotion.
"""

import dataclasses
import functools
import unicodedata
from pathlib import Path

import yaml

from xser.corpora.description.emotions import CANONICAL
from xser.corpora.description.languages import same_language

WEIGHTS = {"word": 1.0, "abbreviation": 0.8, "letter": 0.45}  # how much a label that is placed so tells
_BY_LETTER = CANONICAL[:10]  # nobody gives the rarer emotions one letter


@dataclasses.dataclass(frozen=True)
class Guess:
    """What a native label probably means.

    Attributes
    ----------
    emotion : str
        The canonical emotion.
    how : str
        A key of `WEIGHTS`.
    language : str
        ISO 639-3 code of the language whose word it is.
    """

    emotion: str
    how: str
    language: str


def plain(text):
    """Return `text` as words are compared: small letters, no accents on Latin, Greek and Cyrillic ones, no signs.

    Examples
    --------
    >>> plain("Colère"), plain("pleasant-surprise"), plain("गुस्सा") == "गुस्सा"
    ('colere', 'pleasant surprise', True)
    """
    letters, base = [], ""
    for letter in unicodedata.normalize("NFKD", text.casefold()):
        category = unicodedata.category(letter)[0]
        if category == "M" and unicodedata.name(base or " ", "").startswith(("LATIN", "GREEK", "CYRILLIC")):
            continue
        base = letter if category == "L" else base
        letters.append(letter if category in "LM" else " ")
    return unicodedata.normalize("NFC", " ".join("".join(letters).split()))


@functools.cache
def emotion_words():
    """Return {language: {word, as `plain` writes it: canonical emotion}}, in the order of the list."""
    path = Path(__file__).with_name("emotion_words.yaml")
    content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    languages = {}
    for language, emotions in content.items():
        words = languages.setdefault(language, {})
        for emotion, names in emotions.items():
            for name in names:
                words.setdefault(plain(name), emotion)
    return languages


def place_labels(labels, language=None):
    """Guess what the native labels of one corpus mean.

    All are read in one language where that can be: the corpus's, English, or else the one that has most of them.

    Parameters
    ----------
    labels : collection of str
    language : str, optional
        ISO 639-3 code of the corpus's language.

    Returns
    -------
    dict of str to Guess
        Without the labels of which nothing is known.

    Examples
    --------
    >>> {label: guess.emotion for label, guess in place_labels(["hasira", "furaha", "x7"], "swa").items()}
    {'furaha': 'happy', 'hasira': 'angry'}
    >>> {label: guess.emotion for label, guess in place_labels("WAFT", "deu").items()}
    {'A': 'fear', 'F': 'happy', 'T': 'sad', 'W': 'angry'}
    """
    labels = sorted(set(labels))
    own = _languages_of(language)
    ranked = sorted(emotion_words(), key=lambda code: _order(code, own, labels))
    guesses = {}
    for code in ranked:
        for label in labels:
            word = _word(label, code)
            if word and label not in guesses:
                guesses[label] = Guess(word, "word", code)
    left = [label for label in labels if label not in guesses and plain(label) and not any(map(str.isdigit, label))]
    if left:
        usual = [*own, "eng"] + [code for code in ranked if code not in own and code != "eng"]
        best = max(usual, key=lambda code: (len(_short(left, code, guesses)), -usual.index(code)))
        for code in dict.fromkeys((best, *own, "eng")):
            guesses |= _short([label for label in left if label not in guesses], code, guesses)
    return {label: guesses[label] for label in labels if label in guesses}


def _languages_of(language):
    return [code for code in emotion_words() if language and same_language(code, language)]


def _order(code, own, labels):
    """Where a language stands: the corpus's own first, then by how many labels are its words, English before others."""
    return code not in own, -sum(_word(label, code) is not None for label in labels), code != "eng"


def _word(label, code):
    words = emotion_words()[code]
    text = plain(label)
    return words.get(text) or words.get(text.replace(" ", "")) if text else None


def _short(labels, code, guesses):
    """Place labels that are the beginnings of a language's words, no two at one emotion."""
    taken = {guess.emotion for guess in guesses.values()}
    placed = {}
    for length in sorted({len(plain(label)) for label in labels}, reverse=True):
        now = [label for label in labels if len(plain(label)) == length]
        choices = {label: _beginnings(plain(label), code) for label in now}
        different = sorted({plain(label) for label in now if choices[label]})
        chosen = _distinct(different, {plain(label): choices[label] for label in now}, taken)
        for label in now:
            if plain(label) in chosen:
                placed[label] = Guess(chosen[plain(label)], "letter" if length == 1 else "abbreviation", code)
        taken |= set(chosen.values())
    return placed


@functools.cache
def _beginnings(text, code):
    """Emotions of which a word begins with `text`, the likeliest first; of one letter those of usual emotions alone."""
    found = {}
    for at, (word, emotion) in enumerate(emotion_words()[code].items()):
        if word.startswith(text) and word != text and (len(text) > 1 or emotion in _BY_LETTER):
            found.setdefault(emotion, at)
    firsts = {}
    for at, emotion in enumerate(emotion_words()[code].values()):
        firsts.setdefault(emotion, at)
    # A language's first word for an emotion is what people abbreviate.
    return tuple(sorted(found, key=lambda emotion: (found[emotion] - firsts[emotion], CANONICAL.index(emotion))))


def _distinct(texts, choices, taken):
    """Give each text one of its choices, no two the same: as many as can be, then the likeliest."""
    best, best_cost = {}, (0, 0)

    def go(at, chosen, cost):
        nonlocal best, best_cost
        if at == len(texts):
            if not best or (-len(chosen), cost) < best_cost:
                best, best_cost = dict(chosen), (-len(chosen), cost)
            return
        for rank, emotion in enumerate(choices[texts[at]][:4]):
            if emotion not in taken and emotion not in chosen.values():
                go(at + 1, {**chosen, texts[at]: emotion}, cost + rank)
        if len(texts) - at - 1 + len(chosen) >= -best_cost[0]:
            go(at + 1, chosen, cost)

    if len(texts) <= 12:  # more short codes than that are no emotions
        go(0, {}, 0)
    return best
