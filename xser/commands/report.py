"""Tables, pictures and a page from the predictions of finished runs: nothing is computed that their files do not hold.

python -m xser.commands.report exp/runs --output results
python -m xser.commands.report exp/runs --output results --published recipes/zero_shot/published.yaml
python -m xser.commands.report exp/runs --output docs/results --name real_speech --overview --title "Real speech"
python -m xser.commands.report exp/runs --output docs/results --name method_choices --settings proposed
"""

import shlex
from pathlib import Path

from xser.commands.command_line import OneLineParser, run
from xser.core.errors import XserError


def parser():
    """Options of the verb."""
    options = OneLineParser(prog="python -m xser.commands.report", description=__doc__)
    options.add_argument(
        "folders", nargs="+", metavar="FOLDER", help="folders with finished runs at any depth: exp/runs"
    )
    options.add_argument(
        "--output", required=True, metavar="DIR", help="where NAME.md, .csv, .json, .png, .tex and .html go"
    )
    options.add_argument("--name", default="results", help="stem of the files")
    options.add_argument("--title", default=None, help="heading of the pages; NAME by default")
    options.add_argument(
        "--published", metavar="YAML", help="published figures to put beside ours: recipes/zero_shot/published.yaml"
    )
    options.add_argument(
        "--overview",
        action="store_true",
        help="instead: NAME.md compares systems over all targets, a column a target; no .tex and .html",
    )
    options.add_argument(
        "--settings",
        metavar="REFERENCE",
        help="instead: NAME.md compares hyperparameters over all tasks, each row with the one called so (proposed)",
    )
    options.add_argument(
        "--note",
        action="append",
        default=[],
        metavar="TEXT",
        help="with --overview or --settings: a paragraph below the heading",
    )
    return options


def main(argv):
    """Collect runs, write the files, print the table."""
    verb = parser()
    options = verb.parse_args(argv)
    if Path(options.name).name != options.name or options.name in ("", ".", ".."):
        verb.error(f"--name is a stem such as results, not {options.name!r}: folders go to --output")
    if options.note and not (options.overview or options.settings):
        verb.error("--note belongs to --overview and --settings")
    if sum(map(bool, (options.overview, options.settings, options.published))) > 1:
        verb.error("--published, --overview and --settings are three kinds of page: give one of them")
    from xser.evidence.figures.predictions import find_runs
    from xser.evidence.figures.published import read_published
    from xser.evidence.pages.report import write_overview, write_report, write_settings

    published = read_published(options.published) if options.published else None
    runs = [found for folder in options.folders for found in find_runs(folder)]
    if not runs:
        raise XserError(f"no finished run below {', '.join(options.folders)}: stage 3 (evaluate) makes them")
    command = " ".join(["python -m xser.commands.report", *map(shlex.quote, argv)])
    title = options.title or options.name
    if options.overview:
        text = write_overview(runs, options.output, options.name, title, options.note, command)
    elif options.settings:
        text = write_settings(runs, options.output, options.name, title, options.settings, options.note, command)
    else:
        text = write_report(runs, options.output, options.name, title, published, command)
    print(text, end="")
    more = "" if options.settings else ", .png" if options.overview else ", .png, .tex, .html"
    print(f"written: {Path(options.output) / options.name}.md, .csv, .json{more}")


if __name__ == "__main__":
    run(main)
