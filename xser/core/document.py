"""Documents: headings, text, tables, pictures and code, written once and rendered for the terminal and for files.

Text may hold `code` between backticks and **strong** words between double stars, as in Markdown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from xser.core.extras import optional
from xser.core.files import whole_file

if TYPE_CHECKING:
    import jinja2
    import pandas as pd

NOTHING = "–"  # in a cell: not there


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the document's title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Running text; a warning stands out on a page."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Items:
    """A list with bullets."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Code:
    """Lines to be copied, such as commands."""

    text: str


@dataclass(frozen=True)
class Picture:
    """A picture in a file beside the page."""

    path: str
    caption: str


@dataclass(frozen=True)
class Cell:
    """A cell: its main text, what stands beside it in smaller type, how it is set.

    ``aside`` is for a figure that does not compare with the others; ``published`` for one of somebody else's.
    """

    text: str
    beside: Sequence[str] = ()
    style: Literal["plain", "strong", "published", "aside"] = "plain"


@dataclass(frozen=True)
class Table:
    """A table, with a row's name in its first column.

    Parameters
    ----------
    header
        A name for each column.
    rows
        Cells, or their text.
    title
        Stands above it.
    name
        For anchors and labels.
    align
        ``l`` or ``r`` for each column; by default all but the first to the right.
    summary_rows
        So many rows at the end sum up those above.
    caption
        More words for the title where the table stands apart from its text.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    title: str = ""
    name: str = ""
    align: str = ""
    summary_rows: int = 0
    caption: str = ""

    @property
    def alignment(self) -> str:
        """``l`` or ``r`` for each column."""
        return self.align or "l" + "r" * (len(self.header) - 1)

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows with every cell a `Cell`."""
        return [[Cell(each) if isinstance(each, str) else each for each in row] for row in self.rows]


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away below a line."""

    summary: str
    blocks: Sequence[Block] = field(default_factory=tuple)


Block: TypeAlias = Heading | Paragraph | Items | Code | Picture | Table | Details


def to_text(blocks: Iterable[Block]) -> str:
    """Render for a terminal: tables with columns of fixed width, an empty line after each.

    Examples
    --------
    >>> print(to_text([Table(["system", "UAR"], [["a", "61.2"], ["bc", "7.0"]], title="Scores")]))
    Scores
      system   UAR
      a       61.2
      bc       7.0
    <BLANKLINE>
    """
    return "\n".join(line for block in blocks for line in _text_lines(block))


def _text_lines(block: Block) -> Iterator[str]:
    match block:
        case Table():
            yield from [block.title] if block.title else []
            yield from aligned(block)
            yield ""
        case Heading(text) | Paragraph(text) | Code(text):
            yield text
        case Items(lines):
            yield from lines
        case Picture(path, caption):
            yield f"{caption}: {path}"
        case Details(summary, inner):
            yield summary
            for each in inner:
                yield from _text_lines(each)


def aligned(table: Table) -> list[str]:
    """The lines of a table with columns of fixed width, two spaces before each."""
    rows = [list(table.header), *([" ".join([cell.text, *cell.beside]) for cell in row] for row in table.cells)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    pads = [str.ljust if side == "l" else str.rjust for side in table.alignment]
    lines = ["  ".join(pad(cell, w) for pad, cell, w in zip(pads, row, widths, strict=True)) for row in rows]
    return [f"  {line}".rstrip() if table.alignment.endswith("l") else f"  {line}" for line in lines]


def to_markdown(blocks: Iterable[Block]) -> str:
    """Render as Markdown, blocks apart by an empty line.

    Examples
    --------
    >>> print(to_markdown([Heading("Scores"), Table(["system", "UAR"], [["a|b", Cell("61.2", ["± 1"], "strong")]])]))
    ## Scores
    <BLANKLINE>
    | system | UAR |
    | --- | ---: |
    | a\\|b | **61.2** ± 1 |
    <BLANKLINE>
    """
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_inert(text)}"
        case Paragraph(text):
            return _inert(text)
        case Items(lines):
            return "\n".join(f"- {_inert(line)}" for line in lines)
        case Code(text):
            fence = max(re.findall("`{3,}", text), key=len, default="``") + "`"
            return f"{fence}\n{text}\n{fence}"
        case Picture(path, caption):
            return f"![{_inert(caption)}]({path})"
        case Details(summary, inner):
            line = html.escape(" ".join(summary.split()), quote=False)
            return f"<details><summary>{line}</summary>\n\n{to_markdown(inner)}\n</details>"
        case Table():
            rule = ["---" if side == "l" else "---:" for side in block.alignment]
            rows = [block.header, rule, *([_markdown_cell(cell) for cell in row] for row in block.cells)]
            lines = [f"| {' | '.join(_inert(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
            return "\n".join([*([f"### {_inert(block.title)}\n"] if block.title else []), *lines])


def _inert(text: str) -> str:
    r"""Text of Markdown in which nothing is HTML or a link, and no line is a block of its own.

    Titles and notes of a corpus may be a stranger's.

    Examples
    --------
    >>> print(_inert("`a<b>` < **b** <b onclick=x> [no](javascript:link) [1, 2]"))
    `a<b>` < **b** &lt;b onclick=x> [no\](javascript:link) [1, 2]
    """
    pieces = re.split(r"((?<!`)`[^`\r\n]+`(?!`))", text)
    return "".join(piece if at % 2 else _escaped(piece) for at, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    text = re.sub(r"[\r\n]+\s*", " ", text).replace("`", r"\`")
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    return re.sub(r"\](?=[(\[:])", r"\\]", text)


def _markdown_cell(cell: Cell) -> str:
    mark = {"strong": "**", "aside": "*"}.get(cell.style, "") if cell.text != NOTHING else ""
    return " ".join(filter(None, [f"{mark}{cell.text}{mark}", *cell.beside]))


_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "±": r"$\pm$", "−": "$-$", "–": "--", "→": r"$\to$", "⟨": r"$\langle$",
    "⟩": r"$\rangle$", "†": r"\textsuperscript{\dag}", "×": r"$\times$", "≈": r"$\approx$",
}  # fmt: skip


def to_latex(blocks: Iterable[Block]) -> str:
    r"""Render the tables as LaTeX floats to be read by ``\input``; all other text becomes comments."""
    lines, tables = [r"% Needs \usepackage{booktabs} and \usepackage{graphicx}.", ""], 0
    for block in blocks:
        if isinstance(block, Table):
            tables += 1
            lines += _latex_table(block, tables)
        else:
            lines += [f"% {line}".rstrip() for text in _text_lines(block) for line in text.splitlines()] + [""]
    return "\n".join(lines)


def _latex_table(table: Table, number: int) -> list[str]:
    caption = ". ".join(filter(None, [table.title, table.caption]))
    lines = [r"\begin{table}[p]", r"\centering", rf"\caption{{{latex(caption)}}}"]
    lines += [rf"\label{{tab:{table.name.replace('_', '-')}-{number}}}", r"\resizebox{\linewidth}{!}{%"]
    lines += [rf"\begin{{tabular}}{{{table.alignment}}}", r"\toprule"]
    lines += [" & ".join(rf"\textbf{{{latex(name)}}}" for name in table.header) + r" \\", r"\midrule"]
    rows = [" & ".join(map(_latex_cell, row)) + r" \\" for row in table.cells]
    if table.summary_rows:
        rows.insert(len(rows) - table.summary_rows, r"\midrule")
    return [*lines, *rows, r"\bottomrule", r"\end{tabular}}", r"\end{table}", ""]


def _latex_cell(cell: Cell) -> str:
    text = latex(cell.text)
    if cell.text != NOTHING:
        text = {"strong": rf"\textbf{{{text}}}", "aside": rf"\textit{{{text}}}"}.get(cell.style, text)
    return " ".join(filter(None, [text, *(rf"{{\scriptsize {latex(each)}}}" for each in cell.beside)]))


def latex(text: str) -> str:
    """Escape text for LaTeX.

    Examples
    --------
    >>> latex("no_supcon 50 %, EN→DE")
    'no\\\\_supcon 50 \\\\%, EN$\\\\to$DE'
    """
    return re.sub(r"[&%$#_{}\\~^<>|±−–→⟨⟩†×≈]", lambda found: _LATEX[found[0]], text)


_HTML = """\
{%- macro inline(text) %}{% for piece in text.split("`") %}{% if loop.index0 % 2 %}<code>{{ piece }}</code>\
{% else %}{% for words in piece.split("**") %}{% if loop.index0 % 2 %}<b>{{ words }}</b>{% else %}{{ words }}\
{% endif %}{% endfor %}{% endif %}{% endfor %}{% endmacro -%}
{%- macro content(cell) %}{% if cell.style == "strong" %}<b>{{ inline(cell.text) }}</b>\
{% else %}{{ inline(cell.text) }}{% endif %}{% for each in cell.beside %}<span>{{ each }}</span>{% endfor %}
{%- endmacro -%}
{%- for kind, block in blocks %}
{%- if kind == "Heading" %}<h{{ block.level }}>{{ inline(block.text) }}</h{{ block.level }}>
{% elif kind == "Paragraph" %}<p{% if block.warning %} class="warning"{% endif %}>{{ inline(block.text) }}</p>
{% elif kind == "Items" %}<ul>{% for line in block.lines %}<li>{{ inline(line) }}</li>
{% endfor %}</ul>
{% elif kind == "Code" %}<pre>{{ block.text }}</pre>
{% elif kind == "Picture" %}<figure><img src="{{ block.path }}" alt="{{ block.caption }}"></figure>
{% elif kind == "Details" %}<details><summary>{{ inline(block.summary) }}</summary>{{ render(block.blocks) }}</details>
{% else %}{% if block.title %}<h3>{{ inline(block.title) }}</h3>
{% endif %}<div class="scroll" tabindex="0" role="region" aria-label="{{ block.title }}">\
<table class="figures" data-table="{{ block.name }}">
<thead><tr>{% for name in block.header %}<th scope="col">{{ inline(name) }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in block.cells %}<tr{% if loop.revindex <= block.summary_rows %} class="summary"{% endif %}>
{%- for cell in row %}{% if loop.first %}<th scope="row">{{ content(cell) }}</th>\
{% else %}<td{% if cell.style in ("published", "aside") %} class="{{ cell.style }}"{% endif %}>{{ content(cell) }}</td>\
{% endif %}{% endfor %}</tr>
{% endfor %}</tbody></table></div>
{% endif %}{% endfor %}"""


def to_html(blocks: Iterable[Block]) -> str:
    """Render as a piece of an HTML page; everything in it is escaped. Needs jinja2.

    Examples
    --------
    >>> print(to_html([Paragraph("`a` < **b**")]).strip())
    <p><code>a</code> &lt; <b>b</b></p>
    """
    template = html_template(_HTML)
    from markupsafe import Markup

    pairs = [(type(block).__name__, block) for block in blocks]
    return Markup(template.render(blocks=pairs, render=to_html))


def html_template(text: str) -> jinja2.Template:
    """A template whose values are escaped, and in which a missing one is an error. Needs jinja2."""
    jinja2 = optional("jinja2", "an HTML page")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(text)


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a table of data as CSV, figures with four decimals, whole or not at all."""
    with whole_file(path) as part:
        frame.to_csv(part, index=False, float_format="%.4f", lineterminator="\n", encoding="utf-8")
