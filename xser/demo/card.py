"""The model card as the page shows it."""

import re
from pathlib import Path

from xser.model.encoders.hub import HUB_NAME

CARD = "README.md"
HEADER = re.compile(r"\A---\n.*?^---\n", flags=re.DOTALL | re.MULTILINE)


def card_of(model: str) -> str:
    """Markdown of a model's card, without the hub's header; a sentence where there is none at hand.

    Parameters
    ----------
    model
        As of `xser.model.loading.load`.
    """
    file = Path(model).expanduser() / CARD
    if file.is_file():
        return without_header(file.read_text(encoding="utf-8", errors="replace"))
    repository = model.partition("@")[0]
    if not file.parent.is_dir() and HUB_NAME.fullmatch(repository):
        return f"Its card: [huggingface.co/{repository}](https://huggingface.co/{repository})"
    return "This is a run's folder, which has no card. `xser export` writes one."


def without_header(text: str) -> str:
    r"""Leave out the YAML header.

    Examples
    --------
    >>> without_header("---\ntags: [a]\n---\n\n# My model\n\n---\n")
    '# My model\n\n---\n'
    """
    return HEADER.sub("", text, count=1).lstrip("\n")
