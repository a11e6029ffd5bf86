"""What stages 0 and 1 write down for the next stage: prepared.json and manifest.json."""

from xser.core.records import Record, StageRecord


class PreparedRecord(StageRecord):
    """prepared.json: what stage 0 made of a corpus. Written last: a folder without it is unfinished.

    Attributes
    ----------
    fingerprint
        Of the rows and the settings of the audio.
    found, expected
        Recordings of the official release that are here, and that there are.
    left_out, notes
        Sentences for people: what is not among the rows, and all that there is to know of the recordings.
    made_up
        Whether the recordings stand in for those of the real corpus.
    rows_digest
        SHA-256 of rows.csv; an older xser did not write it.
    """

    corpus: str
    fingerprint: str
    rows_digest: str = ""
    settings: dict[str, object]
    found: int
    expected: int
    complete: bool
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    data_folder: str
    made_up: bool
    versions: dict[str, str]
    command: str


class LabelRecord(Record):
    """A native label: the canonical emotion it stands for (None: dropped), and how many utterances have it."""

    emotion: str | None
    utterances: int


class OverlapRecord(Record):
    """Speakers and texts that a part has in common with train; None where they are not known."""

    speakers: int | None
    texts: int | None


class TableRecord(Record):
    """A table of a manifest, of which there is one for each fold: utterances by part and emotion, speakers by part.

    ``digest`` is the SHA-256 of the file; an older xser did not write it.
    """

    file: str
    digest: str = ""
    counts: dict[str, dict[str, int]]
    speakers: dict[str, int]
    overlaps: dict[str, OverlapRecord]


class SchemeRecord(Record):
    """The scheme of a manifest."""

    name: str
    emotions: tuple[str, ...]


class SpeakerLossRecord(Record):
    """Whether the speaker adversary must not look at a corpus, and why."""

    masked: bool
    why: str


class ManifestRecord(StageRecord):
    """manifest.json: what stage 1 made of a selection. Written last: a folder without it is unfinished.

    Attributes
    ----------
    fingerprint
        Of all that decides on rows, emotions and parts.
    folds
        How many; 0 for a split that is no set of folds.
    dropped, merged
        Native labels left out, with their utterances; native labels that count as another emotion, with that.
    lost
        What makes parts smaller than the published ones.
    split_notes, left_out
        Sentences for people that every result repeats.
    evaluated_whole
        Whether all is test, since it cannot be split and nothing but the evaluation needs it.
    """

    fingerprint: str
    corpus: str
    language: str | None
    languages: tuple[str, ...]
    scheme: SchemeRecord
    split: str
    split_seed: int
    speakers: int = 3  # enough for a split, where an older xser did not count them
    lost: tuple[str, ...] = ()
    speaker_loss: SpeakerLossRecord
    labels: dict[str, LabelRecord]
    dropped: dict[str, int]
    merged: dict[str, str]
    missing_classes: tuple[str, ...]
    folds: int
    split_notes: tuple[str, ...] = ()
    evaluated_whole: bool = False
    tables: tuple[TableRecord, ...]
    left_out: tuple[str, ...]
    complete: bool
    made_up: bool
    prepared_folder: str
    prepared_fingerprint: str
    versions: dict[str, str]
    command: str

    @property
    def name(self) -> str:
        """The selection as on the command line."""
        return f"{self.corpus}:{self.language}" if self.language else self.corpus
