"""Where the recordings lie that a table lists, however it spells their paths."""

import os
import unicodedata
from pathlib import Path

from xser.core.errors import XserError
from xser.corpora.folders import File, list_files, real_path
from xser.corpora.tables.listed import Listed, same_path


def locate(listed: Listed, folder: str | Path) -> tuple[list[dict[str, str]], list[str]]:
    """Find the recordings that a table lists.

    A path counts as it is written, with ``/`` for the backslashes of Windows, and in either Unicode normal form. The
    end of a stretch that goes on to the end of its recording is looked up; nothing is decoded.

    Parameters
    ----------
    folder
        Where relative paths start.

    Returns
    -------
    (list of dict of str to str, list of str)
        The rows whose recording is there, ``source`` as it opens, and the sources of the others.

    Raises
    ------
    XserError
        When a stretch has no end and its recording does not say how long it is.
    """
    found: dict[str, str | None] = {}
    rows, missing = [], []
    for row in listed.rows:
        written = row["source"]
        if written not in found:
            found[written] = _spelled(folder, written)
        source = found[written]
        if source is None:
            missing.append(written)
            continue
        row = {**row, "source": source}
        if row["start"] and not row["end"]:
            row["end"] = f"{_seconds(real_path(folder, row['source']), row):.6f}"
        rows.append(row)
    return rows, missing


def files_of(rows: list[dict[str, str]]) -> list[File]:
    """Return the `xser.corpora.folders.File` of every recording, each once."""
    return [File(source, source) for source in dict.fromkeys(row["source"] for row in rows)]


def not_listed(listed: Listed, rows: list[dict[str, str]], folder: str | Path) -> list[str]:
    """Find the recordings that lie among those of a table and that none of its rows names.

    Parameters
    ----------
    rows, folder
        Of `locate`, and as there.

    Returns
    -------
    list of str
        Their paths: below the folder that describes the corpus, or in the folders that recordings of a table lie in.
    """
    if listed.shards is not None:
        return []
    named = {_place(folder, source) for source in [*(row["source"] for row in rows), *listed.passed_over]}
    if listed.path.is_dir():
        there = [str(real_path(listed.path, file.source)) for file in list_files(listed.path) if file.is_audio]
    else:
        there = [
            entry.path
            for place in sorted({os.path.dirname(Path(folder, row["source"])) for row in rows})
            for entry in sorted(os.scandir(place), key=lambda entry: entry.name)
            if File(entry.name, entry.name).is_audio and not entry.name.startswith(".")
        ]
    return [path for path in there if _place(folder, path) not in named]


def _place(folder: str | Path, source: str) -> str:
    return same_path(os.path.abspath(Path(folder, same_path(source))))


def near(folder: str | Path, written: str) -> str:
    """Return the name of a file that differs from the missing one in its suffix or in capitals alone, else empty."""
    path = Path(folder, same_path(written))
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return ""
    wanted = {path.name.casefold(), path.stem.casefold()}
    alike = [name for name in names if wanted & {name.casefold(), os.path.splitext(name)[0].casefold()}]
    return next((name for name in alike if File(name, name).is_audio), "")


def _spelled(folder: str | Path, written: str) -> str | None:
    """The spelling of a path under which a file is there, None when none is."""
    for path in (written, same_path(written)):
        for spelling in (path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path)):
            if os.path.isfile(Path(folder, spelling)):
                return spelling
    return None


def _seconds(path: Path, row: dict[str, str]) -> float:
    import soundfile

    try:
        with open(path, "rb") as file, soundfile.SoundFile(file.fileno(), closefd=False) as sound:
            return max(sound.frames / sound.samplerate, float(row["start"]) + 1e-6)
    except (OSError, soundfile.LibsndfileError) as error:
        raise XserError(
            f"{row['source']} has a stretch from {float(row['start']):g} s without an end, and does not say how long "
            "it is: give `end`"
        ) from error
