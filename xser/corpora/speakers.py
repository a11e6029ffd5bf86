"""Speakers of a corpus: who is one person under several names."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

SHOWN = 5  # pairs that a sentence names


def one_name(groups: Iterable[Sequence[str]]) -> dict[str, str]:
    """Return the name that stays of each other name of a person: the first of each group.

    Examples
    --------
    >>> one_name([["46", "53"]])
    {'53': '46'}
    """
    return {other: group[0] for group in groups for other in group[1:]}


def spelled_alike(speakers: Iterable[str]) -> list[list[str]]:
    """Group names that may be one person's, written in different ways.

    They differ in nothing but capitals, accents, what stands between words and numbers, zeros before a number, and
    ``.0`` behind it, as a spreadsheet or another program changes them.

    Returns
    -------
    list of list of str
        Groups of two names or more.

    Examples
    --------
    >>> spelled_alike(["s1", "S01", "s11", "1", "1.0", "anna b", "Anna_B", "1-2", "12"])
    [['1', '1.0'], ['Anna_B', 'anna b'], ['S01', 's1']]
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(set(speakers) - {""}):
        groups.setdefault(_bare(name), []).append(name)
    return sorted(group for group in groups.values() if len(group) > 1)


def _bare(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    letters = re.sub(r"(?<![\d.])(\d+)\.0*$", r"\1", letters.strip())  # a number that became a fraction
    pieces = re.findall(r"\d+|[^\W\d_]+", letters)
    return " ".join(piece.lstrip("0") or "0" if piece.isdecimal() else piece for piece in pieces) or letters


def describe_spellings(groups: Sequence[Sequence[str]], where: str) -> str:
    """Write in one sentence which names may be one person's, and how to say so in the file `where`."""
    pairs = ", ".join(" and ".join(group) for group in groups[:SHOWN])
    more = f" and {len(groups) - SHOWN} more" if len(groups) > SHOWN else ""
    entry = ", ".join(f"[{', '.join(map(_quoted, group))}]" for group in groups)
    return (
        f"speakers whose names differ only in spelling count as different people: {pairs}{more}; if each is the same "
        f"person, write in {where} `same_speaker: [{entry}]`"
    )


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w.-]+", name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
