"""The files of a report: tables, pictures and pages made from finished runs.

All of them are computed before the first is written.
"""

import importlib.metadata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from xser import __version__
from xser.core.document import Block, Items, Paragraph, to_latex, to_markdown, to_text, write_csv
from xser.core.files import write_json, write_text
from xser.evidence.figures.pooled import Pooled, pool_runs
from xser.evidence.figures.predictions import Run
from xser.evidence.figures.published import Published
from xser.evidence.figures.scores import score_rows, score_table, table_of_rows
from xser.evidence.pages.confidence import LEGEND, confidence_table
from xser.evidence.pages.material import Material
from xser.evidence.pages.overview import overview_page
from xser.evidence.pages.page import html_page
from xser.evidence.pages.pictures import confusion_picture
from xser.evidence.pages.settings import settings_page
from xser.evidence.pages.system_table import METHOD, SHORT_METHOD, system_tables
from xser.evidence.pages.task_frames import difference_frame, score_frame
from xser.evidence.pages.task_tables import task_page, task_sections


def write_table(runs: Iterable[Run], output_folder: Path, name: str = "results", command: str = "") -> str:
    """Write NAME.md, NAME.csv, NAME.json and NAME.png of `runs`.

    Parameters
    ----------
    output_folder
        Made when missing.
    command
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
    material = Material(pool_runs(runs), command=command)
    scores = score_table(material.pooled)
    page: list[Block] = [*system_tables(scores), Paragraph(METHOD)]
    page += [confidence_table(material.pooled), Paragraph(LEGEND)]
    page += [Items(material.notes)] if material.notes else []
    _write_files(Path(output_folder) / name, material, scores, page)
    return _printed(material, scores)


def write_overview(
    runs: Iterable[Run],
    output_folder: Path,
    name: str,
    title: str,
    paragraphs: Sequence[str] = (),
    command: str = "",
) -> str:
    """Write the same files as `write_table`, with NAME.md a page that compares systems over all targets.

    Parameters
    ----------
    title
        Heading of the page.
    paragraphs
        What stands below it.
    """
    material = Material(pool_runs(runs), title, paragraphs, command)
    scores = score_table(material.pooled)
    _write_files(Path(output_folder) / name, material, scores, overview_page(material))
    return _printed(material, scores)


def write_settings(
    runs: Iterable[Run],
    output_folder: Path,
    name: str,
    title: str,
    reference: str,
    paragraphs: Sequence[str] = (),
    command: str = "",
) -> str:
    """Write NAME.md, a page that compares settings of hyperparameters, NAME.csv and NAME.json.

    Parameters
    ----------
    reference
        As for `xser.evidence.pages.settings.settings_page`; all else as for `write_overview`.

    Returns
    -------
    str
        The page for the terminal.
    """
    material = Material(pool_runs(runs), title, paragraphs, command)
    page = [*settings_page(material, reference), *material.left_out()]
    whole_page = [*page, *material.provenance(quoted=False)]
    _write_files(Path(output_folder) / name, material, score_table(material.pooled), whole_page, picture=False)
    return to_text(page) + "\n"


def write_report(
    runs: Iterable[Run],
    output_folder: Path,
    name: str,
    title: str,
    published: Published | None = None,
    command: str = "",
) -> str:
    """Write tables with a row a task, ours beside the published figures, in every form.

    NAME.md, NAME.tex and NAME.html hold the same tables, the last one confusion matrices and pictures of embeddings as
    well; NAME.csv holds the scores, NAME_differences.csv the differences between systems, NAME.json both with all that
    they rest on, NAME.png the confusion matrices.

    Returns
    -------
    str
        The table for the terminal.

    Raises
    ------
    XserError
        When there are no runs, they do not belong together, or a file of theirs is damaged. Nothing is written then.
    """
    material = Material(pool_runs(runs), title, command=command, published=published)
    by_system = {system: score_rows(system) for system in material.pooled}
    sections = task_sections(material)
    page, html = task_page(material, sections), html_page(material, sections)
    differences = difference_frame(sections)
    more = {"differences": _records(differences), "published": published.source if published else None}
    stem = Path(output_folder) / name
    _write_files(stem, material, score_frame(sections, by_system), page, more)
    write_csv(stem.with_name(f"{name}_differences.csv"), differences)
    write_text(stem.with_name(f"{name}.tex"), to_latex(page))
    write_text(stem.with_name(f"{name}.html"), html)
    return _printed(material, table_of_rows([row for rows in by_system.values() for row in rows]))


def _printed(material: Material, scores: pd.DataFrame) -> str:
    blocks: list[Block] = [*system_tables(scores), Paragraph(SHORT_METHOD), Items(material.notes)]
    return to_text(blocks) + "\n"


def _write_files(
    stem: Path,
    material: Material,
    table: pd.DataFrame,
    page: Sequence[Block],
    more: dict[str, Any] | None = None,
    picture: bool = True,
) -> None:
    """Write STEM.csv, STEM.json, STEM.md and, if wanted, STEM.png; `more` goes into the JSON file."""
    text = to_markdown(page)
    content = provenance(material, table) | (more or {})
    write_csv(stem.with_name(f"{stem.name}.csv"), table)
    if picture:
        confusion_picture(stem.with_name(f"{stem.name}.png"), material.pooled)
    write_json(stem.with_name(f"{stem.name}.json"), content)
    write_text(stem.with_name(f"{stem.name}.md"), text)


def provenance(material: Material, table: pd.DataFrame) -> dict[str, Any]:
    """The table with all that it rests on: commands, versions, fingerprints, seeds, what was left out.

    Each of ``runs`` holds what it does not have in common with all others; that stands once, in ``all_runs``.
    """
    runs = [{"name": run.name, **run.info.without_places()} for system in material.pooled for run in system.runs]
    shared = _in_common(runs)
    libraries = {name: importlib.metadata.version(name) for name in ("numpy", "pandas", "scikit-learn")}
    return {
        "command": material.command,
        "versions": {"xser": __version__, **libraries},
        "method": METHOD,
        "notes": material.notes,
        "chosen_sources": [_choice(system) for system in material.pooled if system.candidates],
        "rows": _records(table),
        "all_runs": shared,
        "runs": [{key: value for key, value in run.items() if key not in shared} for run in runs],
    }


def _choice(system: Pooled) -> dict[str, Any]:
    choice = {"system": system.system, "chosen": system.source, "validation": system.candidates}
    return {**system.setting._asdict(), **choice}


def _in_common(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What several runs all tell, by key."""
    first = runs[0] if len(runs) > 1 else {}
    return {key: value for key, value in first.items() if all(key in run and run[key] == value for run in runs)}


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table for a JSON file: figures with four decimals, None for what there is not."""
    return table.round(4).astype(object).where(table.notna(), None).to_dict("records")
