"""Runs put together: the seeds and folds of one system on one task, checked to be comparable.

Folds: each utterance is tested in one fold, so the test parts of all folds of a seed are put end to end and scored as
one set. Seeds: every seed must have been evaluated on the same utterances with the same references; figures are
averaged over them. A system trained on one source has candidates, one per source: the source with the highest mean
validation UAR over the seeds is taken, by all sources' validation parts and never by the target.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import pandas as pd

from xser.core.errors import XserError

SYSTEM_ORDER = (
    "baseline1",
    "baseline2",
    "proposed",
    "no_supcon",
    "no_adversary",
    "upper_bound",
)  # others after, by name
PART_NAMES = ("whole", "test")


class Setting(NamedTuple):
    """What systems must share to stand in one table.

    ``finetuning`` is empty for what is trained from scratch; ``target_statistics`` is ``none`` (the regime `blind`), or
    ``corpus`` or ``speaker`` (`unlabelled`); ``hyperparameters`` are those given by ``--key value``.
    """

    kind: str
    task: str
    target: str
    encoder: str
    finetuning: str
    scheme: str
    split: str
    split_seed: int
    target_statistics: str
    hyperparameters: str


class Outcomes(NamedTuple):
    """What happened to each utterance of an evaluated part.

    Attributes
    ----------
    reference : numpy.ndarray of int (utterances,)
        Position of the emotion among the emotions.
    predicted : numpy.ndarray of int (utterances, seeds)
    speakers : numpy.ndarray of str (utterances,)
        Empty when unknown.
    """

    reference: np.ndarray
    predicted: np.ndarray
    speakers: np.ndarray

    @property
    def hits(self):
        """Share of the seeds that recognise each utterance (utterances,)."""
        return (self.predicted == self.reference[:, None]).mean(axis=1)


@dataclasses.dataclass(frozen=True, eq=False)
class Pooled:
    """One system in one setting, over all its seeds and folds.

    Attributes
    ----------
    setting : Setting
    system : str
    source : str
        The single source trained on, chosen among `candidates`; empty for systems trained otherwise.
    candidates : dict of str to float
        Mean validation UAR of each single source.
    seeds, folds : tuple of int
        ``folds`` is (0,) when there are none.
    emotions : tuple of str
    utterances : pandas.DataFrame (utterances,)
        utterance, language, speaker, part, emotion; sorted by utterance.
    predicted : numpy.ndarray of int (utterances, seeds)
    runs : tuple of Run
    """

    setting: Setting
    system: str
    source: str
    candidates: dict
    seeds: tuple
    folds: tuple
    emotions: tuple
    utterances: pd.DataFrame
    predicted: np.ndarray
    runs: tuple

    @property
    def label(self):
        """The system's name, with its source when it has a single one."""
        return f"{self.system} ({self.source})" if self.source else self.system

    @property
    def named_task(self):
        """The task's name in a list of tasks, such as ``en-de``; empty when it was given by its corpora."""
        return next((name for run in self.runs if (name := run.info.get("named_task"))), "")

    @property
    def parts(self):
        """What can be reported: ``whole`` (all of an unseen target's utterances) and ``test`` (its test part)."""
        in_test = self.utterances["part"] == "test"
        there = {"whole": self.setting.kind == "zero_shot" and not in_test.all(), "test": in_test.any()}
        return tuple(name for name in PART_NAMES if there[name])

    def rows(self, part):
        """The utterances of ``whole`` or ``test``."""
        return self.utterances[self._chosen(part)].reset_index(drop=True)

    def _chosen(self, part):
        return (
            np.full(len(self.utterances), True) if part == "whole" else (self.utterances["part"] == "test").to_numpy()
        )

    def outcomes(self, part):
        """The `Outcomes` on ``whole`` or ``test``."""
        rows = self.rows(part)
        reference = pd.Index(self.emotions).get_indexer(rows["emotion"])
        return Outcomes(reference, self.predicted[self._chosen(part)], rows["speaker"].to_numpy(dtype=str))


def pool_runs(runs):
    """Put runs together by setting and system.

    Parameters
    ----------
    runs : iterable of Run
        Each run once or several times.

    Returns
    -------
    list of Pooled
        Zero-shot settings first; systems of a setting in the order of `SYSTEM_ORDER`.

    Raises
    ------
    XserError
        When there are no runs, a seed lacks a fold, two runs claim the same seed, or runs that should be compared were
        evaluated on different utterances or references.
    """
    distinct = {run.folder.resolve(): run for run in runs}
    if not distinct:
        raise XserError("no finished run to report: stage 3 (evaluate) makes them")
    groups = {}
    for run in sorted(distinct.values(), key=lambda run: str(run.folder)):
        setting = _setting(run.info)
        groups.setdefault((setting, run.info["system"]), {}).setdefault(run.info["source"], []).append(run)
    pooled = [_pool(setting, system, sources) for (setting, system), sources in groups.items()]
    pooled.sort(key=_rank)
    _check_comparable(pooled)
    return pooled


def regime(target_statistics):
    """Say what was known of the target's recordings.

    Examples
    --------
    >>> regime("none"), regime("speaker")
    ('blind', 'unlabelled (by speaker)')
    """
    return "blind" if target_statistics == "none" else f"unlabelled (by {target_statistics})"


def system_rank(name):
    """Key that sorts systems: those of `SYSTEM_ORDER` first, others after them by name."""
    return (SYSTEM_ORDER.index(name) if name in SYSTEM_ORDER else len(SYSTEM_ORDER), name)


def _rank(pooled):
    setting = pooled.setting
    return (setting.kind != "zero_shot", setting.target, setting, system_rank(pooled.system))


def _pool(setting, system, sources):
    source, candidates = _choose_source(system, sources)
    runs = sorted(sources[source], key=lambda run: (run.info["seed"], run.info["fold"]))
    seeds, folds = _check_complete(runs)
    emotions = tuple(runs[0].info["emotions"])
    frames = [_one_seed([run for run in runs if run.info["seed"] == seed]) for seed in seeds]
    utterances = frames[0][["utterance", "language", "speaker", "part", "emotion"]]
    for seed, frame in zip(seeds[1:], frames[1:], strict=True):
        if not frame[list(utterances.columns)].equals(utterances):
            raise XserError(
                f"{_where(runs[0])}: seeds {seeds[0]} and {seed} were evaluated on different utterances, parts or "
                f"labels; train and evaluate both on the same data"
            )
    names = pd.Index(emotions)
    predicted = np.column_stack([names.get_indexer(frame["prediction"]) for frame in frames])
    return Pooled(setting, system, source, candidates, seeds, folds, emotions, utterances, predicted, tuple(runs))


def _choose_source(system, sources):
    """Choose the single source with the best mean validation UAR over the seeds that all candidates have."""
    if set(sources) == {""}:
        return "", {}
    shared = set.intersection(*({run.info["seed"] for run in runs} for runs in sources.values()))
    if not shared:
        raise XserError(
            f"{system}: its sources {', '.join(sorted(sources))} have no seed in common; train the missing ones"
        )
    candidates = {
        source: float(np.mean([run.info["validation"]["mean"] for run in runs if run.info["seed"] in shared]))
        for source, runs in sorted(sources.items())
    }
    return max(candidates, key=candidates.get), candidates


def _check_complete(runs):
    """Return seeds and folds after checking that every seed has every fold once."""
    first, seen = runs[0], {}
    for run in runs:
        key = (run.info["seed"], run.info["fold"])
        if key in seen:
            raise XserError(
                f"seed {key[0]} stands twice: {seen[key].folder} and {run.folder}; give the folder of the one you mean"
            )
        seen[key] = run
        if run.info["emotions"] != first.info["emotions"]:
            raise XserError(
                f"{first.folder} and {run.folder} differ in their emotions; give folders that belong together"
            )
    seeds, folds = (tuple(sorted({key[position] for key in seen})) for position in (0, 1))
    name, _, count = first.info["split"].partition(":")
    if name == "folds" and count.isdigit():
        folds = tuple(range(1, int(count) + 1))
    for seed in seeds:
        missing = [fold for fold in folds if (seed, fold) not in seen]
        if missing:
            raise XserError(f"{_where(first)}: seed {seed} lacks fold {missing[0]}; train and evaluate it as well")
    return seeds, folds


def _setting(info):
    """The setting of a run; keys that older runs lack have the value that those runs meant."""
    given = info.get("hyperparameters", {})
    late = {
        "finetuning": info.get("finetuning") or "",
        "target_statistics": info.get("target_statistics", given.get("target_statistics", "none")),
        "hyperparameters": " ".join(f"{key}={value}" for key, value in sorted(given.items())),
    }
    return Setting(*({**info, **late}[field] for field in Setting._fields))


def _where(run):
    return " ".join(run.info[key] for key in ("task", "encoder", "system", "source")).strip()


def _one_seed(runs):
    """Concatenate the evaluated rows of one seed's folds, sorted by utterance."""
    frames = [run.predictions for run in runs]
    if runs[0].info["kind"] == "within":
        frames = [frame[frame["part"] == "test"] for frame in frames]
    frame = pd.concat(frames, ignore_index=True).sort_values("utterance", ignore_index=True)
    if frame.empty:
        raise XserError(f"{_where(runs[0])}: no prediction is of a test part; run stage 3 (evaluate) again")
    repeated = frame["utterance"].duplicated()
    if repeated.any():
        utterance = frame["utterance"][repeated].iloc[0]
        raise XserError(f"{_where(runs[0])}: {utterance} is tested in two folds; run stages 1 to 3 again")
    return frame


def _check_comparable(pooled):
    """Check that the systems of a setting were evaluated on the same utterances with the same references."""
    first = {}
    for system in pooled:
        for part in system.parts:
            other = first.setdefault((system.setting, part), system)
            if not system.rows(part).equals(other.rows(part)) or system.emotions != other.emotions:
                raise XserError(
                    f"{other.system} and {system.system} were evaluated on different utterances or labels; evaluate "
                    f"both on the same data ({other.runs[0].folder}, {system.runs[0].folder})"
                )
    models = {}
    for system in pooled:
        for run in system.runs:
            other = models.setdefault(system.setting, run)
            if run.info.get("encoder_identity") != other.info.get("encoder_identity"):
                raise XserError(
                    f"{other.folder} and {run.folder} have other encoders of one name ({system.setting.encoder}); give "
                    "folders that belong together"
                )
