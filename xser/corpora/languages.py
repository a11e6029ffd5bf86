"""Languages: ISO 639-3 codes in files, English names for people."""

from xser.errors import XserError

LANGUAGES = {
    "amh": "Amharic",
    "ara": "Arabic",
    "ben": "Bangla",
    "cmn": "Mandarin",
    "deu": "German",
    "ell": "Greek",
    "eng": "English",
    "fas": "Persian",
    "fra": "French",
    "ita": "Italian",
    "jpn": "Japanese",
    "mul": "mixed",
    "pol": "Polish",
    "por": "Portuguese",
    "rus": "Russian",
    "spa": "Spanish",
    "tur": "Turkish",
    "urd": "Urdu",
}
_CODES = {name.lower(): code for code, name in LANGUAGES.items()}


def language_name(code):
    """Return a language's English name.

    Raises
    ------
    XserError
        When the code is unknown.

    Examples
    --------
    >>> language_name("deu")
    'German'
    """
    if code not in LANGUAGES:
        raise _unknown(code)
    return LANGUAGES[code]


def language_code(language):
    """Return the ISO 639-3 code of a language given by its code or its English name, in any case.

    Raises
    ------
    XserError
        When the language is unknown.

    Examples
    --------
    >>> language_code("german"), language_code("DEU")
    ('deu', 'deu')
    """
    word = language.strip().lower()
    if word in LANGUAGES:
        return word
    if word not in _CODES:
        raise _unknown(language)
    return _CODES[word]


def _unknown(language):
    known = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
    return XserError(f"unknown language {language!r}: known are {known}")
