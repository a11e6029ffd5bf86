"""Recordings that lie inside Parquet or Arrow files become files that stage 0 can decode."""

import os
import shutil
from pathlib import Path

from xser.core.errors import XserError
from xser.core.files import check_space, only_writer
from xser.corpora.tables.arrow import recordings_inside
from xser.corpora.tables.native import Shards


def extract_recordings(shards: Shards, folder: Path) -> int:
    """Write the recordings inside files to a folder, whole or not at all.

    The folder is kept: it is made again where it is missing, and its files then look the same to stage 0.

    Parameters
    ----------
    shards
        The files.
    folder
        As `Listed.folder` says.

    Returns
    -------
    int
        How many were written now; 0 where the folder is there.

    Raises
    ------
    XserError
        When there is no room, or another process writes them.
    """
    if folder.is_dir():
        return 0
    folder.parent.mkdir(parents=True, exist_ok=True)
    check_space(folder.parent, sum(path.stat().st_size for path in shards.paths))
    work = folder.with_name(f".{folder.name}.part")
    with only_writer(work):
        try:
            number = sum(_extract(shards, path, work / "files") for path in shards.paths)
            if not folder.is_dir():
                os.rename(work / "files", folder)
        except OSError as error:
            raise XserError(
                f"{folder} cannot be written ({error.strerror}): free some space, or choose another --work-dir"
            ) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return number


def _extract(shards: Shards, path: Path, folder: Path) -> int:
    number, changed = 0, path.stat().st_mtime_ns
    for name, content in recordings_inside(path, shards.folder, shards.audio):
        file = Path(folder, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, ns=(changed, changed))  # extracted again it has not changed
        number += 1
    return number
