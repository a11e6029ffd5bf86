"""A recipe's corpus.yaml, or a table, as a checked `Corpus`: everything that xser knows of a corpus.

Plain data: `xser.corpora.description.corpus_yaml` lists the keys, `xser.corpora.tables` the forms of tables.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xser.core.files import at_home
from xser.core.records import read_yaml
from xser.corpora.description.corpus_yaml import DROP, CorpusYaml, Fault
from xser.corpora.description.download_files import DownloadFile
from xser.corpora.description.emotions import SCHEMES
from xser.corpora.description.file_patterns import FILE_FIELDS, Column, FilePattern, field_names, nfc
from xser.corpora.description.label_tables import LabelTable
from xser.corpora.tables.listed import Listed, read_table_values, table_corpus_id

AS_WRITTEN = (  # keys of corpus.yaml that are attributes of a corpus
    "title", "licence", "url", "citation", "obtain", "download", "example", "files", "ignore", "tables", "counts",
    "speakers", "repeated_files",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A corpus as its corpus.yaml, or its table, describes it.

    Attributes
    ----------
    id
        Name of the recipe's folder, or of the table.
    yaml
        The file.
    title, licence, licence_note, url, citation, obtain
        For people.
    language
        ISO 639-3 code; of several, the first.
    languages
        All of them.
    example
        Path of one recording below the corpus's root.
    files, ignore
        Which files are utterances (the first that matches counts), and which are known clutter.
    labels
        Native label -> canonical emotion, None for a label that is dropped.
    counts
        Native label -> number of recordings in the official release; the number of all where no more is known.
    speakers
        How many the names or tables tell apart, 0 where they do not say who speaks.
    repairs
        What stage 0 repairs of every recording.
    scheme
        The scheme within the corpus when the user names none.
    speaker_loss
        ``masked`` (bool) and ``why`` (str): whether the speaker adversary must not look at this corpus.
    download
        The files that make it, where everybody may fetch them; empty where a form or an account is needed.
    tables
        Tables that add fields to a recording. A recording without a row in each is no utterance.
    columns
        How the columns that are not simply the field of that name are made, in this order.
    faults
        Known faults, by utterance.
    repeated_files
        Whether the same file name at a second path is known to be the same recording.
    same_recording
        Utterances known to be one recording under several names; all but the first are left out.
    same_speaker
        Names of speakers, as the names of files or the table have them, known to be one person, who gets the first.
    stratified
        Exact sizes {train, valid, test} of the splits `stratified` and `paper` in the scheme `four`, for each language.
    listed
        The utterances themselves, where a table lists them and there is no recipe; None of a recipe.
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
    example: str
    files: tuple[FilePattern, ...]
    labels: dict[str, str | None]
    counts: dict[str, int] | int
    speakers: int
    repairs: tuple[str, ...]
    scheme: str
    speaker_loss: dict[str, Any]
    download: tuple[DownloadFile, ...] = ()
    ignore: tuple[FilePattern, ...] = ()
    tables: tuple[LabelTable, ...] = ()
    columns: dict[str, Column] = dataclasses.field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    repeated_files: bool = False
    same_recording: tuple[tuple[str, ...], ...] = ()
    same_speaker: tuple[tuple[str, ...], ...] = ()
    stratified: dict[str, int] | None = None
    listed: Listed | None = None

    @property
    def total(self) -> int:
        """Number of recordings in the official release."""
        return self.counts if isinstance(self.counts, int) else sum(self.counts.values())

    @property
    def official_parts(self) -> bool:
        """Whether the corpus comes with official parts."""
        return "official_part" in self.columns

    @property
    def fields(self) -> set[str]:
        """Every field that a recording may have: of its path, of the tables, of every file."""
        return set(FILE_FIELDS).union(field_names(self.files), *(table.fields for table in self.tables))

    @property
    def row_identity(self) -> dict | list:
        """Plain values of all that decides the rows and the audio that stage 0 makes of a folder, and of nothing else.

        Left out are words for people (licence, citation, example, known clutter), what is checked anew (labels, counts,
        speakers), what later stages read (emotions, scheme, sizes of parts), and the order of keys where it means
        nothing. Of a table corpus: the digest of what it lists, and its repairs.
        """
        if self.listed is not None:
            return [self.listed.digest, *self.repairs]
        columns: dict[str, list] = {}
        for name, column in self.columns.items():
            made_before = sorted(set(column.fields) & set(columns))  # all that their order decides
            columns[name] = [nfc(column.template), list(map(list, column.map or ())), made_before]
        merged = {"same_speaker": sorted(map(list, self.same_speaker))} if self.same_speaker else {}
        return merged | {
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

    def utterance_id(self, native: str) -> str:
        """Return the id in the rows of an utterance called `native` in corpus.yaml."""
        return f"{self.id}-{nfc(native)}"


def _texts(patterns: Iterable[FilePattern]) -> list[str]:
    return [nfc(pattern.text) for pattern in patterns]


def corpus_ids(recipes: str | Path) -> list[str]:
    """List the corpora of a recipes folder, sorted: the folders that hold a corpus.yaml."""
    return sorted(path.parent.name for path in Path(recipes).glob("*/corpus.yaml"))


def read_corpus(path: str | Path) -> Corpus:
    """Read and check a corpus.yaml, or a table corpus.

    Parameters
    ----------
    path
        ``recipes/<corpus id>/corpus.yaml``; any other path as of `read_table_corpus`.

    Raises
    ------
    XserError
        Naming the file, the line and the key: for YAML that cannot be read, unknown, missing or repeated keys, wrong
        types, and values that contradict one another.
    """
    path = Path(path)
    if path.name != "corpus.yaml":
        return read_table_corpus(path)
    described = read_yaml(path, CorpusYaml, "a recipe needs its corpus.yaml")
    id = path.resolve().parent.name
    return Corpus(
        id=id,
        yaml=path,
        **{name: getattr(described, name) for name in AS_WRITTEN},
        language=described.language[0],
        languages=described.language,
        columns=described.made,
        labels={label: None if emotion == DROP else emotion for label, emotion in described.labels.items()},
        faults=tuple(
            Fault(f"{id}-{fault.utterance}", fault.what, fault.counted, fault.part or "") for fault in described.faults
        ),
        same_recording=tuple(tuple(f"{id}-{name}" for name in names) for names in described.same_recording),
        scheme=described.scheme or next(iter(SCHEMES)),
        stratified=described.stratified.model_dump() if described.stratified else None,
        **described.shared_values(),
    )


def read_table_corpus(path: str | Path) -> Corpus:
    """Read a corpus without a recipe, which a table or a folder describes.

    Its ``listed`` has the utterances, its ``id`` is the name of the file or folder.

    Parameters
    ----------
    path
        See `xser.corpora.tables.forms.read_native`.

    Raises
    ------
    XserError
        See `xser.corpora.tables.listed.read_table_values`.
    """
    path = at_home(path).absolute()
    return Corpus(id=table_corpus_id(path), yaml=path, **read_table_values(path))
