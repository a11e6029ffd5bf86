"""The usual words for emotions in tables: a native label that is one of them needs no entry of its own.

Words of `xser.corpora.description.emotion_words` and usual codes of three letters; never single letters, which stand
for something else in every language.
"""

from collections.abc import Collection

from xser.corpora.description.emotion_words import emotion_words, plain
from xser.corpora.description.languages import same_language

CODES = {
    "ang": "angry", "hap": "happy", "neu": "neutral", "fea": "fear", "dis": "disgust", "sur": "surprise",
    "exc": "excited", "bor": "boredom", "fru": "frustrated",
}  # fmt: skip


def emotion_of_word(label: str, languages: Collection[str]) -> str | None:
    """Return the canonical emotion that a label usually means, None when it is no usual word or has two meanings.

    Parameters
    ----------
    languages
        ISO 639-3 codes of the recordings: a word of theirs counts, or one of English.

    Examples
    --------
    >>> emotion_of_word("Happiness", ["deu"]), emotion_of_word("ANG", ["deu"]), emotion_of_word("Wut", ["deu"])
    ('happy', 'angry', 'angry')
    >>> emotion_of_word("Wut", ["fra"]), emotion_of_word("A", ["deu"])
    (None, None)
    """
    word = plain(label)
    if len(word) < 2:
        return None
    spoken = [code for code in emotion_words() if any(same_language(code, language) for language in languages)]
    meant: set[str | None] = {emotion_words()[code][word] for code in spoken if word in emotion_words()[code]}
    meant = meant or {emotion_words()["eng"].get(word) or CODES.get(word)}
    return meant.pop() if len(meant) == 1 else None
