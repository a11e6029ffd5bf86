"""Errors that a user is meant to read."""


class XserError(Exception):
    """Something is wrong that the user can put right.

    The message is one line: what is wrong, where, and what to do about it. Verbs print it without a traceback and
    exit with `exit_code` (see `xser.command_line.run`).
    """

    exit_code = 1


class HeldByAnother(XserError):
    """Another process is writing to the folder: nothing is wrong, and the same command works once it has finished."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later


class NoSpace(XserError):
    """The disk has no room for what is to be written: known before it was."""
