"""Words that a user typed: lists of them, ranges of seeds, the known word that one was probably meant to be."""

import difflib
import re
from collections.abc import Iterable

from xser.core.errors import UsageError


def close_match(word: str, known: Iterable[str], dashes: str = "") -> str:
    """Return `` (did you mean ...?)`` with the known word that is most like `word`; empty where none is.

    Examples
    --------
    >>> close_match("emobd", ["emodb", "urdu"])
    ' (did you mean emodb?)'
    """
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {dashes}{close[0]}?)" if close else ""


def comma_separated(text: str | None) -> tuple[str, ...]:
    """Split a list such as ``a, b``; nothing gives an empty tuple."""
    return tuple(word.strip() for word in text.split(",") if word.strip()) if text else ()


def read_seeds(text: str) -> tuple[int, ...]:
    """Read seeds: single ones and ranges.

    Raises
    ------
    UsageError
        For what is no list of whole numbers, a range that runs backwards, and a seed that stands twice.

    Examples
    --------
    >>> read_seeds("0-2,7")
    (0, 1, 2, 7)
    """
    seeds: list[int] = []
    for piece in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", piece.strip())
        if not match:
            raise UsageError(f"seeds are whole numbers, as in 0-4 or 0,2,5, not {text!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UsageError(f"the seeds {piece} run backwards")
        seeds.extend(range(first, last + 1))
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"the seeds {text} name one twice")
    return tuple(seeds)


def count(number: int, noun: str) -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> count(1, "pair"), count(3, "class")
    ('1 pair', '3 classes')
    """
    plural = "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{'' if number == 1 else plural}"
