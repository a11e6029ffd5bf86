"""Archives of strangers, unpacked so that nothing lands outside a folder, is anything but a file, or fills the disk."""

import bz2
import dataclasses
import errno
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any, cast

from xser.core.errors import NoSpace, XserError
from xser.core.files import check_space
from xser.core.progress import progress
from xser.corpora.audio.file_contents import HEAD, contents_of
from xser.corpora.description.download_files import ZIP_SUFFIXES

MAX_FILES = 200_000  # the largest corpora have some tens of thousands
MAX_GROWTH = 20  # times the archive's size: recordings shrink to a half or so
ALWAYS_ALLOWED = 100_000_000  # bytes; small archives of text may shrink more
CHUNK = 1 << 20
MAX_HEADER = 1 << 24  # bytes of a tar that may be read at once, and that may follow its end

_BROKEN = (
    EOFError, NotImplementedError, RuntimeError, ValueError, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip


@dataclasses.dataclass
class Limits:
    """What an archive may still write: `files` and `size` (bytes)."""

    files: int
    size: int


def unpack(archive: str | Path, folder: str | Path, leave_out: Sequence[str] = (), limits: Limits | None = None) -> int:
    """Unpack a zip or tar archive; return how many files were written.

    Hidden files and what macOS adds to zips are left out. Modes, owners and times are not taken over.

    Parameters
    ----------
    archive
        Its suffix tells its kind.
    folder
        Made when missing. What stands in it is never overwritten.
    leave_out
        Patterns (of `fnmatch`, the star also for slashes) of the members that are not wanted.
    limits
        What may be written, lowered by what was; by default `MAX_FILES` files, and `MAX_GROWTH` times the archive.

    Raises
    ------
    XserError
        For an archive that cannot be read, one larger than the limits, and one with a member that is no file or folder,
        would lie outside the folder, or has the name of another. What was written by then stays: the caller throws the
        folder away.
    NoSpace
        When the disk has no room for what it promises.
    OSError
        When the disk is full.
    """
    archive, folder = Path(archive), Path(folder)
    size = archive.stat().st_size
    limits = limits or Limits(MAX_FILES, max(ALWAYS_ALLOWED, MAX_GROWTH * size))
    read = _unpack_zip if archive.name.lower().endswith(ZIP_SUFFIXES) else _unpack_tar
    try:
        with progress(None, f"unpacking {archive.name}", "B") as bar:
            return read(archive, folder, leave_out, limits, bar.update)
    except NoSpace:
        raise
    except XserError as error:
        raise XserError(f"{archive.name} is refused: {error}") from error
    except (*_BROKEN, OSError) as error:
        if getattr(error, "errno", None) is not None:  # the disk's, not the archive's
            raise
        raise XserError(_what_is_wrong(archive, error)) from error


def _what_is_wrong(archive: Path, error: BaseException) -> str:
    with open(archive, "rb") as file:
        contents = contents_of(file.read(HEAD))
    if contents and "archive" not in contents:
        return f"{archive.name} is no archive but {contents}"
    return f"{archive.name} is broken or of a kind that cannot be unpacked ({error or type(error).__name__})"


def _unpack_zip(
    archive: Path, folder: Path, leave_out: Sequence[str], limits: Limits, count: Callable[[int], None]
) -> int:
    written = 0
    with zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        _check_promised(folder, sum(member.file_size for member in members), limits)
        for member in members:
            # zipfile cuts names at a zero byte: the whole one counts
            path = _place(folder, member.orig_filename, leave_out, limits)
            if path is None:
                continue
            kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where the archive was not made on Unix
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise XserError(f"its member {member.filename!r} is a link or device")
            if member.is_dir():
                _make_folder(path)
            else:
                with opened.open(member) as source:
                    _write(source, path, limits, count)
                written += 1
    return written


def _check_promised(folder: Path, size: int, limits: Limits) -> None:
    if size > limits.size:
        raise XserError(f"it would unpack to {size} bytes, more than {limits.size}")
    check_space(next(place for place in (folder, *folder.absolute().parents) if place.exists()), size)


def _unpack_tar(
    archive: Path, folder: Path, leave_out: Sequence[str], limits: Limits, count: Callable[[int], None]
) -> int:
    written = 0
    with _decompressed(archive) as file, tarfile.open(fileobj=cast(IO[bytes], _Bounded(file)), mode="r:") as opened:
        for member in opened:
            path = _place(folder, member.name, leave_out, limits)
            if path is None:
                continue
            if not member.isreg() and not member.isdir():
                raise XserError(f"its member {member.name!r} is a link or device")
            if member.isdir():
                _make_folder(path)
            else:
                _check_promised(folder, member.size, limits)
                source = opened.extractfile(member)
                assert source is not None  # it is a file
                _write(source, path, limits, count)
                written += 1
        file.seek(opened.offset)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):  # tarfile takes a damaged header for the end
            raise tarfile.ReadError("it ends before its end")
        if len(file.read(MAX_HEADER)) == MAX_HEADER:  # to the checksum behind the last block
            raise XserError("it goes on after its end")
    return written


def _decompressed(archive: Path) -> IO[bytes]:
    with open(archive, "rb") as file:
        head = file.read(6)
    openers: tuple[tuple[bytes, Any], ...] = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
    for magic, opener in openers:
        if head.startswith(magic):
            return opener(archive)
    return open(archive, "rb")


class _Bounded:
    """A file of which nobody reads more at once than a header may have: tarfile reads long names whole."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        if size > MAX_HEADER:
            raise XserError("it has a header too large to be one")
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _place(folder: Path, name: str, leave_out: Sequence[str], limits: Limits) -> Path | None:
    """Where a member goes: None when it is not wanted."""
    limits.files -= 1
    if limits.files < 0:
        raise XserError("it has too many members")
    if "\0" in name or "\\" in name:
        raise XserError(f"its member {name!r} has a zero byte or a backslash in its name")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or re.match("[A-Za-z]:", name):
        raise XserError(f"its member {name!r} would lie outside the folder")
    if not parts or any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return None
    if any(fnmatchcase("/".join(parts), pattern) for pattern in leave_out):
        return None
    return folder.joinpath(*parts)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _understood(error, path) from error


def _write(source: IO[bytes], path: Path, limits: Limits, count: Callable[[int], None]) -> None:
    """Write a member and count its bytes; the size that it promises is not believed."""
    _make_folder(path.parent)
    try:
        file = open(path, "xb")  # a second file of this name, or of one that the disk takes for it, is refused
    except OSError as error:
        raise _understood(error, path) from error
    with file:
        while chunk := source.read(CHUNK):
            limits.size -= len(chunk)
            if limits.size < 0:
                raise XserError("it unpacks to more bytes than any corpus of its size would")
            file.write(chunk)
            count(len(chunk))


def _understood(error: OSError, path: Path) -> Exception:
    """What a member's name did to the disk, or `error`, which is not of its making."""
    if error.errno in (errno.EEXIST, errno.EISDIR, errno.ENOTDIR):
        return XserError(f"two of its members are called {path.name!r}")
    if error.errno in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
        return XserError(f"its member {path.name[:60]!r} has a name that the disk does not take")
    return error
