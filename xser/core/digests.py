"""Digests by which a reader notices that a file is not what was written: cut, edited, exchanged or worn out.

They guard against accidents, not against somebody who writes a digest of his own. A file of an older xser that carries
none is taken as it is.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from xser.core.errors import XserError

SEAL = "content_digest"  # a key of the JSON files that stages write: the digest of all their other keys
BLOCK = 2**20  # bytes


def content_digest(content: bytes) -> str:
    """SHA-256, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits; read in blocks, since checkpoints have gigabytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def samples_digest(samples: bytes) -> str:
    """The ``digest`` of prepared audio: the first 16 hexadecimal digits of the SHA-256 of its 16-bit samples."""
    return hashlib.sha256(samples).hexdigest()[:16]


def digests_of(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    """Digests of files below a folder, by their path in it."""
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in sorted(files)}


def first_changed(folder: Path, digests: Mapping[str, str]) -> str:
    """Say of the first file that is not as `digests` (see `digests_of`) tell what is wrong; empty where all are."""
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            return f"{path} is missing"
        if file_digest(path) != digest:
            return f"{path} is not what was written (cut, changed or damaged since)"
    return ""


def refuse_changed(folder: Path, digests: Mapping[str, str], remedy: str) -> None:
    """Refuse files that are not what was written.

    Parameters
    ----------
    folder, digests
        As of `digests_of`.
    remedy
        What makes them anew.

    Raises
    ------
    XserError
        With the first such file and the remedy.
    """
    wrong = first_changed(folder, digests)
    if wrong:
        raise XserError(f"{wrong}: {remedy}")


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a JSON file with the digest of it under `SEAL`.

    Examples
    --------
    >>> is_as_sealed(sealed({"emotions": ["angry", "sad"]}))
    True
    >>> is_as_sealed({**sealed({"emotions": ["angry", "sad"]}), "emotions": ["sad", "angry"]})
    False
    """
    own = {key: value for key, value in content.items() if key != SEAL}
    canonical = json.dumps(own, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return {**own, SEAL: content_digest(canonical.encode("ascii"))}


def is_as_sealed(content: Any) -> bool:
    """Whether the content of a JSON file is what `sealed` gave; also where it is of an older xser, without a digest."""
    return not isinstance(content, dict) or SEAL not in content or sealed(content)[SEAL] == content[SEAL]
