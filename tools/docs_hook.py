"""What mkdocs does beside its settings in mkdocs.yml: pages from outside docs/, and the pages of the reference.

A page of docs/ may link to any file of the checkout. Where that file is a page here too, the link leads to it.
Otherwise its path stands there as text. A link to a file that does not exist is left for mkdocs to complain of.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<!!)\[([^\]\n]*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")
PACKAGES = ("core", "corpora", "protocol", "model", "evidence", "audit", "experiments", "grid", "demo", "commands")


def outside_pages():
    """Pages made from Markdown outside docs/: its path in the checkout -> the page's in docs/."""
    pages = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md", "egs_data/README.md": "egs_data.md"}
    pages["recipes/README.md"] = "recipes/index.md"
    for readme in sorted((ROOT / "recipes").glob("*/README.md")):
        pages[f"recipes/{readme.parent.name}/README.md"] = f"recipes/{readme.parent.name}.md"
    return pages


PAGES = outside_pages()
SOURCES = {page: source for source, page in PAGES.items()}


def on_files(files, config):
    """Add the pages from outside docs/, and a page of the reference for every package of the library."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    for package in PACKAGES:
        files.append(File.generated(config, f"reference/{package}.md", content=reference(package)))
    return files


def reference(package):
    """Text of the reference page of a package: every module of it."""
    names = []
    for path in sorted((ROOT / "xser" / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        names.append(name.removesuffix(".__init__"))
    return "\n\n".join([f"# xser.{package}", *(f"::: {name}" for name in names)])


def on_page_markdown(markdown, page, **_):
    """Lead links to where the file is in the documentation."""
    source = SOURCES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    return LINK.sub(lambda link: _led(link, source, page.file.src_uri), markdown)


def _led(link, source, here):
    text, target, anchor = link[1], link[2], link[3] or ""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    if not (ROOT / path).exists() or (path.startswith("docs/") and source.startswith("docs/")):
        return link[0]
    if (ROOT / path).is_dir() and f"{path}/README.md" in PAGES:
        path = f"{path}/README.md"
    page = path.removeprefix("docs/") if path.startswith("docs/") else PAGES.get(path)
    if page is None:
        return text if path in text else f"{text} (`{path}`)"
    return f"[{text}]({posixpath.relpath(page, posixpath.dirname(here) or '.')}{anchor})"
