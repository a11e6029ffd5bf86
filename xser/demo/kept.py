"""The sound of each visitor's last answer, in a folder that is removed in the end."""

import secrets
import threading
from pathlib import Path

MOST = 100  # visitors; the oldest one's goes where there are more


class Kept:
    """Sound files by visitor; each is forgotten when its visitor gives another recording or leaves.

    Parameters
    ----------
    folder
        Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._of: dict[str, str] = {}
        self._lock = threading.Lock()

    def place(self, visitor: str) -> Path:
        """A file to write for a visitor, whose last one is removed. Nobody can guess its name."""
        name = f"{secrets.token_urlsafe(16)}.wav"
        with self._lock:
            self._remove(visitor)
            while len(self._of) >= MOST:
                self._remove(next(iter(self._of)))
            self._of[visitor] = name
        return self.folder / name

    def forget(self, visitor: str) -> None:
        """Remove what there is of a visitor."""
        with self._lock:
            self._remove(visitor)

    def find(self, name: str) -> Path | None:
        """The file of that name; None where there is none."""
        with self._lock:
            known = name in self._of.values()
        return self.folder / name if known and (self.folder / name).is_file() else None

    def _remove(self, visitor: str) -> None:
        name = self._of.pop(visitor, None)
        if name is not None:
            (self.folder / name).unlink(missing_ok=True)
