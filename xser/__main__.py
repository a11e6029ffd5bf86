"""The command ``xser``: its subcommands, each in a file of its own that is imported when it is asked for."""

import importlib
import sys

from xser.commands import COMMANDS, STAGES


def main() -> None:
    """Run the subcommand that the command line names; without one, list them."""
    try:
        _main(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are imported
        print("xser: stopped: the same command goes on", file=sys.stderr)
        sys.exit(130)


def _main(words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return
    if words[0] == "--version":
        import xser

        print(xser.__version__)
        return
    if words[0] in STAGES:
        words = ["run", *words[1:], "--stage", words[0], "--stop-stage", words[0]]
    if words[0] not in COMMANDS:
        _refuse(words[0])
    from xser.commands.command_line import run_command

    module = importlib.import_module(f"xser.commands.{words[0].replace('-', '_')}")
    run_command(words[0], module, words[1:])


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  xser {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    stages = f"one stage of run alone, with its options: {', '.join(STAGES)}"
    return "\n".join(
        ["zero-shot cross-lingual speech emotion recognition", "", *lines, "", stages, "xser COMMAND --help says more"]
    )


def _refuse(word: str) -> None:
    from xser.core.words import close_match

    known = [*COMMANDS, *STAGES]
    close = close_match(word, known)
    print(f"xser: there is no command {word!r}{close}; there are {', '.join(known)}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
