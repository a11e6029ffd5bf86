"""Usual words of the cells of a table: languages, genders, parts of a split, times."""

import datetime
import math
import re

from xser.core.errors import XserError
from xser.corpora.description.languages import is_language, language_code

GENDERS = {  # the one list of such words
    **dict.fromkeys("f female females fem w woman women girl girls".split(), "female"),
    **dict.fromkeys("m male males man men boy boys".split(), "male"),
}
PARTS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev", "devel", "development"), "valid"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), "test"),
}


def code_of_language(word: str) -> str:
    """Return the ISO 639-3 code of a language given by a code of two or three letters, a locale or a name.

    Raises
    ------
    XserError
        When the language is unknown.

    Examples
    --------
    >>> code_of_language("de-AT"), code_of_language("deu"), code_of_language("German"), code_of_language("zh")
    ('deu', 'deu', 'deu', 'zho')
    """
    start = re.split("[-_]", word.strip())[0]
    return language_code(start if len(start) <= 3 and is_language(start) else word)


def gender_of(word: str) -> str:
    """Return ``male``, ``female``, or the word in lower case; empty for what says that it is unknown.

    Examples
    --------
    >>> gender_of("W"), gender_of("boy"), gender_of("Unknown"), gender_of("Divers")
    ('female', 'male', '', 'divers')
    """
    word = word.casefold()
    return "" if word in ("unknown", "unk", "?") else GENDERS.get(word, word)


def part_of(word: str) -> str | None:
    """Return ``train``, ``valid`` or ``test``, None for another word.

    Examples
    --------
    >>> part_of("Dev"), part_of("training"), part_of("left")
    ('valid', 'train', None)
    """
    return PARTS.get(word.casefold())


def seconds_of(time: str) -> float:
    """Return the seconds of a number, of ``h:m:s`` or of what pandas writes (``0 days 00:00:01.5``).

    Raises
    ------
    XserError
        When it is no time.

    Examples
    --------
    >>> seconds_of("1.5"), seconds_of("0 days 00:01:00.250000"), seconds_of("1:02:03")
    (1.5, 60.25, 3723.0)
    """
    days, _, clock = time.partition(" days ") if " days " in time else ("0", "", time)
    try:
        fields = [float(piece) for piece in clock.split(":")]
        if len(fields) not in (1, 3):
            raise ValueError(time)
        seconds = sum(piece * 60**power for power, piece in enumerate(reversed(fields)))
        seconds += datetime.timedelta(days=int(days)).total_seconds()
    except ValueError as error:
        raise XserError(f"{time!r} is no time in seconds") from error
    if not 0 <= seconds < math.inf:
        raise XserError(f"{time!r} is no time in seconds")
    return seconds
