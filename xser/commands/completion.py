"""Print a completion script: eval "$(xser completion bash)", or put what it prints where your shell looks for it."""

import argparse
import importlib

from xser.commands import COMMANDS, STAGES
from xser.commands.command_line import OneLineParser, parser_of

SHELLS = ("bash", "zsh", "tcsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser completion``."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete")


def main(options: argparse.Namespace) -> None:
    """Print the script."""
    import shtab

    print(shtab.complete(whole_parser(), shell=options.shell))


def whole_parser() -> argparse.ArgumentParser:
    """One parser with all subcommands, for tools that want to see them together."""
    whole = OneLineParser(prog="xser", description="zero-shot cross-lingual speech emotion recognition")
    subparsers = whole.add_subparsers()
    stages = {stage: f"stage {number} of run alone" for number, stage in enumerate(STAGES)}
    for name, text in (COMMANDS | stages).items():
        module = importlib.import_module(f"xser.commands.{'run' if name in stages else name.replace('-', '_')}")
        own = parser_of(name, module)
        subparsers.add_parser(name, help=text, parents=[own], add_help=False, conflict_handler="resolve")
    return whole
