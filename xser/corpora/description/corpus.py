"""A recipe's corpus.yaml, or a user's own table, as a checked `Corpus`: everything that xser knows of a corpus.

Plain data, read by a safe loader; `xser.corpora.description.corpus_yaml` lists the keys, `xser.corpora.tables` the
forms of tables.
"""

import dataclasses
from pathlib import Path

import yaml

from xser.core.errors import XserError
from xser.corpora.description.corpus_yaml import PARTS, Fault, OnceLoader, read_values
from xser.corpora.description.file_patterns import FILE_FIELDS, Column, FilePattern, field_names, nfc
from xser.corpora.description.label_tables import LabelTable
from xser.corpora.download.download_files import DownloadFile
from xser.corpora.tables.listing import Listing, own_corpus_id, read_own_values


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A corpus as its corpus.yaml describes it.

    Attributes
    ----------
    id : str
        Name of the recipe's folder.
    yaml : Path
        The file.
    title, licence, licence_note, url, citation, obtain : str
        For people.
    download : tuple of DownloadFile
        The files that make it, where everybody may fetch them; empty where a form or an account is needed.
    language : str
        ISO 639-3 code; of several, the first.
    languages : tuple of str
        All of them.
    example : str
        Path of one recording below the corpus's root.
    files, ignore : tuple of FilePattern
        Which files are utterances (the first that matches counts), and which are known clutter.
    tables : tuple of LabelTable
        Tables that add fields to a recording. A recording without a row in each is no utterance.
    columns : dict of str to Column
        How the columns of `COLUMNS` that are not simply the field of that name are made, in this order.
    labels : dict of str to (str or None)
        Native label -> canonical emotion, None for a label that is dropped.
    counts : dict of str to int, or int
        Native label -> number of recordings in the official release; the number of all where no more is known.
    speakers : int
        How many the names or tables tell apart, 0 where they do not say who speaks.
    faults : tuple of Fault
        Known faults, by utterance.
    repeated_files : bool
        Whether the same file name at a second path is known to be the same recording.
    same_recording : tuple of tuple of str
        Utterances known to be one recording under several names; all but the first are left out.
    repairs : tuple of str
        What stage 0 repairs of every recording.
    scheme : str
        The scheme within the corpus when the user names none.
    stratified : dict or None
        Exact sizes {train, valid, test} of the splits `stratified` and `paper` in the scheme `four`, for each language.
    speaker_loss : dict
        ``masked`` (bool) and ``why`` (str): whether the speaker adversary must not look at this corpus.
    listing : Listing or None
        The utterances themselves, where a user's own table lists them and there is no recipe; None of a recipe.
    """

    id: str
    yaml: Path
    title: str
    language: str
    languages: tuple[str, ...]
    licence: str
    licence_note: str
    url: str
    citation: str
    obtain: str
    download: tuple[DownloadFile, ...]
    example: str
    files: tuple[FilePattern, ...]
    ignore: tuple[FilePattern, ...]
    tables: tuple[LabelTable, ...]
    columns: dict[str, Column]
    labels: dict[str, str | None]
    counts: dict[str, int] | int
    speakers: int
    faults: tuple[Fault, ...]
    repeated_files: bool
    same_recording: tuple[tuple[str, ...], ...]
    repairs: tuple[str, ...]
    scheme: str
    stratified: dict[str, int] | None
    speaker_loss: dict
    listing: Listing | None = None

    @property
    def total(self):
        """Number of recordings in the official release."""
        return self.counts if isinstance(self.counts, int) else sum(self.counts.values())

    @property
    def official_parts(self):
        """Whether the corpus comes with official parts."""
        return "official_part" in self.columns

    @property
    def fields(self):
        """Every field that a recording may have: of its path, of the tables, of every file."""
        return set(FILE_FIELDS).union(field_names(self.files), *(table.fields for table in self.tables))

    @property
    def row_identity(self) -> dict | list:
        """Plain values of all that decides the rows and the audio that stage 0 makes of a folder, and of nothing else.

        Left out are words for people (licence, citation, example, known clutter), what is checked anew (labels, counts,
        speakers), what later stages read (emotions, scheme, sizes of parts), and the order of keys where it means
        nothing. Of a table corpus: the digest of what it lists, and its repairs.
        """
        if self.listing is not None:
            return [self.listing.digest, *self.repairs]
        columns: dict[str, list] = {}
        for name, column in self.columns.items():
            made_before = sorted(set(column.fields) & set(columns))  # all that their order decides
            columns[name] = [nfc(column.template), list(map(list, column.map or ())), made_before]
        return {
            "id": self.id,
            "language": self.language,  # of a recording that no column tells it of
            "files": _texts(self.files),
            "tables": [
                [
                    _texts(table.files),
                    table.columns,
                    table.join,
                    table.delimiter,
                    _texts([table.rows] if table.rows else []),
                    table.segments,
                ]
                for table in self.tables
            ],
            "columns": columns,
            "faults": sorted([fault.utterance, bool(fault.part)] for fault in self.faults),
            "repeated_files": self.repeated_files,
            "same_recording": sorted(map(list, self.same_recording)),
            "repairs": list(self.repairs),
        }

    def utterance_id(self, native):
        """Return the id in the rows of an utterance called `native` in corpus.yaml."""
        return f"{self.id}-{nfc(native)}"


def _texts(patterns) -> list[str]:
    return [nfc(pattern.text) for pattern in patterns]


def corpus_ids(recipes):
    """List the corpora of a recipes folder: the folders that hold a corpus.yaml.

    Parameters
    ----------
    recipes : str or Path

    Returns
    -------
    list of str
        Sorted.
    """
    return sorted(path.parent.name for path in Path(recipes).glob("*/corpus.yaml"))


def read_corpus(path):
    """Read and check a corpus.yaml, or a user's own corpus.

    Parameters
    ----------
    path : str or Path
        ``recipes/<corpus id>/corpus.yaml``; any other path as of `read_own_corpus`.

    Returns
    -------
    Corpus

    Raises
    ------
    XserError
        Naming the file and the key: for YAML that cannot be read, unknown, missing or repeated keys, wrong types, and
        values that contradict one another.
    """
    path = Path(path)
    if path.name != "corpus.yaml":
        return read_own_corpus(path)
    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.load(file, Loader=OnceLoader)
    except OSError as error:
        raise XserError(f"{path} cannot be read ({error.strerror}): a recipe needs its corpus.yaml") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise XserError(f"{path} is not valid YAML: {error}; patterns are best in 'single quotes'") from error
    try:
        id = path.resolve().parent.name
        corpus = Corpus(id=id, yaml=path, **read_values(content, id))
        _check_fields(corpus)
    except XserError as error:
        raise XserError(f"{path}: {error}") from error
    return corpus


def read_own_corpus(path):
    """Read a corpus without a recipe, which a table or a folder describes.

    Parameters
    ----------
    path : str or Path
        See `xser.corpora.tables.forms.read_native`.

    Returns
    -------
    Corpus
        Its ``listing`` has the utterances, its ``id`` is the name of the file or folder.

    Raises
    ------
    XserError
        See `xser.corpora.tables.listing.read_own_values`.
    """
    path = Path(path).expanduser().absolute()
    return Corpus(id=own_corpus_id(path), yaml=path, **read_own_values(path))


def _check_fields(corpus):
    """Check what no single key can tell: that templates use fields there are, and that the example is a recording."""
    known = corpus.fields
    for name, column in corpus.columns.items():
        for field in column.fields:
            if field not in known:
                raise XserError(f"`columns: {name}` uses {{{field}}}; the fields are {', '.join(sorted(known))}")
        known.add(name)
    if "emotion" not in known:
        raise XserError("no field of `files` or `tables` and no column is called `emotion`")
    if len(corpus.languages) > 1 and "language" not in known:
        raise XserError("with several languages `columns: language` must say which recording is in which")
    if any(fault.part for fault in corpus.faults) and (corpus.stratified is None or len(corpus.languages) > 1):
        raise XserError("`part` in `faults` needs `stratified`, and a corpus of one language")
    parts = corpus.columns.get("official_part", Column("")).map or (("", None),)
    if "official_part" in known and any(value not in (*PARTS, "") for _, value in parts):
        raise XserError(f"`columns: official_part` needs a `map` to {', '.join(PARTS)}")
    for language in [value for _, value in corpus.columns.get("language", Column("")).map or ()]:
        if language not in corpus.languages:
            raise XserError(f"`columns: language` says {language!r}, which `language` does not list")
    if not any(pattern.match(corpus.example) for pattern in corpus.files):
        raise XserError(f"`example` {corpus.example} matches none of `files`")
