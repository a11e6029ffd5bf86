"""Hashes of what a file was made from: another option, another name on disk."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from xser.core.errors import XserError

LENGTH = 16  # hexadecimal digits: 64 bits


def fingerprint(*things: Any) -> str:
    """Hash `things` so that whatever differs gives another name, today and on another machine.

    Parameters
    ----------
    *things
        None, bool, int, float, str, bytes, `pathlib.Path`, and lists, tuples, sets, dicts and dataclasses of these. A
        `Path` stands for the content of the file, wherever it lies (pass ``str(path)`` to hash the name); the order
        of a dict or a set does not matter; a tuple equals the list of the same things.

    Returns
    -------
    str
        The first 16 hexadecimal digits of the SHA-256 of the canonical form.

    Raises
    ------
    XserError
        When a `Path` cannot be read.
    TypeError
        For a thing of another kind.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2.0}) == fingerprint({"b": 2.0, "a": 1})
    True
    >>> fingerprint(["a", "b"]) == fingerprint(["ab"])
    False
    >>> len(fingerprint("speaker", 0))
    16
    """
    canonical = json.dumps([_canonical(thing) for thing in things], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:LENGTH]


def _canonical(thing: Any) -> Any:
    """Write `thing` as JSON values; every kind but None, bool and str is tagged, so that no two kinds look alike."""
    if thing is None or isinstance(thing, (bool, str)):
        return thing
    if isinstance(thing, int):
        return ["int", str(thing)]
    if isinstance(thing, float):
        return ["float", repr(float(thing))]
    if isinstance(thing, bytes):
        return ["bytes", hashlib.sha256(thing).hexdigest()]
    if isinstance(thing, Path):
        return ["bytes", hashlib.sha256(_content(thing)).hexdigest()]
    if isinstance(thing, (list, tuple)):
        return ["list", *map(_canonical, thing)]
    if isinstance(thing, (set, frozenset)):
        return ["set", *sorted(map(_canonical, thing), key=json.dumps)]
    if isinstance(thing, dict):
        return ["dict", *sorted(([_canonical(key), _canonical(value)] for key, value in thing.items()), key=json.dumps)]
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        fields = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
        return ["fields of", type(thing).__name__, _canonical(fields)]
    raise TypeError(f"no fingerprint for {type(thing).__name__}: {thing!r}")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise XserError(f"{path} cannot be read ({error.strerror}): put it back or choose another") from error
