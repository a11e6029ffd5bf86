"""Tables, pictures and a page from finished runs: nothing is computed that their files do not hold.

xser report exp/runs --output results
xser report exp/runs --output results --published recipes/zero_shot/published.yaml
xser report exp/runs --output docs/results --name real_speech --overview --title "Real speech"
xser report exp/runs --output docs/results --name method_choices --settings proposed
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from xser.commands.options import add_recipes_option, typed_command
from xser.core.errors import UsageError, XserError
from xser.evidence.figures.predictions import Run, find_runs
from xser.evidence.figures.published import read_published
from xser.experiments.catalogue import Catalogue, catalogue_of
from xser.experiments.systems import read_system


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser report``."""
    parser.add_argument(
        "folders", nargs="+", metavar="FOLDER", help="folders with finished runs at any depth: exp/runs"
    )
    parser.add_argument(
        "--output", required=True, metavar="DIR", help="where NAME.md, .csv, .json, .png, .tex and .html go"
    )
    parser.add_argument("--name", default="results", help="stem of the files")
    parser.add_argument("--title", help="heading of the pages; NAME by default")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--published", metavar="YAML", help="published figures to put beside ours: recipes/zero_shot/published.yaml"
    )
    kinds.add_argument(
        "--overview",
        action="store_true",
        help="instead: NAME.md compares systems over all targets, a column a target; no .tex and .html",
    )
    kinds.add_argument(
        "--settings",
        metavar="REFERENCE",
        help="instead: NAME.md compares hyperparameters over all tasks, each row with the one called so (proposed)",
    )
    parser.add_argument(
        "--note",
        action="append",
        default=[],
        metavar="TEXT",
        help="with --overview or --settings: a paragraph below the heading",
    )
    add_recipes_option(parser)


def main(options: argparse.Namespace) -> None:
    """Collect runs, write the files, print the table."""
    if Path(options.name).name != options.name or options.name in ("", ".", ".."):
        raise UsageError(f"--name is a stem such as results, not {options.name!r}: folders go to --output; see --help")
    if options.note and not (options.overview or options.settings):
        raise UsageError("--note belongs to --overview and --settings; see --help")
    published = read_published(options.published) if options.published else None
    runs = [found for folder in options.folders for found in find_runs(folder)]
    if not runs:
        raise XserError(f"no finished run below {', '.join(options.folders)}: stage 3 (evaluate) makes them")
    runs = with_systems(runs, catalogue_of(options.recipes))
    command = typed_command("report", options.words)
    title, output = options.title or options.name, Path(options.output)
    from xser.evidence.pages.report import write_overview, write_report, write_settings

    if options.overview:
        text = write_overview(runs, output, options.name, title, options.note, command)
    elif options.settings:
        text = write_settings(runs, output, options.name, title, options.settings, options.note, command)
    else:
        text = write_report(runs, output, options.name, title, published, command)
    print(text, end="")
    more = "" if options.settings else ", .png" if options.overview else ", .png, .tex, .html"
    print(f"written: {output / options.name}.md, .csv, .json{more}")


def with_systems(runs: Sequence[Run], catalogue: Catalogue) -> list[Run]:
    """Complete runs of older versions: they do not tell their system's order and comparisons, but its file does."""
    known = set(catalogue.names("hparams", "systems"))
    completed = []
    for run in runs:
        if run.info.system_order is None and run.info.system in known:
            record = read_system(catalogue.find("hparams", "systems", f"{run.info.system}.yaml")).record
            run = run.completed(record.order, record.compared_with)
        completed.append(run)
    return completed
