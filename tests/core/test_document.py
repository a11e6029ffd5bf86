"""Documents: the same blocks in every form, with what is special in each form escaped."""

import html.parser

import markdown
import pytest

from xser.core.document import (
    Cell,
    Code,
    Details,
    Heading,
    Items,
    Paragraph,
    Table,
    to_html,
    to_latex,
    to_markdown,
    to_text,
)

TABLE = Table(
    ["task", "a_b", "why"],
    [["x|y", Cell("61.2", ["± 1.0"], "strong"), "50 %"], ["mean", Cell("–", (), "strong"), "<b>"]],
    title="Scores", name="uar_test", align="lrl", summary_rows=1, caption="Encoder c_d.",
)  # fmt: skip
BLOCKS = [
    Heading("Of `x`"),
    Paragraph("A < B"),
    Items(["one", "two"]),
    TABLE,
    Details("more", [Items(["three"])]),
    Code("xser run"),
]


def test_markdown():
    assert to_markdown(BLOCKS).split("\n\n") == [
        "## Of `x`",
        "A < B",
        "- one\n- two",
        "### Scores",
        "| task | a_b | why |\n| --- | ---: | --- |\n| x\\|y | **61.2** ± 1.0 | 50 % |\n| mean | – | &lt;b> |",
        "<details><summary>more</summary>",
        "- three",
        "</details>",
        "```\nxser run\n```\n",
    ]


def test_columns_of_a_terminal_stand_below_one_another():
    lines = to_text([TABLE]).splitlines()
    assert lines[:3] == ["Scores", "  task         a_b  why", "  x|y   61.2 ± 1.0  50 %"]
    assert lines[3:] == ["  mean           –  <b>"]


def test_latex_holds_the_tables_and_comments():
    lines = to_latex(BLOCKS).splitlines()
    assert "% A < B" in lines and "% three" in lines
    assert r"\caption{Scores. Encoder c\_d.}" in lines and r"\label{tab:uar-test-1}" in lines
    at = lines.index(r"\begin{tabular}{lrl}")
    assert lines[at + 4 : at + 7] == [
        r"x\textbar{}y & \textbf{61.2} {\scriptsize ± 1.0} & 50 \% \\".replace("±", r"$\pm$"),
        r"\midrule",
        r"mean & -- & \textless{}b\textgreater{} \\",
    ]


def test_html_is_escaped_and_every_tag_is_closed():
    page = to_html(BLOCKS)
    assert "<code>x</code>" in page and "A &lt; B" in page and "&lt;b&gt;" in page and "<b>61.2</b>" in page
    assert '<tr class="summary"><th scope="row">mean</th>' in page
    opened = []

    class Tags(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    Tags().feed(page)
    assert opened == []


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a <b onclick=x>",
    "</details><iframe src=x>",
    "<!-- hidden",
    "[free corpora](javascript:alert(1))",
    "![x](http://tracker/x.png)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "`code` <i>x</i> `<u>`",
    "odd ` <script>x</script>",
    "``<script>x</script>``",
    "```\n<script>x</script>",
    "line\n<script>x</script>",
    "line\n\n| a | <script>x</script> |",
]


class Tags(html.parser.HTMLParser):
    """The tags of a page."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attributes):
        self.found.add(tag)

    def handle_comment(self, data):
        self.found.add("comment")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", [to_markdown, to_html])
def test_a_strangers_words_are_neither_html_nor_links(text, form):
    table = Table([text, "b"], [[text, Cell(text, (text,), "strong")]], title=text)
    blocks = [Heading(text), Paragraph(text), Items([text, "two"]), table, Code(text), Details(text)]
    page = form(blocks)
    if form is to_markdown:
        page = markdown.markdown(page, extensions=["tables", "fenced_code"])
    tags = Tags()
    tags.feed(page)
    ours = {"b"} if form is to_html else set()
    assert not tags.found & {"script", "img", "a", "iframe", "b", "i", "u", "comment"} - ours
