"""The runs of an experiment: systems x seeds (x folds), each with a folder of its own.

Stages 2 and 3 plan the same runs from the same options. A run's folder ends in a fingerprint of all that its weights
depend on - the manifests it learns from, the hyperparameters, the seed - and of nothing of the target.
"""

import dataclasses
import functools
from pathlib import Path

from xser.core.errors import XserError
from xser.core.files import read_json, write_text
from xser.core.fingerprints import fingerprint
from xser.core.versions import versions
from xser.experiments import workspace
from xser.experiments.hyperparameters import compose, hyperparameter_keys, read_run_values
from xser.experiments.task_list import find_task, training_beside_published
from xser.protocol import isolation
from xser.protocol.splits.speaker_splits import what_few_speakers_allow
from xser.protocol.systems import System, read_system
from xser.protocol.tasks import Selection


@dataclasses.dataclass(frozen=True)
class PlannedRun:
    """One training and its evaluation.

    Attributes
    ----------
    experiment : Experiment
        What the user asked for.
    system : System
        What is trained how.
    learned_from : tuple of Selection
        The corpora that this run learns from.
    seed : int
        The run's seed.
    fold : int
        Counted from 1; 0 when the split has no folds.
    """

    experiment: object
    system: System
    learned_from: tuple[Selection, ...]
    seed: int
    fold: int

    @property
    def source(self):
        """The one source of a system that is trained on each source by itself, else the empty string."""
        alone = self.system.trained_on == "source" and self.experiment.kind == "zero_shot"
        return self.learned_from[0].file_name if alone else ""

    @property
    def name(self):
        """Name for people and of the run's folder, without the fingerprint."""
        system = "-".join(filter(None, [self.system.name, self.source]))
        return f"{system}/seed{self.seed}" + (f"-fold{self.fold}" if self.fold else "")

    @property
    def results_folder(self):
        """Where the table of the whole experiment goes."""
        experiment = self.experiment
        how = [self._encoder, experiment.scheme.name, experiment.split.replace(":", "")]
        how += [f"by_{experiment.target_statistics}"] if experiment.target_statistics != "none" else []
        how += ["as_recorded"] if experiment.as_recorded else []
        return experiment.work_dir / "results" / experiment.task.name / "-".join(how)

    @property
    def _encoder(self):
        return "-".join(filter(None, [self.experiment.encoder, self.experiment.finetuning]))

    @functools.cached_property
    def folder(self):
        """The run's folder."""
        target = (
            [str(self.experiment.target)] if self.experiment.named_task else []
        )  # the folder's name does not say it
        return self._place / f"{self.name}-{fingerprint(*self._weights_from, *target)[: workspace.KEY]}"

    @functools.cached_property
    def weights_fingerprint(self):
        """Fingerprint of all that the weights depend on. Tasks with the same sources have it in common."""
        return fingerprint(*self._weights_from)

    @functools.cached_property
    def _weights_from(self):
        manifests = [_manifest(self.experiment, selection)[1]["fingerprint"] for selection in self._trained_by]
        learned_from = [str(selection) for selection in self.learned_from]
        return [manifests, self.system.trained_on, *self._trained_how, learned_from, self.seed, self.fold]

    @property
    def _place(self):
        return self.experiment.work_dir / "runs" / self.experiment.task.name / self._encoder

    @property
    def _trained_how(self):
        """The hyperparameters and, of a pretrained encoder, which model it is instead of where it lies."""
        choice = self.experiment.encoder_choice
        if choice.source is None:
            return [self.hyperparameters(None)]
        return [self.hyperparameters(None, {"encoder_source": None, "encoder_revision": None}), choice.identity]

    @property
    def is_trained(self):
        """Whether stage 2 has finished it."""
        return (self.folder / "trained.json").is_file()

    def trained_for_another_task(self):
        """Folder of a finished run of another task that has the same weights; None without one."""
        for finished in sorted(self._place.parent.parent.glob(f"*/{self._encoder}/{self.name}-*/trained.json")):
            if read_json(finished).get("weights_fingerprint") == self.weights_fingerprint:
                return finished.parent
        return None

    @property
    def _trained_by(self):
        return tuple(isolation.training_manifests(self.experiment.task, self.system, self.learned_from, lambda _: None))

    def _manifest_path(self, selection):
        return _manifest(self.experiment, selection)[0][max(0, self.fold - 1)]

    def read_rows(self):
        """Read what training may see (`xser.protocol.isolation.TrainingRows`)."""
        target = self.experiment.target
        languages = target.languages(self.experiment.recipes) if target else ()
        return isolation.training_rows(
            self.experiment.task, self.system, self.learned_from, self._manifest_path, languages
        )

    def read_evaluation_rows(self):
        """Read the rows that the run is reported on; refuse recordings that training has seen."""
        rows = isolation.evaluation_rows(self.experiment.task, self.system, self._manifest_path)
        if rows.empty:
            raise XserError(
                f"{self.name} has nothing to recognise in scheme {self.experiment.scheme.name}: choose another --scheme"
            )
        isolation.refuse_shared_recordings(self.read_rows().learning, rows)
        return rows

    def read_recorded(self):
        """Read the recordings, without labels, whose statistics an evaluation in the regime `unlabelled` may use."""
        return isolation.evaluation_recordings(self.experiment.task, self._manifest_path)

    def hyperparameters(self, run_values, model=None):
        """The HyperPyYAML text of this run (`xser.experiments.hyperparameters.compose`); `model` says where its encoder
        lies."""
        experiment = self.experiment
        return compose(
            experiment.hparams,
            experiment.encoder_choice.yaml,
            experiment.finetuning,
            self.system.hyperparameters,
            {
                **experiment.hyperparameters,
                "target_statistics": experiment.target_statistics,
                **(experiment.encoder_choice.settings if model is None else model),
            },
            run_values,
        )

    def place_encoder(self):
        """Name the encoder in the trained run's hyperparameters where it lies now: its folder may have moved since."""
        if self.experiment.encoder_choice.source is None:
            return
        path = self.folder / "hyperparameters.yaml"
        text = self.hyperparameters(read_run_values(path, self.experiment.hparams))
        if text != path.read_text(encoding="utf-8"):
            write_text(path, text)

    def trained_on_another_encoder(self):
        """Folder of this run as trained on an encoder of this name, but other weights or settings; None without one."""
        choice = self.experiment.encoder_choice
        if choice.source is None:
            return None
        for finished in sorted(self._place.parent.glob(f"*/{self.name}-*/trained.json")):
            info = read_json(finished)
            same_name = Path(info.get("encoder_source") or "").name == Path(choice.source).name
            if same_name and info["encoder_identity"] != choice.identity:
                return finished.parent
        return None

    def masking(self):
        """Corpora that the speaker loss leaves out because their corpus.yaml says so: corpus id to reason.

        Empty when there is no speaker loss, or ``mask_speaker_loss`` is off.
        """
        if not self.value_of("mask_speaker_loss") or self.value_of("speaker_weight") == 0:
            return {}
        infos = [_manifest(self.experiment, selection)[1] for selection in self.learned_from]
        return {info["corpus"]: info["speaker_loss"]["why"] for info in infos if info["speaker_loss"]["masked"]}

    def value_of(self, key):
        """Value of a hyperparameter that is a plain value (`xser.experiments.hyperparameters.hyperparameter_keys`)."""
        experiment = self.experiment
        defaults = hyperparameter_keys(experiment.hparams, experiment.encoder_choice.yaml, experiment.finetuning)
        return {**defaults, **self.system.hyperparameters, **self.experiment.hyperparameters}[key]

    def description(self):
        """What is known of the run when it is trained: see `xser.evidence.figures.predictions`."""
        experiment, task = self.experiment, self.experiment.task
        choice = experiment.encoder_choice
        infos = {str(each): _manifest(experiment, each)[1] for each in self._trained_by}
        return {
            "kind": experiment.kind,
            "task": task.name,
            "named_task": experiment.named_task,
            "task_training": self._task_training(),
            "sources": [str(source) for source in task.sources],
            "target": str(task.target or task.sources[0]),
            "system": self.system.name,
            "source": self.source,
            "encoder": experiment.encoder,
            "encoder_option": choice.option,
            "encoder_source": choice.source,
            "encoder_revision": choice.commit or choice.revision,
            "encoder_identity": choice.identity,
            "finetuning": experiment.finetuning,
            "scheme": experiment.scheme.name,
            "emotions": list(experiment.scheme.emotions),
            "split": experiment.split,
            "split_seed": experiment.split_seed,
            "target_statistics": experiment.target_statistics,
            "seed": self.seed,
            "fold": self.fold,
            "hyperparameters": experiment.hyperparameters,
            "weights_fingerprint": self.weights_fingerprint,
            "command": experiment.command,
            "versions": versions(),
            "fingerprints": {name: info["fingerprint"] for name, info in infos.items()},
            "left_out": [f"{name}: {what}" for name, info in infos.items() for what in _to_repeat(experiment, info)]
            + [choice.note] * bool(choice.note),
            "complete": all(info["complete"] for info in infos.values()),
            "made_up": any(info["made_up"] for info in infos.values()),
        }

    def _task_training(self):
        """What a named task learns from beside what was published; None without, and for a system on the target."""
        experiment = self.experiment
        if not experiment.named_task or self.system.trained_on == "target":
            return None
        named = find_task(experiment.recipes, experiment.named_task)
        return training_beside_published(named, [_manifest(experiment, each)[1] for each in experiment.sources])

    def evaluated(self, trained):
        """What `trained` (the content of trained.json) becomes with the target's part in it."""
        target = self.experiment.target
        if target is None or self.system.trained_on == "target":
            return trained
        info = _manifest(self.experiment, target)[1]
        return {
            **trained,
            "fingerprints": {**trained["fingerprints"], str(target): info["fingerprint"]},
            "left_out": trained["left_out"] + [f"{target}: {what}" for what in info["left_out"]],
            "complete": trained["complete"] and info["complete"],
            "made_up": trained["made_up"] or info["made_up"],
        }


def _to_repeat(experiment, info):
    """What every result says of a manifest again: what was left out, and what its split and speakers are worth."""
    few = what_few_speakers_allow(info.get("speakers", 3)) if experiment.kind == "within" else ""
    return [*info["left_out"], *info.get("split_notes", []), *filter(None, [few])]


def plan_runs(experiment):
    """Plan the runs of an experiment.

    Parameters
    ----------
    experiment : Experiment
        What the user asked for.

    Returns
    -------
    list of PlannedRun
        Systems in the order given, then sources, seeds and folds.

    Raises
    ------
    XserError
        When a manifest that training needs is not there: stage 1 makes it. The target's is not looked for.
    """
    planned = []
    for name in experiment.systems:
        system = read_system(experiment.hparams / "systems" / f"{name}.yaml")
        for learned_from in isolation.learned_from(experiment.task, system):
            folds = _manifest(experiment, learned_from[0])[1]["folds"]
            for seed in experiment.seeds:
                for fold in range(1, folds + 1) if folds else (0,):
                    planned.append(PlannedRun(experiment, system, learned_from, seed, fold))
    return planned


@functools.cache
def _manifest(experiment, selection):
    """The tables of a selection's manifest (one a fold) and the content of its manifest.json."""
    prepared = experiment.prepared_folder(selection.corpus)
    return workspace.read_manifest_info(experiment.manifest_folder(selection), prepared)
