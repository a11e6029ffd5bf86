"""The files that make a corpus and that everybody may fetch: the key ``download`` of a corpus.yaml."""

import dataclasses
import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from xser.core.errors import XserError
from xser.corpora.download.archives import is_archive

KEYS = {
    "urls": list, "name": str, "size": int, "md5": str, "sha256": str, "into": str, "inside": list, "leave_out": list
}  # fmt: skip
DIGITS = {"md5": 32, "sha256": 64}


@dataclasses.dataclass(frozen=True)
class DownloadFile:
    """A file to fetch.

    Attributes
    ----------
    urls : tuple of str
        Where it is, the first address first; the others are mirrors.
    name : str
        What it is called on disk; its suffix says whether it is an archive to unpack.
    size : int
        Bytes, as published; 0 where they are not.
    checksum : str
        ``md5:...`` or ``sha256:...`` as published; empty where none is.
    into : str
        Folder below the corpus's that it is put or unpacked into; empty for the corpus's folder itself.
    inside : tuple of str
        Archives in the unpacked archive that are unpacked where they lie.
    leave_out : tuple of str
        Patterns of members that are not unpacked.
    """

    urls: tuple[str, ...]
    name: str
    size: int
    checksum: str
    into: str
    inside: tuple[str, ...]
    leave_out: tuple[str, ...]


def read_download_files(values):
    """Read the value of ``download``.

    Parameters
    ----------
    values : list
        What the YAML loader made of it.

    Returns
    -------
    tuple of DownloadFile

    Raises
    ------
    XserError
        Naming what is wrong.
    """
    files = tuple(_file(value) for value in values)
    names = [file.name for file in files]
    for name in names:
        if names.count(name) > 1:
            raise XserError(f"`download` has two files called {name!r}: give one of them another `name`")
    return files


def _file(value):
    if not isinstance(value, dict) or "urls" not in value or not set(value) <= set(KEYS):
        raise XserError(f"each file of `download` needs `urls`, and may have {', '.join(list(KEYS)[1:])}")
    for key, kind in KEYS.items():
        given = value.get(key, kind())
        if not isinstance(given, kind) or isinstance(given, bool):
            raise XserError(f"`download: {key}` must be a {kind.__name__}, not {given!r}")
        if kind is list and not all(isinstance(text, str) for text in given):
            raise XserError(f"`download: {key}` must list text")
    urls = tuple(value["urls"])
    if not urls or not all(urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc for url in urls):
        raise XserError("`download: urls` must list addresses that begin with https:// or http://")
    name = value.get("name") or unquote(PurePosixPath(urlsplit(urls[0]).path).name)
    inside = tuple(value.get("inside", ()))
    for path in (name, value.get("into", ""), *inside):
        _check_path(path)
    if not name or "/" in name:
        raise XserError(f"`download: name` must be a file's name, not {name!r}")
    if (inside or value.get("leave_out")) and not is_archive(name) or not all(map(is_archive, inside)):
        raise XserError("`download: inside` must name archives (zip, tar), and it and `leave_out` belong to an archive")
    if value.get("size", 0) < 0:
        raise XserError(f"`download: size` must be a number of bytes, not {value['size']}")
    return DownloadFile(
        urls=urls,
        name=name,
        size=value.get("size", 0),
        checksum=_checksum(value),
        into=value.get("into", ""),
        inside=inside,
        leave_out=tuple(value.get("leave_out", ())),
    )


def _check_path(path):
    parts = PurePosixPath(path).parts
    if path.startswith("/") or "\\" in path or any(part.startswith(".") for part in parts):
        raise XserError(f"`download` names {path!r}, which would lie outside the corpus's folder or be hidden")


def _checksum(value):
    given = [kind for kind in DIGITS if kind in value]
    if len(given) > 1:
        raise XserError("`download` takes `md5` or `sha256` of a file, not both")
    for kind in given:
        if not re.fullmatch(f"[0-9a-f]{{{DIGITS[kind]}}}", value[kind]):
            raise XserError(f"`download: {kind}` must be {DIGITS[kind]} hexadecimal digits, not {value[kind]!r}")
        return f"{kind}:{value[kind]}"
    return ""
