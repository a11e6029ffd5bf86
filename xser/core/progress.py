"""How far long work is: a bar on a terminal, a line now and then in a log."""

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from typing import Any

from xser.core.files import megabytes

logger = logging.getLogger(__name__)

HEARTBEAT = 30.0  # seconds between two lines of a log


@contextlib.contextmanager
def progress(
    total: int | None, description: str, unit: str, *, done: int = 0, shown: bool = True
) -> Iterator["Progress"]:
    """Show how far long work is, while it is within.

    Where stderr is a terminal, a bar (tqdm) that goes when the work is done. Elsewhere plain lines of the log: none
    before `HEARTBEAT` seconds, then one each time `Progress.update` is called and so many have passed, and a last one
    at the end. So work that takes a moment leaves no line. Nothing runs in the background: work that is silent for
    longer than the heartbeat should be updated in smaller steps.

    Parameters
    ----------
    total
        How much there is to do; None where nobody knows.
    description
        What is done, in a word or two: ``features``.
    unit
        What is counted, in the plural: ``recordings``. ``B`` stands for bytes, which are written as MB and GB.
    done
        How much of `total` was done before.
    shown
        False on all ranks but one, and where there is nothing to do.

    Examples
    --------
    >>> with progress(3, "features", "utterances") as bar:
    ...     for _ in range(3):
    ...         bar.update()
    ...     bar.note("3 of them new")
    >>> bar.line()
    'features: 3 of 3 utterances, 0 s; 3 of them new'
    """
    bar = Progress(total, description, unit, done, shown)
    try:
        yield bar
    except BaseException:
        bar.close(failed=True)
        raise
    bar.close()


class Progress:
    """How far one piece of work is; made by `progress`."""

    def __init__(self, total: int | None, description: str, unit: str, done: int, shown: bool) -> None:
        self.total, self.description, self.unit, self.done = total, description, unit, done
        self._before, self._done_told, self._note = done, done, ""
        self._started = self._told = time.monotonic()
        self._in_log = shown and not sys.stderr.isatty()
        self._bar = _bar(total, description, unit, done) if shown and sys.stderr.isatty() else None

    def update(self, number: int = 1) -> None:
        """Count `number` more as done."""
        self.done += number
        if self._bar is not None:
            self._bar.update(number)
        elif self._in_log and time.monotonic() - self._told >= HEARTBEAT:
            self._tell()

    def note(self, text: str) -> None:
        """Show `text` beside the numbers, in place of the last one: ``validation UAR 45.1``."""
        self._note = text
        if self._bar is not None:
            self._bar.set_postfix_str(text)

    def line(self) -> str:
        """How far the work is, as a line of a log."""
        seconds = time.monotonic() - self._started
        newly = self.done - self._before
        what = self._amount(self.done if self.total is None else self.total)
        if self.total is not None:
            what = f"{self._amount(self.done).removesuffix(f' {self.unit}')} of {what}"
        left = ""
        if self.total and newly and self.done < self.total:
            left = f", some {_duration(seconds * (self.total - self.done) / newly)} left"
        return f"{self.description}: {what}, {_duration(seconds)}{left}" + (f"; {self._note}" if self._note else "")

    def close(self, failed: bool = False) -> None:
        """Take the bar away; end the lines of the log with a last one, unless the work failed."""
        if self._bar is not None:
            self._bar.close()
        elif self._in_log and not failed and self._told > self._started and self.done > self._done_told:
            self._tell()

    def _tell(self) -> None:
        logger.info(self.line())
        self._told, self._done_told = time.monotonic(), self.done

    def _amount(self, number: int) -> str:
        return megabytes(number) if self.unit == "B" else f"{number} {self.unit}"


def _bar(total: int | None, description: str, unit: str, done: int) -> Any:
    from tqdm import tqdm

    return tqdm(
        total=total,
        initial=done,
        desc=description,
        unit=unit if unit == "B" else f" {unit}",
        unit_scale=unit == "B",
        dynamic_ncols=True,
        leave=False,
    )


def _duration(seconds: float) -> str:
    """Write a duration: ``45 s``, ``3:20 min``, ``2:05 h``.

    Examples
    --------
    >>> _duration(44.6), _duration(200), _duration(7530)
    ('45 s', '3:20 min', '2:05 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02} min" if whole < 3600 else f"{whole // 3600}:{whole % 3600 // 60:02} h"
