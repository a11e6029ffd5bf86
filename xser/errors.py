"""The one kind of error that a user is meant to read."""


class XserError(Exception):
    """Something is wrong that the user can put right.

    The message is one line: what is wrong, where, and what to do about it. Verbs print it without a traceback and
    exit with code 1 (see `xser.command_line.run`).
    """
