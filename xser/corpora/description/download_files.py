"""The files that make a corpus and that everybody may fetch: an entry of ``download`` in a corpus.yaml."""

from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, NonNegativeInt, model_validator

from xser.core.records import Record, WrongValue

ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def is_archive(name: str) -> bool:
    """Whether a file of this name is unpacked.

    Examples
    --------
    >>> is_archive("speech.tar.gz"), is_archive("speech.flac")
    (True, False)
    """
    return name.lower().endswith(ZIP_SUFFIXES + TAR_SUFFIXES)


def _address(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise WrongValue(f"is {url!r}: addresses begin with https:// or http://")
    return url


def _path_below(path: str) -> str:
    parts = PurePosixPath(path).parts
    if path.startswith("/") or "\\" in path or any(part.startswith(".") for part in parts):
        raise WrongValue(f"is {path!r}, which would lie outside the corpus's folder or be hidden")
    return path


def _file_name(name: str) -> str:
    if not name or "/" in name:
        raise WrongValue(f"is {name!r}: it must be a file's name; give one as `name`")
    return name


def _archive(name: str) -> str:
    if not is_archive(name):
        raise WrongValue(f"is {name!r}: it must name an archive (zip, tar)")
    return name


Address = Annotated[str, AfterValidator(_address)]
PathBelow = Annotated[str, AfterValidator(_path_below)]


class DownloadFile(Record):
    """A file that everybody may fetch, without a form or an account."""

    urls: Annotated[tuple[Address, ...], Field(min_length=1)]
    """Addresses of the same file, the mirrors last."""
    name: Annotated[PathBelow, AfterValidator(_file_name)] = ""
    """What it is called on disk; without it, as in the first address. An archive (zip, tar) is unpacked."""
    size: NonNegativeInt = 0
    """Bytes, where they are published; 0 where they are not."""
    md5: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None = None
    """MD5 checksum, where it is published: 32 hexadecimal digits."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """SHA-256 checksum, where it is published: 64 hexadecimal digits."""
    into: PathBelow = ""
    """Folder below the corpus's that the file is put or unpacked into; without it, the corpus's folder."""
    inside: tuple[Annotated[PathBelow, AfterValidator(_archive)], ...] = ()
    """Archives in the unpacked archive that are unpacked where they lie."""
    leave_out: tuple[str, ...] = ()
    """Patterns of members that are not unpacked, such as `*.csv`."""

    @model_validator(mode="before")
    @classmethod
    def _with_name(cls, values: Any) -> Any:
        """Call the file as its first address does, unless a name is given."""
        urls = values.get("urls") if isinstance(values, dict) else None
        if not isinstance(urls, (list, tuple)) or not urls or not isinstance(urls[0], str):
            return values
        return {"name": unquote(PurePosixPath(urlsplit(urls[0]).path).name), **values}

    @model_validator(mode="after")
    def _fits(self) -> "DownloadFile":
        if self.md5 and self.sha256:
            raise WrongValue("takes `md5` or `sha256` of a file, not both")
        for key in ("inside", "leave_out"):
            if getattr(self, key) and not is_archive(self.name):
                raise WrongValue(f"belongs to an archive (zip, tar), which {self.name} is not", key)
        return self

    @property
    def checksum(self) -> str:
        """``md5:...`` or ``sha256:...`` as published; empty where none is.

        Examples
        --------
        >>> file = DownloadFile(urls=("https://example.org/all%20speech.zip",), md5="0" * 32)
        >>> file.name, file.checksum == "md5:" + "0" * 32
        ('all speech.zip', True)
        """
        return f"md5:{self.md5}" if self.md5 else f"sha256:{self.sha256}" if self.sha256 else ""
