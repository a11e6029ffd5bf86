"""Languages: ISO 639-3 codes in files, English names for people. The table is languages.tsv, of 124 kB.

No library has what is needed. pycountry (21 MB) knows no macrolanguages, and neither Swahili, Mandarin nor Greek by
these names. langcodes with its data (30 MB) knows 64 of 444 macrolanguages, and reads 136 of 8,316 names otherwise:
Fala, of Spain, as French.
"""

import difflib
import functools
from pathlib import Path

from xser.core.errors import XserError


@functools.cache
def _table() -> dict[str, tuple[str, list[str]]]:
    """Return {code: (code of its macrolanguage or "", names)}."""
    lines = Path(__file__).with_name("languages.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {code: (macrolanguage, names) for code, macrolanguage, *names in rows}


@functools.cache
def _codes() -> dict[str, str]:
    return {name.lower(): code for code, (_, names) in _table().items() for name in names}


def language_name(code: str) -> str:
    """Return a language's English name.

    Raises
    ------
    XserError
        When the code is unknown.

    Examples
    --------
    >>> language_name("deu"), language_name("swa")
    ('German', 'Swahili')
    """
    if code not in _table():
        raise _unknown(code)
    return _table()[code][1][0]


def language_code(language: str) -> str:
    """Return the ISO 639-3 code of a language given by its code or an English name of it, in any case.

    Raises
    ------
    XserError
        When the language is unknown.

    Examples
    --------
    >>> language_code("german"), language_code("DEU"), language_code("Kiswahili")
    ('deu', 'deu', 'swh')
    """
    word = language.strip().lower()
    if word in _table():
        return word
    if word not in _codes():
        raise _unknown(language)
    return _codes()[word]


def is_language(word: str) -> bool:
    """Whether `word` is a code or an English name of a language.

    Examples
    --------
    >>> is_language("Swahili"), is_language("Elvish")
    (True, False)
    """
    return word.strip().lower() in _table() or word.strip().lower() in _codes()


def same_language(code: str, other: str) -> bool:
    """Whether two codes may stand for one language: they are equal, or one is the other's macrolanguage.

    Examples
    --------
    >>> same_language("swa", "swh"), same_language("zho", "cmn"), same_language("cmn", "yue")
    (True, True, False)
    """
    return code == other or _table()[code][0] == other or _table()[other][0] == code


def _unknown(language: str) -> XserError:
    word = str(language).strip().lower()
    near = difflib.get_close_matches(word, _codes(), n=3) if len(word) > 3 else []
    meant = " or ".join(f"{_codes()[name]} ({language_name(_codes()[name])})" for name in near)
    return XserError(
        f"unknown language {language!r}{f': is it {meant}?' if meant else ''}: give its ISO 639-3 code, such as "
        "deu (German), or its English name"
    )
