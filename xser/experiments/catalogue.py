"""The recipes there are: corpora, systems, encoders, ways to tune them, grids of tasks - each read once, when asked
for.

A user's own folder of recipes comes before the one that comes with xser, file by file.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

import xser
from xser.core.errors import XserError
from xser.core.files import folder_of
from xser.core.words import close_match
from xser.corpora.description.corpus import Corpus, read_corpus

_PACKAGE = Path(xser.__file__).resolve().parent
# None where xser was installed: its data are then in the package. Other packages install folders named `recipes`.
CHECKOUT = None if (_PACKAGE / "data").is_dir() else _PACKAGE.parent
DATA = CHECKOUT or _PACKAGE / "data"  # the folder that holds recipes and egs_data
PLACE = CHECKOUT or Path.cwd()  # what is written goes below it


class Catalogue:
    """Folders of recipes, the first that has a file being the one that counts.

    Parameters
    ----------
    folders
        Folders such as ``recipes`` of a checkout: a folder for each corpus with its corpus.yaml, and ``hparams``.

    Raises
    ------
    XserError
        When the first of several is no folder of recipes at all, or none has ``hparams/train.yaml``.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        first = self.folders[0]
        if not any(first.glob("*/corpus.yaml")) and not (first / "hparams").is_dir():
            raise XserError(
                f"{first} holds no recipes (<corpus>/corpus.yaml or hparams/): give --recipes another folder"
            )
        self.find("hparams", "train.yaml")

    def find(self, *names: str) -> Path:
        """The first file of this name below a folder of recipes.

        Raises
        ------
        XserError
            When none has it.
        """
        for folder in self.folders:
            if folder.joinpath(*names).is_file():
                return folder.joinpath(*names)
        raise XserError(f"{self.folders[0].joinpath(*names)} is missing: give --recipes those of a whole checkout")

    def names(self, *folder: str) -> list[str]:
        """Names of the YAML files of a folder of all recipes, sorted: systems, encoders, ways to tune them."""
        return sorted({path.stem for root in self.folders for path in root.joinpath(*folder).glob("*.yaml")})

    def refuse_unknown(self, what: str, name: str, *folder: str) -> None:
        """Refuse a name that no YAML file of a folder has.

        Raises
        ------
        XserError
            Naming those there are.
        """
        names = self.names(*folder)
        if name not in names:
            where = self.folders[-1].joinpath(*folder)
            raise XserError(f"there is no {what} {name!r}{close_match(name, names)}; {where} has {', '.join(names)}")

    @functools.cached_property
    def corpus_ids(self) -> list[str]:
        """The corpora that have a recipe, sorted."""
        return sorted({path.parent.name for root in self.folders for path in root.glob("*/corpus.yaml")})

    def corpus(self, corpus_id: str) -> Corpus:
        """What is known of a corpus."""
        return _read_corpus(self.find(corpus_id, "corpus.yaml"))


@functools.cache
def _read_corpus(path: Path) -> Corpus:
    return read_corpus(path)


def catalogue_of(recipes: Path | None) -> Catalogue:
    """The recipes there are: a user's own folder first, then those that come with xser."""
    return Catalogue([*([folder_of(recipes)] if recipes else []), DATA / "recipes"])
