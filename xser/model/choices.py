"""Hyperparameters with a few known values: anything else is refused where it would be acted on."""

from collections.abc import Sequence
from typing import Any

from xser.core.errors import XserError


def refuse_unknown(key: str, value: Any, known: Sequence[str]) -> None:
    """Refuse a value that is none of those known.

    Raises
    ------
    XserError
        Naming the values that there are.

    Examples
    --------
    >>> refuse_unknown("batches", "shufled", ("shuffled", "hierarchical"))
    Traceback (most recent call last):
    ...
    xser.core.errors.XserError: batches is shuffled or hierarchical, not 'shufled'
    """
    if value not in known:
        raise XserError(f"{key} is {', '.join(known[:-1])} or {known[-1]}, not {value!r}")
