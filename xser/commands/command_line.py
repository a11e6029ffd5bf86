"""What every command shares: its parser, one-line errors, exit codes, the log."""

import argparse
import ctypes
import errno
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from xser.core.environment import forget_leftovers
from xser.core.errors import UsageError, XserError, is_exhausted_memory


class HelpFormatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Help that keeps line breaks of the description and says the defaults that there are."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default == [] or any(action.default is nothing for nothing in (None, False, argparse.SUPPRESS)):
            return action.help
        return super()._get_help_string(action)


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line that names the remedy, and that takes no abbreviated options."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("allow_abbrev", False)
        options.setdefault("formatter_class", HelpFormatter)
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        """Print `message` on one line and exit with code 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def run_command(name: str, module: ModuleType, words: Sequence[str]) -> None:
    """Parse the words of a subcommand, run it, and end the process as a user expects.

    Parameters
    ----------
    name
        Of the subcommand.
    module
        Has ``add_arguments(parser)`` and ``main(options)``; ``options.words`` are the words as typed. Where it says
        ``TAKES_MORE``, ``main(options, words, more)`` with all words as typed, and those that are none of its own
        options.

    Raises
    ------
    SystemExit
        With code 2 for options that cannot be read.
    """
    if "-h" in words or "--help" in words:
        help_of = getattr(module, "print_help", None)
        if help_of is not None:
            run(lambda: help_of(parser_of(name, module), words), words)
            return
    parser = parser_of(name, module)
    if getattr(module, "TAKES_MORE", False):
        options, more = parser.parse_known_args(list(words))
        run(lambda: module.main(options, [word for word in words if word != "--debug"], more), words)
    else:
        options = parser.parse_args(list(words))
        options.words = [word for word in words if word not in ("--debug", "--verbose")]  # as typed
        run(lambda: module.main(options), words)


def parser_of(name: str, module: ModuleType) -> "OneLineParser":
    """The parser of a subcommand."""
    parser = OneLineParser(prog=f"xser {name}", description=module.__doc__)
    module.add_arguments(parser)
    parser.add_argument("--verbose", action="store_true", help="print all that there is to tell")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def run(main: Callable[[], None], words: Sequence[str] = ()) -> None:
    """Run `main` and end the process as a user expects.

    Parameters
    ----------
    words
        ``--debug`` among them asks for tracebacks, ``--verbose`` for all that there is to tell.

    Raises
    ------
    SystemExit
        With code 1 after an `XserError`, a full disk, missing permission or exhausted memory, each told in one line
        (2 after `xser.core.errors.UsageError`, 75 after `xser.core.errors.HeldByAnother`); 130 after Ctrl-C, which is
        told with what the same command will go on from (the interrupt's own text, where it has one).
    """
    parent = os.environ.pop("XSER_PARENT", "")
    _end_with_parent(parent)
    forget_leftovers(is_rank=bool(parent))
    first = os.environ.get("RANK", "0") == "0"  # of several processes, one tells how things go
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    level = logging.DEBUG if "--verbose" in words else logging.INFO
    logging.getLogger("xser").setLevel(level if first else logging.WARNING)
    try:
        main()
    except KeyboardInterrupt as interrupt:
        end_stopped(interrupt)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # what one line cannot tell is raised again, traceback and all
        line = _one_line(error)
        if "--debug" in words or line is None:
            raise
        _print_error(line)
        sys.exit(getattr(error, "exit_code", 1))


def end_stopped(interrupt: KeyboardInterrupt) -> NoReturn:
    """Tell that the user has stopped the command, and end the process with code 130."""
    if os.environ.get("RANK", "0") == "0":
        print(f"xser: stopped{interrupt}: the same command goes on", file=sys.stderr)
    sys.exit(130)


def _end_with_parent(parent: str) -> None:
    """Let Linux end this process with the xser process that started it, however that one ends; elsewhere it goes on.

    Parameters
    ----------
    parent
        Its process id, or empty.
    """
    if not parent or not sys.platform.startswith("linux"):
        return
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it ended before it could be asked
        sys.exit(1)


def _print_error(line: str) -> None:
    """Tell the user; one of several processes tells torchrun, or else only the first tells the user."""
    if "TORCHELASTIC_ERROR_FILE" in os.environ:
        told = {
            "message": line,
            "timestamp": int(time.time()),
        }  # as xser.grid.ranks, and torchrun's own report, read it
        Path(os.environ["TORCHELASTIC_ERROR_FILE"]).write_text(json.dumps(told), encoding="utf-8")
    elif os.environ.get("RANK", "0") == "0":
        print(f"xser: {line}", file=sys.stderr)


def _one_line(error: Exception) -> str | None:
    """Tell `error` in one line with its remedy, or return None for a defect of xser, whose traceback is wanted."""
    if isinstance(error, XserError):
        return " ".join(str(error).split()) + ("; see --help" if isinstance(error, UsageError) else "")
    if isinstance(error, (OSError, ImportError)) and "_torchaudio" in str(error):
        return "torchaudio was built for another torch than the one here: install both from the same index"
    if isinstance(error, OSError) and error.errno == errno.EFBIG or _is_full_disk(error) and _has_limit_on_files():
        return "a file would be larger than this shell allows: raise ulimit -f and run the same command again"
    if _is_full_disk(error):
        return "no space left on the disk: free some and run the same command again"
    if isinstance(error, IsADirectoryError):
        return f"{error.filename2 or error.filename} is a folder where a file is to be: move it away"
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return f"the name {str(error.filename)[:60]}... is too long for this disk: choose a shorter one"
    if isinstance(error, PermissionError):
        return f"no permission for {error.filename}: change it, or choose another folder (--work-dir, --output)"
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return f"{error.filename} is on a read-only file system: choose another folder (--work-dir, --output)"
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return (
            f"{error.filename} cannot be a folder, as a file stands in its place or above it: move that file, or "
            "choose another folder (--work-dir, --output)"
        )
    if is_exhausted_memory(error):
        return (
            "out of memory: use smaller batches (--batch_size where they are shuffled, --utterances_per_cell where "
            "hierarchical), a shorter --crop_seconds, a smaller --encoder or fewer --jobs"
        )
    return None


def _has_limit_on_files() -> bool:
    try:
        import resource
    except ImportError:  # Windows has none
        return False
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def _is_full_disk(error: Exception) -> bool:
    """Whether a full disk is behind `error`; torch and libsndfile say so in words of their own."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    telltale = ("No space left on device", "PytorchStreamWriter", "inline_container.cc")
    return any(words in str(error) for words in telltale)
