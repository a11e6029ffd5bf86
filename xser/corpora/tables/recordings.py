"""Where the recordings lie that a table lists, however it spells their paths."""

import os
import unicodedata
from pathlib import Path

from xser.core.errors import XserError
from xser.corpora.folders import File, real_path
from xser.corpora.tables.listing import same_path


def locate(listing, folder):
    """Find the recordings of a listing.

    A path counts as it is written, with ``/`` for the backslashes of Windows, and in either Unicode normal form. The
    end of a stretch that goes on to the end of its recording is looked up; nothing is decoded.

    Parameters
    ----------
    listing : Listing
    folder : str or Path
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
    found, rows, missing = {}, [], []
    for row in listing.rows:
        written = row["source"]
        if written not in found:
            found[written] = _spelled(folder, written)
        if found[written] is None:
            missing.append(written)
            continue
        row = {**row, "source": found[written]}
        if row["start"] and not row["end"]:
            row["end"] = f"{_seconds(real_path(folder, row['source']), row):.6f}"
        rows.append(row)
    return rows, missing


def files_of(rows):
    """Return the `xser.corpora.folders.File` of every recording, each once."""
    return [File(source, source) for source in dict.fromkeys(row["source"] for row in rows)]


def _spelled(folder, written):
    """The spelling of a path under which a file is there, None when none is."""
    for path in (written, same_path(written)):
        for spelling in (path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path)):
            if os.path.isfile(Path(folder, spelling)):
                return spelling
    return None


def _seconds(path, row):
    import soundfile

    try:
        with open(path, "rb") as file, soundfile.SoundFile(file.fileno(), closefd=False) as sound:
            return max(sound.frames / sound.samplerate, float(row["start"]) + 1e-6)
    except (OSError, soundfile.LibsndfileError) as error:
        raise XserError(
            f"{row['source']} has a stretch from {float(row['start']):g} s without an end, and does not say how long "
            "it is: give `end`"
        ) from error
