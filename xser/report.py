"""Tables and pictures from the predictions of finished runs: nothing is computed that a prediction file does not hold.

python -m xser.report exp/runs --output results
python -m xser.report exp/runs --output docs/results --name real_speech --overview --title "Real speech"
"""

import shlex
from pathlib import Path

from xser.command_line import OneLineParser, run
from xser.errors import XserError
from xser.files import write_text


def write_table(runs, output_folder, name="results", command=""):
    """Write NAME.md, NAME.csv, NAME.json and NAME.png of `runs`.

    Parameters
    ----------
    runs : iterable of Run
        From `xser.evidence.predictions.find_runs` or `read_run`.
    output_folder : str or Path
        Made when missing.
    name : str
        Stem of the files.
    command : str
        The command that asked for the table.

    Returns
    -------
    str
        The table for the terminal.

    Raises
    ------
    XserError
        When there are no runs, or they do not belong together.
    """
    from xser.evidence.tables import markdown_of, text_of

    pooled, table, sentences = _evidence(runs)
    _write_files(Path(output_folder), name, pooled, table, sentences, command, markdown_of(table, sentences))
    return text_of(table, sentences)


def write_overview(runs, output_folder, name, title, paragraphs=(), command=""):
    """Write the same files as `write_table`, with NAME.md a page that compares systems over all targets.

    Parameters
    ----------
    runs, output_folder, name, command
        As for `write_table`.
    title : str
        Heading of the page.
    paragraphs : sequence of str
        What stands below it.

    Returns
    -------
    str
        The table for the terminal.
    """
    from xser.evidence.overview import overview_page
    from xser.evidence.tables import text_of

    pooled, table, sentences = _evidence(runs)
    page = overview_page(pooled, title, paragraphs, sentences, command)
    _write_files(Path(output_folder), name, pooled, table, sentences, command, page)
    return text_of(table, sentences)


def _evidence(runs):
    from xser.evidence.pooled import pool_runs
    from xser.evidence.tables import notes, result_table

    pooled = pool_runs(runs)
    return pooled, result_table(pooled), notes(pooled)


def _write_files(folder, name, pooled, table, sentences, command, page):
    from xser.evidence.pictures import confusion_picture
    from xser.evidence.tables import write_csv, write_provenance

    write_csv(table, folder / f"{name}.csv")
    confusion_picture(folder / f"{name}.png", pooled)
    write_provenance(folder / f"{name}.json", pooled, table, sentences, command)
    write_text(folder / f"{name}.md", page)


def parser():
    """Options of the verb."""
    options = OneLineParser(prog="python -m xser.report", description=__doc__)
    options.add_argument(
        "folders", nargs="+", metavar="FOLDER", help="folders with finished runs at any depth: exp/runs"
    )
    options.add_argument("--output", required=True, metavar="DIR", help="where NAME.md, .csv, .json and .png go")
    options.add_argument("--name", default="results", help="stem of the files")
    options.add_argument("--overview", action="store_true", help="NAME.md compares systems over all targets")
    options.add_argument("--title", default=None, help="with --overview: heading of the page")
    options.add_argument(
        "--note", action="append", default=[], metavar="TEXT", help="with --overview: a paragraph below it"
    )
    return options


def main(argv):
    """Collect runs, write the files, print the table."""
    verb = parser()
    options = verb.parse_args(argv)
    if Path(options.name).name != options.name or options.name in ("", ".", ".."):
        verb.error(f"--name is a stem such as results, not {options.name!r}: folders go to --output")
    if not options.overview and (options.title or options.note):
        verb.error("--title and --note belong to --overview")
    from xser.evidence.predictions import find_runs

    runs = [found for folder in options.folders for found in find_runs(folder)]
    if not runs:
        raise XserError(f"no finished run below {', '.join(options.folders)}: stage 3 (evaluate) makes them")
    command = " ".join(["python -m xser.report", *map(shlex.quote, argv)])
    if options.overview:
        text = write_overview(runs, options.output, options.name, options.title or options.name, options.note, command)
    else:
        text = write_table(runs, options.output, options.name, command)
    print(text, end="")
    print(f"written: {Path(options.output) / options.name}.md, .csv, .json, .png")


if __name__ == "__main__":
    run(main)
