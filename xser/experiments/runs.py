"""The runs of an experiment: systems x seeds (x folds), each with a folder of its own.

Stages 2 and 3 plan the same runs from the same experiment. A run's folder ends in a fingerprint of all that its weights
depend on: the manifests it learns from, the hyperparameters, the seed. Nothing of the target is in it.
"""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from xser.core.errors import XserError
from xser.core.fingerprints import fingerprint
from xser.experiments.experiment import Experiment
from xser.experiments.hyperparameters import Hyperparameters
from xser.experiments.systems import System
from xser.experiments.workspace import KEY, Manifest, Workspace
from xser.protocol import isolation
from xser.protocol.tasks import Selection


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """One training and its evaluation.

    Attributes
    ----------
    experiment
        What the user asked for.
    system
        What is trained how.
    learned_from
        The corpora that this run learns from.
    seed
        The run's seed.
    fold
        Counted from 1; 0 when the split has no folds.
    hyperparameters
        What the training is told.
    manifests
        Those of every selection that training may open.
    """

    experiment: Experiment
    system: System
    learned_from: tuple[Selection, ...]
    seed: int
    fold: int
    hyperparameters: Hyperparameters
    manifests: Mapping[Selection, Manifest]

    @property
    def source(self) -> str:
        """The one source of a system that is trained on each source by itself, else the empty string."""
        alone = self.system.trained_on == "source" and self.experiment.is_zero_shot
        return self.learned_from[0].file_name if alone else ""

    @property
    def name(self) -> str:
        """Name for people and of the run's folder, without the fingerprint."""
        system = "-".join(filter(None, [self.system.name, self.source]))
        return f"{system}/seed{self.seed}" + (f"-fold{self.fold}" if self.fold else "")

    @functools.cached_property
    def weights_fingerprint(self) -> str:
        """Fingerprint of all that the weights depend on. Tasks with the same sources have it in common."""
        return fingerprint(*self._weights_from)

    @functools.cached_property
    def folder(self) -> Path:
        """The run's folder. Of a named task its fingerprint has the target too, which the folder's name does not
        say."""
        task = self.experiment.task
        target = [str(task.target)] if task.given_name else []
        key = fingerprint(*self._weights_from, *target)[:KEY]
        return Workspace(self.experiment).runs_folder / f"{self.name}-{key}"

    @property
    def _weights_from(self) -> list[object]:
        data = [manifest.record.fingerprint for manifest in self.manifests.values()]
        how = [self.system.trained_on, self.hyperparameters.identity, self.experiment.encoder.identity]
        return [data, *how, [str(selection) for selection in self.learned_from], self.seed, self.fold]

    @property
    def is_trained(self) -> bool:
        """Whether stage 2 has finished it."""
        return (self.folder / "trained.json").is_file()

    def read_rows(self) -> isolation.TrainingRows:
        """Read what training may see."""
        return isolation.training_rows(
            self.experiment.task, self.system.trained_on, self.learned_from, lambda each: self._table(each)
        )

    def read_evaluation_rows(self) -> pd.DataFrame:
        """Read the rows that the run is reported on; refuse recordings that training has seen."""
        rows = isolation.evaluation_rows(self.experiment.task, self.system.trained_on, self._table)
        if rows.empty:
            scheme = self.experiment.scheme.name
            raise XserError(f"{self.name} has nothing to recognise in scheme {scheme}: choose another --scheme")
        seen = self.read_rows()
        for used in (seen.learning, seen.selecting, seen.choosing):
            isolation.refuse_shared_recordings(used, rows)
        return rows

    def read_recorded(self) -> pd.DataFrame:
        """Read the recordings, without labels, whose statistics an evaluation in the regime `unlabelled` may use."""
        return isolation.evaluation_recordings(self.experiment.task, self._table)

    def manifest(self, selection: Selection) -> Manifest:
        """The manifest of a selection; the target's is read when it is asked for, at the evaluation."""
        return self.manifests.get(selection) or Workspace(self.experiment).read_manifest(selection)

    def _table(self, selection: Selection) -> Path:
        return self.manifest(selection).of_fold(self.fold)

    def prepared_folders(self, *more: Selection) -> dict[str, Path]:
        """The prepared folder of each corpus that training opens and of `more`, where its features are kept."""
        records = [self.manifest(selection).record for selection in (*self.manifests, *more)]
        return {record.corpus: Path(record.prepared_folder) for record in records}

    def masked_corpora(self) -> frozenset[str]:
        """Corpora that the speaker loss leaves out because their corpus.yaml says so.

        Empty when there is no speaker loss, or ``mask_speaker_loss`` is off.
        """
        values = self.hyperparameters.values
        if not values["mask_speaker_loss"] or values["speaker_weight"] == 0:
            return frozenset()
        records = [self.manifests[selection].record for selection in self.learned_from]
        return frozenset(record.corpus for record in records if record.speaker_loss.masked)


def plan_runs(experiment: Experiment) -> list[Run]:
    """Plan the runs of an experiment: systems in the order given, then sources, seeds and folds.

    Raises
    ------
    XserError
        When a manifest that training needs is not there: stage 1 makes it. The target's is not looked for.
    """
    read = functools.cache(Workspace(experiment).read_manifest)
    runs = []
    for system in experiment.systems:
        hyperparameters = experiment.hyperparameters(system)
        for learned_from in isolation.learned_from(experiment.task, system.trained_on):
            opened = isolation.training_selections(experiment.task, system.trained_on, learned_from)
            manifests = {selection: read(selection) for selection in opened}
            folds = manifests[learned_from[0]].record.folds
            for seed in experiment.seeds:
                for fold in range(1, folds + 1) if folds else (0,):
                    runs.append(Run(experiment, system, learned_from, seed, fold, hyperparameters, manifests))
    return runs
