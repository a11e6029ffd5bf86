"""One experiment: what a user asked for, resolved and checked before anything runs. Nothing here needs torch."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from xser.corpora.description.corpus import Corpus
from xser.corpora.description.emotions import Scheme
from xser.experiments.encoder_choice import EncoderChoice
from xser.experiments.hyperparameter_table import Plain
from xser.experiments.hyperparameters import Hyperparameters, resolve
from xser.experiments.named_tasks import NamedTask
from xser.experiments.systems import System
from xser.protocol.splits.emobox_folds import FoldFiles
from xser.protocol.tasks import Selection, Task


@dataclasses.dataclass(frozen=True)
class Preparation:
    """How recordings are found and prepared.

    Attributes
    ----------
    data_root
        The folder with one folder for each corpus, or with the recordings of one corpus.
    jobs
        Processes; -1 means every core.
    skip_bad
        Leave recordings out that cannot be used.
    allow_incomplete
        Go on when files are missing.
    as_recorded
        Make none of the repairs that a corpus.yaml names.
    """

    data_root: Path
    jobs: int = -1
    skip_bad: bool = False
    allow_incomplete: bool = False
    as_recorded: bool = False

    def repairs_left_out(self, corpus: Corpus) -> tuple[str, ...]:
        """What stage 0 would repair of a corpus without ``--as-recorded``."""
        return tuple(corpus.repairs) if self.as_recorded else ()


@dataclasses.dataclass(frozen=True)
class Split:
    """Which part of a corpus every utterance belongs to.

    Attributes
    ----------
    name
        As in ``--split``.
    seed
        As in ``--split-seed``.
    published_folds
        Where the split is read from files: those of ``--emobox``.
    """

    name: str
    seed: int = 0
    published_folds: tuple[FoldFiles, ...] = ()

    @property
    def files(self) -> list[Path]:
        """The files that the split is read from."""
        return [path for fold in self.published_folds for path in fold.files.values()]


@dataclasses.dataclass(frozen=True, eq=False)
class Experiment:
    """What a user asked for, resolved.

    Attributes
    ----------
    task
        Sources and target.
    named_task
        The task of ``--task`` with what was published of it; None without.
    systems, seeds
        Every system is trained with every seed.
    scheme
        The emotions.
    encoder
        Which encoder.
    finetuning
        What of a pretrained encoder learns; None for an encoder that is trained from scratch.
    hparams
        Files of hyperparameters, without a system's: train.yaml, the encoder's, the finetuning's.
    overrides
        Hyperparameters that the command line sets.
    target_statistics
        ``none`` (the regime `blind`), ``corpus`` or ``speaker`` (`unlabelled`).
    device
        As in ``--device``.
    work_dir
        Where everything is written.
    allow
        Severe findings of the audit that do not stop stage 1.
    command
        The command that a reader may type to repeat it.
    """

    task: Task
    named_task: NamedTask | None
    systems: tuple[System, ...]
    seeds: tuple[int, ...]
    scheme: Scheme
    split: Split
    encoder: EncoderChoice
    finetuning: str | None
    hparams: tuple[Path, ...]
    overrides: Mapping[str, Plain]
    target_statistics: str
    device: str
    preparation: Preparation
    work_dir: Path
    allow: tuple[str, ...]
    command: str

    @property
    def is_zero_shot(self) -> bool:
        """Whether there is a target that training never sees; False within one corpus."""
        return self.task.target is not None

    @property
    def corpora(self) -> tuple[Corpus, ...]:
        """Every corpus of the task, once."""
        return tuple({selection.corpus.id: selection.corpus for selection in self.task.selections}.values())

    def only_evaluated(self, selection: Selection) -> bool:
        """Whether a selection is the target, and no system learns from it or chooses by it."""
        learning = any(system.trained_on == "target" for system in self.systems)
        return selection == self.task.target and not learning

    @property
    def encoder_and_finetuning(self) -> str:
        """The encoder and how it is tuned, as part of a folder's name."""
        return "-".join(filter(None, [self.encoder.name, self.finetuning]))

    def hyperparameters(self, system: System) -> Hyperparameters:
        """What the trainings of a system are told."""
        told = {**self.overrides, "target_statistics": self.target_statistics, **self.encoder.settings}
        return resolve([*self.hparams, system.file], told)
