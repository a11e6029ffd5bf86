"""The files of a report: tables, pictures and pages made from finished runs."""

from pathlib import Path

from xser.core.files import write_text


def write_table(runs, output_folder, name="results", command=""):
    """Write NAME.md, NAME.csv, NAME.json and NAME.png of `runs`.

    Parameters
    ----------
    runs : iterable of Run
        From `xser.evidence.figures.predictions.find_runs` or `read_run`.
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
    from xser.evidence.pages.tables import markdown_of, text_of

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
    from xser.evidence.pages.overview import overview_page
    from xser.evidence.pages.tables import text_of

    pooled, table, sentences = _evidence(runs)
    page = overview_page(pooled, title, paragraphs, sentences, command)
    _write_files(Path(output_folder), name, pooled, table, sentences, command, page)
    return text_of(table, sentences)


def write_settings(runs, output_folder, name, title, reference, paragraphs=(), command=""):
    """Write NAME.md, a page that compares settings of hyperparameters, NAME.csv and NAME.json.

    Parameters
    ----------
    runs, output_folder, name, title, paragraphs, command
        As for `write_overview`.
    reference : str
        As for `xser.evidence.pages.choices.choices_page`.

    Returns
    -------
    str
        The table for the terminal.
    """
    from xser.evidence.pages.choices import choices_page

    pooled, table, sentences = _evidence(runs)
    page = choices_page(pooled, title, paragraphs, sentences, command, reference)
    _write_files(Path(output_folder), name, pooled, table, sentences, command, page, pictures=False)
    return page.split("## How these figures were made")[0]


def write_report(runs, output_folder, name, title, published=None, command=""):
    """Write tables with a row a task, ours beside the published figures, in every form.

    NAME.md, NAME.tex and NAME.html hold the same tables, the last one confusion matrices and pictures of embeddings as
    well; NAME.csv holds the scores, NAME_differences.csv the differences between systems, NAME.json both with all that
    they rest on, NAME.png the confusion matrices.

    Parameters
    ----------
    runs, output_folder, name, command
        As for `write_table`.
    title : str
        Heading of the pages.
    published : Published, optional
        From `xser.evidence.figures.published.read_published`.

    Returns
    -------
    str
        The table for the terminal.

    Raises
    ------
    XserError
        When there are no runs, they do not belong together, or a file of theirs is damaged. Nothing is written then.
    """
    from xser.evidence.figures.pooled import pool_runs
    from xser.evidence.pages.forms import latex_page, markdown_page
    from xser.evidence.pages.page import html_page
    from xser.evidence.pages.sections import groups_of_tasks, sort_into_sections
    from xser.evidence.pages.tables import commands_of, notes, records, score_rows, table_of_rows, text_of, write_csv
    from xser.evidence.pages.task_frames import difference_frame, score_frame
    from xser.evidence.pages.task_tables import table_group

    folder = Path(output_folder)
    pooled = pool_runs(runs)
    scores, sentences = {system: score_rows(system) for system in pooled}, notes(pooled)
    contents = []
    for section, columns in sort_into_sections(pooled).items():
        groups = [table_group(section, rows, published) for rows in groups_of_tasks(columns, published)]
        contents.append((section, columns, groups))
    commands = commands_of(pooled)
    html = html_page(title, contents, published, pooled, sentences, command, commands)
    differences = difference_frame(contents)
    more = {"differences": records(differences), "published": published.source if published else None}
    page = markdown_page(title, contents, published, sentences, command, commands)
    _write_files(folder, name, pooled, score_frame(contents, scores), sentences, command, page, more)
    write_csv(differences, folder / f"{name}_differences.csv")
    write_text(folder / f"{name}.tex", latex_page(contents, published, command))
    write_text(folder / f"{name}.html", html)
    return text_of(table_of_rows([row for rows in scores.values() for row in rows]), sentences)


def _evidence(runs):
    from xser.evidence.figures.pooled import pool_runs
    from xser.evidence.pages.tables import notes, result_table

    pooled = pool_runs(runs)
    return pooled, result_table(pooled), notes(pooled)


def _write_files(folder, name, pooled, table, sentences, command, page, more=None, pictures=True):
    from xser.evidence.pages.pictures import confusion_picture
    from xser.evidence.pages.tables import write_csv, write_provenance

    write_csv(table, folder / f"{name}.csv")
    if pictures:
        confusion_picture(folder / f"{name}.png", pooled)
    write_provenance(folder / f"{name}.json", pooled, table, sentences, command, more)
    write_text(folder / f"{name}.md", page)
