"""Files that appear under their name only when they are whole, locks that a kill releases, room on the disk."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xser.core.errors import HeldByAnother, NoSpace, UsageError, XserError


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on leaving without an error, flush it to disk and rename it to `path`.

    Whoever reads `path` sees the old file or the new one, never half of either, whatever kills the writer. Leftovers of
    killed writers are hidden files ending in ``.part``; the next write to the same folder does not mind them.

    Parameters
    ----------
    path
        Where the whole file is to stand. Its folder is made when missing.

    Yields
    ------
    Path
        The temporary file, with the same suffix as `path` (writers that look at the suffix do the right thing).

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with whole_file(folder / "table.csv") as part:
    ...     _ = part.write_text("a,b")
    >>> [file.name for file in folder.iterdir()]
    ['table.csv']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=f".part{path.suffix}", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: str | Path, text: str) -> None:
    """Write `text` (UTF-8) to `path`, whole or not at all."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: str | Path, data: Any) -> None:
    """Write `data` to `path` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    XserError
        When `path` is not valid JSON (a file that xser wrote is always whole: someone edited it).
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise XserError(
            f"{path} is not valid JSON ({error}); delete it and run the stage that wrote it again"
        ) from error


@contextlib.contextmanager
def only_writer(folder: str | Path, waiting: bool = False) -> Iterator[Path]:
    """Hold `folder` for this process alone; the operating system lets go of it when the process dies.

    Parameters
    ----------
    folder
        The folder to write to; made when missing.
    waiting
        Wait for the other writer to finish instead of raising.

    Yields
    ------
    Path
        The folder.

    Raises
    ------
    HeldByAnother
        When another process holds the folder and `waiting` is False.
    """
    from filelock import FileLock, Timeout

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=-1 if waiting else 0)
    try:
        lock.acquire()
    except Timeout as error:
        raise HeldByAnother(
            f"another run is writing to {folder}: wait until it has finished, or choose another --work-dir"
        ) from error
    try:
        yield folder
    finally:
        lock.release()


def is_being_written(folder: str | Path) -> bool:
    """Whether another process holds `folder` (`only_writer`) at this moment; the folder itself is left alone."""
    if not (Path(folder) / ".lock").is_file():
        return False
    try:
        with only_writer(folder):
            return False
    except HeldByAnother:
        return True


def refuse_existing(output: Path, overwrite: bool) -> None:
    """Refuse to write a file that is there, unless it is to be replaced.

    Raises
    ------
    XserError
        Also when a folder stands in its place.
    """
    if output.is_dir() or output.exists() and not overwrite:
        raise XserError(f"{output} is there: choose another --output, or replace it with --overwrite")


def check_space(folder: str | Path, needed: int) -> None:
    """Raise when the disk of `folder` has no room for `needed` bytes.

    Raises
    ------
    NoSpace
        The message gives the space that is free and the space that is needed.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise NoSpace(
            f"{folder} has room for {megabytes(free)}, and {megabytes(needed)} are needed: free some space, or choose "
            "another --data-root"
        )


def megabytes(size: float) -> str:
    """Write a number of bytes for people, in kB, MB or GB.

    Examples
    --------
    >>> megabytes(208_468_073), megabytes(10_500_000_000), megabytes(1234)
    ('208 MB', '10.5 GB', '1 kB')
    """
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def folder_of(folder: str | Path) -> Path:
    """Return the absolute path of a folder as a user typed it: ``~`` and links are followed.

    Raises
    ------
    UsageError
        For no name at all, which an unset variable leaves, for the home of nobody, and for a name that no table can
        hold: with a line break, or not UTF-8.
    """
    if isinstance(folder, str) and not folder.strip():
        raise UsageError("the name of a folder is empty: is a variable unset? The current folder is .")
    absolute = at_home(folder).resolve()
    shown = os.fsencode(absolute).decode("utf-8", "replace")
    if shown != str(absolute) or "".join(shown.splitlines()) != shown:
        raise UsageError(f"{shown!r} has a line break or is not UTF-8, which tables cannot hold: choose another folder")
    return absolute


def at_home(path: str | Path) -> Path:
    """Return a path with ``~`` followed.

    Raises
    ------
    UsageError
        When there is no such user, or no home.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{path}: there is no such home folder: write the path without ~") from error
