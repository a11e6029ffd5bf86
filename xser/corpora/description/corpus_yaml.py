"""What a recipe's corpus.yaml holds: each key with its type, its meaning and what it may be.

`CorpusYaml` is the file as it is written, `xser.corpora.description.corpus.Corpus` what becomes of it. The JSON
schema recipes/schemas/corpus.json, by which editors complete a corpus.yaml, is made of this module.
"""

import dataclasses
import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    Tag,
    model_validator,
)

from xser.core.records import OneOf, Record, WrongValue
from xser.core.rows import PARTS, ROW_COLUMNS
from xser.corpora.description.download_files import DownloadFile
from xser.corpora.description.emotions import CANONICAL, SCHEMES
from xser.corpora.description.file_patterns import FILE_FIELDS, Column, FilePattern, field_names, nfc
from xser.corpora.description.label_tables import LabelTable
from xser.corpora.description.languages import is_language, language_code

DROP = "drop"
REPAIRS = {  # name: what it is, for people; made by `xser.corpora.audio.repairs`
    "dc": "DC offset removed",
    "digital_silence": "digital silence trimmed",
}
OF_STAGE_0 = ("corpus", "source", "audio", "seconds", "digest")  # columns of the rows that no description makes
COLUMNS = tuple("emotion" if name == "native_label" else name for name in ROW_COLUMNS if name not in OF_STAGE_0)


def _iso_code(language: str) -> str:
    if not is_language(language) or language_code(language) != language:
        code = f": write {language_code(language)}" if is_language(language) else ", such as deu (German)"
        raise WrongValue(f"is {language!r}, which is no ISO 639-3 code{code}")
    return language


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise WrongValue(f"is no regular expression ({error})") from error
    return nfc(text)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _one_line(text: str) -> str:
    return " ".join(text.split())


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Title = Annotated[Text, Field(description="The corpus's name, for people.")]
Licence = Annotated[Text, Field(description="The licence, best by its SPDX name.")]
Url = Annotated[Text, Field(description="Where it is published.")]
Citation = Annotated[Text, Field(description="How to cite it.")]
Obtain = Annotated[Text, Field(description="How to get it.")]
Nfc = Annotated[str, AfterValidator(nfc)]
Language = Annotated[str, AfterValidator(_iso_code)]
Emotion = Annotated[str, OneOf((DROP, *CANONICAL))]
Patterns = Annotated[tuple[FilePattern, ...], Field(min_length=1)]


class MappedColumn(Record):
    """A column whose values a table of regular expressions gives."""

    from_: Annotated[str, Field(alias="from")]
    """A template: text with `{field}`, or `{field%350}` (the number modulo 350)."""
    map: dict[Annotated[str, AfterValidator(_expression)], Nfc]
    """Regular expression: template. The first that matches the whole value counts; its named groups are fields."""

    def column(self) -> Column:
        """Return it as the rows are made by it."""
        return Column(self.from_, tuple(self.map.items()))


ColumnEntry = Annotated[
    Annotated[str, Tag("template")] | Annotated[MappedColumn, Tag("mapped")],
    Discriminator(lambda value: "template" if isinstance(value, str) else "mapped"),
]


@dataclasses.dataclass(frozen=True)
class Fault:
    """A file that is known not to be usable: it is left out, and the notes of stage 0 name it.

    `counted` tells whether the expected counts include it; `part`, when not empty, that the published sizes do, and
    that it is left out only where it cannot be read.
    """

    utterance: str
    what: str
    counted: bool
    part: str = ""


class FaultEntry(Record):
    """A file that is known not to be usable."""

    utterance: Nfc
    """Its name."""
    what: str
    """What it is known to be."""
    counted: bool = True
    """Whether `counts` has it."""
    part: Annotated[str, OneOf(PARTS)] | None = None
    """The part of `stratified` that counts it: it is left out only where it cannot be read, as some copies have it
    repaired, and the part has one utterance fewer then."""


class PartSizes(Record):
    """Numbers of utterances."""

    train: NonNegativeInt
    valid: NonNegativeInt
    test: NonNegativeInt


class SpeakerLoss(Record):
    """Whether the speaker adversary looks at the corpus."""

    masked: bool
    """True: it must not."""
    why: Annotated[str, AfterValidator(_one_line)]
    """The reason, for people."""


class Shared(Record):
    """What a corpus.yaml and the YAML file beside a table may both hold."""

    title: Title | None = None
    licence: Licence | None = None
    licence_note: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """More of the licence, for people."""
    url: Url | None = None
    citation: Citation | None = None
    obtain: Obtain | None = None
    repairs: tuple[Annotated[str, OneOf(REPAIRS)], ...] = ()
    """What stage 0 repairs of every recording before it resamples, for a corpus whose emotions these tell apart: `dc`
    subtracts the DC offset, `digital_silence` trims constant samples at the ends."""
    scheme: Annotated[str, OneOf(SCHEMES)] | None = None
    """The scheme within this corpus when the user names none."""
    speaker_loss: SpeakerLoss = SpeakerLoss(masked=False, why="")
    """Where the speaker adversary must not look at the corpus."""
    same_speaker: tuple[Annotated[tuple[Nfc, ...], Field(min_length=2)], ...] = ()
    """Lists of speakers that are known to be one person, who gets the first of the names."""

    def shared_values(self) -> dict[str, Any]:
        """Return the attributes of a `Corpus` that these keys are."""
        return {
            "licence_note": self.licence_note,
            "repairs": tuple(name for name in REPAIRS if name in self.repairs),
            "speaker_loss": self.speaker_loss.model_dump(),
            "same_speaker": self.same_speaker,
        }


class CorpusYaml(Shared):
    """All that xser knows of a corpus."""

    title: Title
    licence: Licence
    url: Url
    citation: Citation
    obtain: Obtain
    language: Annotated[
        tuple[Language, ...],
        Field(min_length=1),
        BeforeValidator(_listed, json_schema_input_type=Language | list[Language]),
    ]
    """An ISO 639-3 code, such as `deu`, or a list of them."""
    download: tuple[DownloadFile, ...] = ()
    """The files that make it, where everybody may fetch them without a form or an account."""
    example: Nfc
    """The path of one recording below the corpus's folder."""
    files: Patterns
    """Patterns of the recordings, of which the first that matches counts: names with fields, such as
    `{speaker:\\d\\d}_{emotion}.wav`, each a name and perhaps a regular expression. They match the end of a path."""
    ignore: tuple[FilePattern, ...] = ()
    """Patterns of audio files that are known to be no recordings of the corpus."""
    tables: tuple[LabelTable, ...] = ()
    """Tables that add fields to a recording. One without a row in each is no utterance."""
    columns: dict[Annotated[str, OneOf(COLUMNS)], ColumnEntry] = {}
    """How the columns of the rows are made that are not simply the field of that name: a template, or `from` a template
    by a `map`. `emotion` is the native label, `utterance` the name (by default the file's), `official_part` maps to
    train, valid and test. They are made in this order, and a later one may use an earlier one."""
    labels: Annotated[dict[Nfc, Emotion], Field(min_length=1)]
    """Native label: canonical emotion, or `drop`."""
    counts: PositiveInt | dict[Nfc, NonNegativeInt]
    """Recordings of the official release: of each native label, or of all where nobody publishes more."""
    speakers: NonNegativeInt = 0
    """How many speakers the names or tables tell apart; 0 where they do not say who speaks."""
    faults: tuple[FaultEntry, ...] = ()
    """Files that are left out."""
    repeated_files: bool = False
    """Whether the same name at a second path is known to be the same recording."""
    same_recording: tuple[Annotated[tuple[Nfc, ...], Field(min_length=2)], ...] = ()
    """Lists of utterances that are known to be one recording; all but the first are left out."""
    stratified: PartSizes | None = None
    """Published sizes of the parts in the scheme `four`, for each language."""

    @property
    def made(self) -> dict[str, Column]:
        """The columns in the order in which they are made."""
        return {
            name: Column(entry) if isinstance(entry, str) else entry.column() for name, entry in self.columns.items()
        }

    @model_validator(mode="after")
    def _contradicts_nothing(self) -> "CorpusYaml":
        known = self._check_tables(field_names(self.files) | set(FILE_FIELDS))
        self._check_columns(known)
        if isinstance(self.counts, dict) and self.counts.keys() != self.labels.keys():
            differing = sorted(self.counts.keys() ^ self.labels.keys())
            raise WrongValue(f"and `labels` must name the same labels; they differ in {', '.join(differing)}", "counts")
        if any(fault.part for fault in self.faults) and (self.stratified is None or len(self.language) > 1):
            raise WrongValue("with a `part` need `stratified`, and a corpus of one language", "faults")
        names = [file.name for file in self.download]
        for at, name in enumerate(names):
            if name in names[:at]:
                raise WrongValue(f"is the second file called {name!r}: give it another `name`", "download", at)
        if not any(pattern.match(self.example) for pattern in self.files):
            raise WrongValue(f"{self.example} matches none of `files`", "example")
        return self

    def _check_tables(self, known: set[str]) -> set[str]:
        for at, table in enumerate(self.tables):
            for field in table.join:
                if field not in known:
                    what = f"names {field!r}, which no pattern of `files` and no earlier table has"
                    raise WrongValue(what, "tables", at, "join")
            known = known | table.fields
        return known

    def _check_columns(self, known: set[str]) -> None:
        for name, column in self.made.items():
            for field in column.fields:
                if field not in known:
                    raise WrongValue(f"uses {{{field}}}; the fields are {', '.join(sorted(known))}", "columns", name)
            known = known | {name}
        if "emotion" not in known:
            raise WrongValue("no field of `files` or `tables` and no column is called `emotion`")
        if len(self.language) > 1 and "language" not in known:
            raise WrongValue("lists several: `columns: language` must say which recording is in which", "language")
        if "official_part" in known and not self._values("official_part", {None}) <= {*PARTS, ""}:
            raise WrongValue(f"must map `official_part` to {', '.join(PARTS)}", "columns")
        for language in sorted(self._values("language", set()) - {*self.language}):
            raise WrongValue(f"says {language!r}, which `language` does not list", "columns", "language")

    def _values(self, name: str, otherwise: set[Any]) -> set[Any]:
        """What a column's map makes of a recording; `otherwise` without a map."""
        pairs = self.made.get(name, Column("")).map
        return {value for _, value in pairs} if pairs else otherwise
