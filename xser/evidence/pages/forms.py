"""The tables with a row a task as Markdown and as LaTeX."""

import re

from xser.evidence.pages.sections import facts, headings, training_counts
from xser.evidence.pages.tables import markdown_table
from xser.evidence.pages.task_tables import LEGEND, NOTHING, PUBLISHED_LEGEND

_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "±": r"$\pm$", "−": "$-$", "–": "--", "→": r"$\to$", "⟨": r"$\langle$",
    "⟩": r"$\rangle$", "†": r"\textsuperscript{\dag}", "×": r"$\times$", "≈": r"$\approx$",
}  # fmt: skip


def comparison_notes(group, published):
    """What must be said of a group of tables: which published figures, whether they compare, what is missing.

    Parameters
    ----------
    group : TableGroup
    published : Published or None

    Returns
    -------
    list of str
    """
    said = []
    if published and group.rows[0].published:
        said.append(f"Published figures: {published.source}.")
    if group.against:
        said.append(f"† The published figures are another test and no measure of ours: {'; '.join(group.against)}.")
    counts = training_counts(group.rows)
    if counts:
        said.append(f"Learned from other numbers than published: {'; '.join(counts)}.")
    if group.missing:
        said.append(f"Missing: {'. '.join(group.missing)}.")
    return said


def legend(published):
    """How to read the tables, a paragraph each."""
    return [*LEGEND, *([PUBLISHED_LEGEND] if published else [])]


def markdown_page(title, contents, published, sentences, command, commands):
    """Write all tables as a Markdown page.

    Parameters
    ----------
    title : str
    contents : list of (Section, dict, list of TableGroup)
        Each with its systems by task.
    published : Published or None
    sentences : list of str
        From `xser.evidence.pages.tables.notes`.
    command : str
        The command that wrote the page.
    commands : list of str
        Those that made the runs.

    Returns
    -------
    str
    """
    parts = [f"# {title}", f"Written by\n\n```\n{command}\n```" if command else "", *legend(published)]
    titles = headings(section for section, _, _ in contents)
    for section, columns, groups in contents:
        parts += [f"## {titles[section]}", facts(section, columns)]
        for group in groups:
            parts += comparison_notes(group, published)
            for table in group.tables:
                rows = [[_markdown_cell(cell) for cell in row] for row in table.rows]
                parts += [f"### {table.title}", markdown_table(table.header, rows)]
    said = "\n".join(f"- {sentence}" for sentence in sentences)
    parts += ["## What was left out, and what else to know", said or "Nothing was left out."]
    parts += ["## Commands of the runs", "```\n" + "\n".join(commands) + "\n```"]
    return "\n\n".join(filter(None, parts)) + "\n"


def _markdown_cell(cell):
    marked = {"": f"**{cell.main}**", "aside": f"*{cell.main}*"}
    main = cell.main if cell.main == NOTHING else marked.get(cell.kind, cell.main)
    beside = f"({cell.beside[0]})" if cell.kind == "name" and cell.beside else " ".join(cell.beside)
    return " ".join(filter(None, [main, beside]))


def latex_page(contents, published, command):
    """Write all tables as LaTeX to be read by ``\\input``: a ``table`` each.

    Parameters
    ----------
    contents, published, command
        As for `markdown_page`.

    Returns
    -------
    str
        Needs the packages booktabs and graphicx.
    """
    lines = ["% Needs \\usepackage{booktabs} and \\usepackage{graphicx}. Written by"]
    lines += [f"%   {line}" for line in command.splitlines()] + [""]
    number = 0
    for section, columns, groups in contents:
        for group in groups:
            about = f"Encoder {section.encoder}, scheme {section.scheme}, split {section.split}."
            about = " ".join([about, *comparison_notes(group, published)])
            lines += [f"% {facts(section, columns)}", ""]
            for table in group.tables:
                number += 1
                lines += _latex_table(table, f"{table.title}. {about}", number)
    return "\n".join(lines)


def _latex_table(table, caption, number):
    header = [r"\textbf{" + latex(name) + "}" for name in table.header]
    lines = [r"\begin{table}[p]", r"\centering", rf"\caption{{{latex(caption)}}}"]
    lines += [rf"\label{{tab:{table.name.replace('_', '-')}-{number}}}", r"\resizebox{\linewidth}{!}{%"]
    lines += [r"\begin{tabular}{l" + "r" * (len(header) - 1) + "}", r"\toprule"]
    lines += [" & ".join(header) + r" \\", r"\midrule"]
    for row in table.rows:
        if row[0].main.startswith("mean") and not lines[-1].startswith("mean"):
            lines.append(r"\midrule")
        lines.append(" & ".join(map(_latex_cell, row)) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}}", r"\end{table}", ""]


def _latex_cell(cell):
    main = latex(cell.main)
    if cell.main != NOTHING:
        main = {"": rf"\textbf{{{main}}}", "aside": rf"\textit{{{main}}}"}.get(cell.kind, main)
    return " ".join(filter(None, [main, *(rf"{{\scriptsize {latex(each)}}}" for each in cell.beside)]))


def latex(text):
    """Escape text for LaTeX.

    Examples
    --------
    >>> latex("no_supcon 50 %, EN→DE")
    'no\\\\_supcon 50 \\\\%, EN$\\\\to$DE'
    """
    return re.sub(r"[&%$#_{}\\~^<>|±−–→⟨⟩†×≈]", lambda found: _LATEX[found[0]], text)
