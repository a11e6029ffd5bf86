"""The files of a folder of recordings, whatever their names are made of."""

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path

from xser.core.errors import XserError
from xser.corpora.description.file_patterns import nfc

AUDIO_SUFFIXES = frozenset(
    ".aac .aif .aifc .aiff .amr .au .avi .caf .flac .m4a .mkv .mov .mp3 .mp4 .mpeg .mpg .oga .ogg .opus .snd .sph .wav"
    " .webm .wma .wmv".split()
)
_POINTER = b"version https://git-lfs"


@dataclasses.dataclass(frozen=True, order=True)
class File:
    """A file below a folder.

    Attributes
    ----------
    path
        Its path from the folder, in Unicode NFC: the form that patterns match.
    source
        The same path as it can be written to a table and opened again by `real_path`.
    """

    path: str
    source: str

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """Name of the file without its suffix."""
        return os.path.splitext(self.name)[0]

    @property
    def is_audio(self) -> bool:
        """Whether the suffix is one of audio or video."""
        return os.path.splitext(self.name)[1].lower() in AUDIO_SUFFIXES


def list_files(folder: str | Path) -> list[File]:
    """List every file below `folder`, sorted, but hidden ones and what macOS adds to zips.

    Linked folders are followed, each folder once.

    Raises
    ------
    XserError
        When the folder is missing or empty, or no folder.
    """
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.exists(folder) else "does not exist"
        raise XserError(f"{folder} {what}: give --data-root the folder that holds the recordings")
    files: list[File] = []
    _walk(os.fspath(folder), "", files, set())
    if not files:
        raise XserError(f"{folder} is empty: give --data-root the folder that holds the recordings")
    return sorted(files)


def _walk(folder: str, prefix: str, files: list[File], seen: set[tuple[int, int]]) -> None:
    status = os.stat(folder)
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            if entry.is_dir():
                folders.append(entry.name)
            else:
                source = writable(prefix + entry.name)
                files.append(File(nfc(source), source))
    for name in sorted(folders):
        _walk(os.path.join(folder, name), f"{prefix}{name}/", files, seen)


def writable(path: str) -> str:
    r"""Return `path` as text that can be written; bytes of a name that are no UTF-8 become ``\xNN``.

    Examples
    --------
    >>> writable("Col\udc8are/01.wav")
    'Col\\x8are/01.wav'
    """
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


def real_path(folder: str | Path, source: str) -> Path:
    """Return the path that opens a recording.

    Parameters
    ----------
    folder
        The corpus's folder.
    source
        The recording's `source` in the rows.
    """
    path = Path(folder, source)
    if "\\x" not in source or os.path.lexists(path):
        return path
    name = re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), os.fsencode(source))
    return Path(folder, os.fsdecode(name))


def refuse_pointers(folder: str | Path, files: Sequence[File]) -> None:
    """Raise when files are Git LFS pointers instead of recordings.

    Raises
    ------
    XserError
        Saying how many, and the command that fetches the recordings.
    """
    pointers = sum(_is_pointer(real_path(folder, file.source)) for file in files)
    if pointers:
        raise XserError(f"{pointers} of {len(files)} files are Git LFS pointers: run `git lfs pull` in {folder}")


def _is_pointer(path: Path) -> bool:
    try:
        if not len(_POINTER) < os.stat(path).st_size < 1024:
            return False
        with open(path, "rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False  # reading the recordings says what is wrong with it
