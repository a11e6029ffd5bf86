"""Write the table of the corpora that have a recipe, from their corpus.yaml, or check that it is what stands in docs.

    python tools/corpus_table.py --write
    python tools/corpus_table.py --check

The table goes between the two marks of PAGE.
"""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from xser.commands.command_line import OneLineParser, run  # noqa: E402
from xser.core.errors import XserError  # noqa: E402
from xser.core.files import write_text  # noqa: E402
from xser.corpora.description.corpus import corpus_ids, read_corpus  # noqa: E402
from xser.corpora.description.emotions import CANONICAL  # noqa: E402
from xser.corpora.description.languages import language_name  # noqa: E402

PAGE = "docs/corpora.md"
START, END = "<!-- corpora: written by tools/corpus_table.py -->", "<!-- end of corpora -->"
HEADINGS = ("Recipe", "Corpus", "Language", "Speakers", "Utterances", "Classes", "Licence", "Source")


def main(argv):
    """Write or check the table."""
    parser = OneLineParser(prog="python tools/corpus_table.py", description=__doc__)
    parser.add_argument("--root", default=ROOT, type=Path, help="the checkout")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write the table")
    what.add_argument("--check", action="store_true", help="say whether it is what would be written")
    options = parser.parse_args(argv)
    path = options.root / PAGE
    before = path.read_text(encoding="utf-8")
    after = with_table(before, options.root / "recipes", path)
    if options.check and after != before:
        raise XserError(f"{path} has another table than the recipes: run python tools/corpus_table.py --write")
    if options.write and after != before:
        write_text(path, after)


def with_table(text, recipes, path):
    """Return a file's text with the table between its marks.

    Parameters
    ----------
    text : str
    recipes : Path
        The folder of recipes.
    path : Path
        The file, from which the links lead to the recipes.
    """
    before, _, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        raise XserError(f"{path} lacks the mark {START} or {END}: the table goes between them")
    return f"{before}{START}\n{table(recipes, path.parent)}\n{END}{after}"


def table(recipes, folder):
    """Return the table in Markdown, with links from a file of `folder`."""
    corpora = [read_corpus(recipes / id / "corpus.yaml") for id in corpus_ids(recipes)]
    rows = [HEADINGS, ["---"] * len(HEADINGS), *(_row(corpus, folder) for corpus in corpora)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(corpus, folder):
    readme = os.path.relpath(corpus.yaml.parent / "README.md", folder).replace(os.sep, "/")
    emotions = set(corpus.labels.values())
    disagree = " (publishers disagree)" if " or " in corpus.licence else ""
    return (
        f"[{corpus.id}]({readme})",
        corpus.title,
        ", ".join(language_name(language) for language in corpus.languages),
        str(corpus.speakers or "unknown"),
        str(corpus.total),
        ", ".join(emotion for emotion in CANONICAL if emotion in emotions),
        f"{corpus.licence}{disagree}",
        f"[{urlsplit(corpus.url).netloc.removeprefix('www.')}]({corpus.url})",
    )


if __name__ == "__main__":
    run(lambda: main(sys.argv[1:]))
