"""What a run's folder records of it: ``trained.json`` after training, ``run.json`` once it is evaluated.

Unknown keys are kept and not looked at: folders of runs outlive versions of xser, older and newer ones, and a report
passes on all that they hold.
"""

from pathlib import Path
from typing import Any, Literal

import pydantic
from pydantic import FiniteFloat

from xser.core.digests import SEAL, refuse_changed
from xser.core.errors import XserError
from xser.core.files import read_json
from xser.core.records import Record, read_record

TRAINED = "trained.json"
RUN = "run.json"


class TaskTraining(Record):
    """What a named task learned from beside what was published of it."""

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    utterances: int
    published_utterances: int | None = None
    speakers: int
    published_speakers: int | None = None
    lost: tuple[str, ...] = ()


class HeldOutLanguage(Record):
    """A language whose validation part was left out when a temperature was fitted, before it and after.

    Attributes
    ----------
    nll_before, nll_after
        Mean negative log-likelihood, in nats.
    ece_before, ece_after
        Expected calibration error, as a fraction of 1.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    nll_before: FiniteFloat
    nll_after: FiniteFloat
    ece_before: FiniteFloat
    ece_after: FiniteFloat


class Calibration(Record):
    """How the probabilities of a run become confidences.

    Attributes
    ----------
    temperature
        Divides log-probabilities; fitted on the sources' validation parts.
    held_out
        By language, with a temperature fitted on all others; empty where there is one language alone.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    temperature: pydantic.PositiveFloat
    held_out: dict[str, HeldOutLanguage] = {}


class UsedCorpus(Record):
    """A corpus of a run, as its description told when the run was trained."""

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    title: str
    languages: tuple[str, ...]
    licence: str
    licence_note: str = ""
    url: str = ""
    citation: str = ""


class TrainedRecord(Record):
    """What is known of a run when it is trained.

    Parameters
    ----------
    kind
        ``zero_shot`` (the target is unseen) or ``within`` (one corpus by itself).
    task
        Sources and target in one word; ``named_task`` is its name in a list of tasks, where it has one.
    source
        The one source of a system that is trained on each source by itself.
    encoder, encoder_option, encoder_source, encoder_revision, encoder_identity
        Its name, what the user asked for, where it lay, which version, and a hash of its weights and settings.
    finetuning
        How a pretrained encoder was tuned; None from scratch.
    target_statistics
        ``none``, or whose unlabelled recordings of the target were used: ``corpus`` or ``speaker``. See `regime`.
    fold
        From 1; 0 without folds.
    hyperparameters
        Those that the user set.
    fingerprints
        Of the manifests that the run rests on, by corpus.
    left_out, complete, made_up
        Sentences on what the corpora lack, whether they are whole, whether the recordings are made up.
    validation
        UAR on the sources' validation parts by language, and their ``mean``.
    calibration, corpora
        Older runs do not tell them. `corpora` are the sources and the target.
    trained_files
        SHA-256 of each file that decides what the run predicts: its checkpoints, hyperparameters and statistics. Older
        runs do not tell them.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    kind: Literal["zero_shot", "within"]
    task: str
    named_task: str = ""
    task_training: TaskTraining | None = None
    sources: tuple[str, ...]
    target: str
    system: str
    source: str
    encoder: str
    encoder_option: str | None = None
    encoder_source: str | None = None
    encoder_revision: str | None = None
    encoder_identity: str | None = None
    finetuning: str | None = None
    scheme: str
    emotions: tuple[str, ...]
    split: str
    split_seed: int
    target_statistics: str | None = None
    seed: int
    fold: int
    hyperparameters: dict[str, Any] = {}
    weights_fingerprint: str | None = None
    trained_for: str | None = None
    command: str
    versions: dict[str, Any]
    fingerprints: dict[str, str]
    left_out: tuple[str, ...]
    complete: bool
    made_up: bool
    validation: dict[str, FiniteFloat]
    calibration: Calibration | None = None
    corpora: dict[str, UsedCorpus] = {}
    trained_files: dict[str, str] = {}
    steps: int | None = None
    epochs: int | None = None
    train_seconds: FiniteFloat | None = None
    train_utterances: int | None = None
    train_speakers: int | None = None
    parameters: int | None = None
    device: str | None = None
    peak_memory_bytes: int | None = None

    @property
    def regime(self) -> str:
        """``target_statistics``, which older runs had among their hyperparameters if at all."""
        return self.target_statistics or str(self.hyperparameters.get("target_statistics", "none"))

    @pydantic.field_validator("emotions")
    @classmethod
    def _at_least_two(cls, emotions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(emotions)) < max(2, len(emotions)):
            raise ValueError(f"{list(emotions)} are fewer than two, or one stands twice")
        return emotions

    @pydantic.model_validator(mode="after")
    def _source_is_chosen_by_a_mean(self) -> "TrainedRecord":
        if self.source and "mean" not in self.validation:
            raise ValueError("validation has no mean, by which a single source is chosen")
        return self


class RunRecord(TrainedRecord):
    """What is known of a run when it is evaluated.

    Parameters
    ----------
    system_order, compared_with
        The system's place in tables, and the systems that its results are compared with, the most telling first.
        Older runs do not tell them.
    allowed
        Severe findings of the audit that the user allowed.
    warnings
        What else the audit found severe or warned of in what the run is reported on, and between corpora.
    files
        SHA-256 of each file of predictions.
    """

    system_order: int | None = None
    compared_with: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: dict[str, str]

    def without_places(self) -> dict[str, Any]:
        """The file's content as JSON values, without the folder of an encoder: its identity tells which it was."""
        content = self.model_dump(mode="json", exclude_unset=True, exclude={SEAL})
        source = self.encoder_source
        return {**content, "encoder_source": Path(source).name} if source and Path(source).is_absolute() else content


TRAIN_AGAIN = "run stage 2 (train) again: add --stage 2"


def read_trained(folder: Path) -> dict[str, Any]:
    """The content of ``trained.json`` of a run.

    Raises
    ------
    XserError
        When it is missing, damaged or changed.
    """
    read_record(folder / TRAINED, TrainedRecord, TRAIN_AGAIN)
    content: dict[str, Any] = read_json(folder / TRAINED)
    content.pop(SEAL, None)
    return content


def refuse_damaged(folder: Path) -> dict[str, Any]:
    """Check all that decides what a trained run predicts against ``trained.json``, and return the content of that.

    Raises
    ------
    XserError
        With the first file that is not what training wrote, and the stage that makes it anew.
    """
    trained = read_trained(folder)
    refuse_changed(folder, trained.get("trained_files", {}), TRAIN_AGAIN)
    return trained


def damage(folder: Path) -> str:
    """What `refuse_damaged` would say of a run; empty where it is whole."""
    try:
        refuse_damaged(folder)
    except XserError as error:
        return str(error)
    return ""
