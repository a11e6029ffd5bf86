"""Words for emotions in many languages, each with its canonical emotion. They stand in emotion_words.yaml."""

import functools
import unicodedata
from pathlib import Path

import yaml


def plain(text: str) -> str:
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
def emotion_words() -> dict[str, dict[str, str]]:
    """Return {language: {word, as `plain` writes it: canonical emotion}}, in the order of the list."""
    path = Path(__file__).with_name("emotion_words.yaml")
    content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    languages: dict[str, dict[str, str]] = {}
    for language, emotions in content.items():
        words = languages.setdefault(language, {})
        for emotion, names in emotions.items():
            for name in names:
                words.setdefault(plain(name), emotion)
    return languages
