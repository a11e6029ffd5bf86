"""Errors that a user is meant to read."""

import errno


class XserError(Exception):
    """Something is wrong that the user can put right.

    The message is one line: what is wrong, where, and what to do about it. Commands print it without a traceback and
    exit with `exit_code`.
    """

    exit_code = 1


class HeldByAnother(XserError):
    """Another process is writing to the folder: nothing is wrong, and the same command works once it has finished."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later


class NoSpace(XserError):
    """The disk has no room for what is to be written: known before it was."""


def is_exhausted_memory(error: BaseException) -> bool:
    """Whether memory ran out, the computer's or the GPU's.

    Parameters
    ----------
    error
        Whatever was raised.

    Examples
    --------
    >>> is_exhausted_memory(MemoryError()), is_exhausted_memory(ValueError("2 many"))
    (True, False)
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # torch's words: on a CPU under Linux, under Windows, on some GPUs
    telltale = ("can't allocate memory", "not enough memory", "out of memory", "Cannot allocate memory")
    return isinstance(error, RuntimeError) and any(words in str(error) for words in telltale)


class UsageError(XserError):
    """The options of a command do not go together, or cannot be read."""

    exit_code = 2
