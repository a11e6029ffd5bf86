"""Runs put together: the seeds and folds of one system on one task, checked to be comparable.

Folds: each utterance is tested in one fold, so the test parts of all folds of a seed are put end to end and scored as
one set. Seeds: every seed must have been evaluated on the same utterances with the same references; figures are
averaged over them. A system trained on one source has candidates, one per source: the source with the highest mean
validation UAR over the seeds is taken, by all sources' validation parts and never by the target.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from xser.core.errors import XserError
from xser.core.run_records import RunRecord
from xser.evidence.figures.calibration import calibration_of, confidences, told_by
from xser.evidence.figures.predictions import Run

Part = Literal["whole", "test"]
PART_NAMES: tuple[Part, ...] = ("whole", "test")
LAST = 10**6  # the place of a system whose runs tell none


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
    reference
        Position of the emotion among the emotions (utterances,).
    predicted
        Likewise (utterances, seeds).
    speakers
        Empty when unknown (utterances,).
    confidence, calibrated
        As of `Pooled` (utterances, seeds).
    """

    reference: np.ndarray
    predicted: np.ndarray
    speakers: np.ndarray
    confidence: np.ndarray
    calibrated: np.ndarray

    @property
    def hits(self) -> np.ndarray:
        """Share of the seeds that recognise each utterance (utterances,)."""
        return (self.predicted == self.reference[:, None]).mean(axis=1)

    @property
    def sureness(self) -> np.ndarray:
        """`calibrated` where every temperature is known, else `confidence` (utterances, seeds)."""
        return self.confidence if np.isnan(self.calibrated).any() else self.calibrated

    @property
    def speaker_count(self) -> int:
        """How many speakers are known."""
        return len(set(self.speakers) - {""})


@dataclass(frozen=True, eq=False)
class Pooled:
    """One system in one setting, over all its seeds and folds.

    Attributes
    ----------
    order, compared_with
        The system's place in tables, and the systems it is compared with: the same in all settings.
    source
        The single source trained on, chosen among `candidates`; empty for systems trained otherwise.
    candidates
        Mean validation UAR of each single source.
    folds
        (0,) when there are none.
    utterances
        utterance, language, speaker, part, emotion; sorted by utterance.
    predicted
        Positions among the emotions (utterances, seeds).
    confidence, calibrated
        Probability of each prediction, before and after its run's temperature; NaN where there is no temperature
        (utterances, seeds).
    """

    setting: Setting
    system: str
    order: int
    compared_with: tuple[str, ...]
    source: str
    candidates: dict[str, float]
    seeds: tuple[int, ...]
    folds: tuple[int, ...]
    emotions: tuple[str, ...]
    utterances: pd.DataFrame
    predicted: np.ndarray
    confidence: np.ndarray
    calibrated: np.ndarray
    runs: tuple[Run, ...]

    @property
    def label(self) -> str:
        """The system's name, with its source when it has a single one."""
        return f"{self.system} ({self.source})" if self.source else self.system

    @property
    def sources(self) -> str:
        """The task's sources in one word."""
        return "+".join(self.runs[0].info.sources)

    @property
    def named_task(self) -> str:
        """The task's name in a list of tasks, such as ``en-de``; empty when it was given by its corpora."""
        return next((run.info.named_task for run in self.runs if run.info.named_task), "")

    @property
    def parts(self) -> tuple[Part, ...]:
        """What can be reported: ``whole`` (all of an unseen target's utterances) and ``test`` (its test part)."""
        in_test = self.utterances["part"] == "test"
        there = {"whole": self.setting.kind == "zero_shot" and not in_test.all(), "test": in_test.any()}
        return tuple(name for name in PART_NAMES if there[name])

    def rows(self, part: Part) -> pd.DataFrame:
        """The utterances of ``whole`` or ``test``."""
        return self.utterances[self._chosen(part)].reset_index(drop=True)

    def _chosen(self, part: Part) -> np.ndarray:
        in_test = (self.utterances["part"] == "test").to_numpy()
        return np.full(len(in_test), True) if part == "whole" else in_test

    def outcomes(self, part: Part) -> Outcomes:
        """The `Outcomes` on ``whole`` or ``test``."""
        rows = self.rows(part)
        reference = pd.Index(self.emotions).get_indexer(rows["emotion"])
        by_seed = (each[self._chosen(part)] for each in (self.predicted, self.confidence, self.calibrated))
        predicted, confidence, calibrated = by_seed
        return Outcomes(reference, predicted, rows["speaker"].to_numpy(dtype=str), confidence, calibrated)


def pool_runs(runs: Iterable[Run]) -> list[Pooled]:
    """Put runs together by setting and system.

    Parameters
    ----------
    runs
        Each run once or several times.

    Returns
    -------
    list of Pooled
        Zero-shot settings first; systems of a setting in the order that their runs tell, others after them by name.

    Raises
    ------
    XserError
        When there are no runs, a seed lacks a fold, two runs claim the same seed, or runs that should be compared were
        evaluated on different utterances or references.
    """
    distinct = {run.folder.resolve(): run for run in runs}
    if not distinct:
        raise XserError("no finished run to report: stage 3 (evaluate) makes them")
    infos = [run.info for run in distinct.values()]
    groups: dict[tuple[Setting, str], dict[str, list[Run]]] = {}
    for run in sorted(distinct.values(), key=lambda run: str(run.folder)):
        groups.setdefault((_setting(run.info), run.info.system), {}).setdefault(run.info.source, []).append(run)
    pooled = [_pool(setting, system, sources, infos) for (setting, system), sources in groups.items()]
    pooled.sort(key=_rank)
    _check_comparable(pooled)
    return pooled


def regime(target_statistics: str) -> str:
    """What was known of the target's recordings.

    Examples
    --------
    >>> regime("none"), regime("speaker")
    ('blind', 'unlabelled (by speaker)')
    """
    return "blind" if target_statistics == "none" else f"unlabelled (by {target_statistics})"


def systems_in_order(pooled: Iterable[Pooled]) -> list[str]:
    """The names of all systems, in the order of tables."""
    return [name for _, name in sorted({(one.order, one.system) for one in pooled})]


def comparisons(pooled: Sequence[Pooled]) -> list[tuple[str, str]]:
    """Pairs of systems that are here, of which the second is subtracted from the first.

    The most telling comparison of each system comes first, of the last system before the others'.
    """
    here = {one.system for one in pooled}
    places = {
        (one.system, other): (place, -one.order, one.system, other)
        for one in pooled
        for place, other in enumerate(one.compared_with)
        if other in here
    }
    return sorted(places, key=lambda pair: places[pair])


def _rank(pooled: Pooled) -> tuple[bool, str, Setting, int, str]:
    setting = pooled.setting
    return (setting.kind != "zero_shot", setting.target, setting, pooled.order, pooled.system)


def _pool(setting: Setting, system: str, sources: dict[str, list[Run]], infos: Sequence[RunRecord]) -> Pooled:
    """Put the runs of a system together by source; `infos` are those of all runs, of other settings too."""
    source, candidates = _choose_source(system, sources)
    runs = sorted(sources[source], key=lambda run: (run.info.seed, run.info.fold))
    seeds, folds = _check_complete(runs)
    emotions = runs[0].info.emotions
    frames = [_one_seed([run for run in runs if run.info.seed == seed]) for seed in seeds]
    utterances = frames[0][["utterance", "language", "speaker", "part", "emotion"]]
    for seed, frame in zip(seeds[1:], frames[1:], strict=True):
        if not frame[list(utterances.columns)].equals(utterances):
            raise XserError(
                f"{_where(runs[0])}: seeds {seeds[0]} and {seed} were evaluated on different utterances, parts or "
                f"labels; train and evaluate both on the same data"
            )
    names = pd.Index(emotions)
    predicted = np.column_stack([names.get_indexer(frame["prediction"]) for frame in frames])
    told = [
        (info.system_order, info.compared_with)
        for info in infos
        if info.system == system and info.system_order is not None
    ]
    order, compared_with = min(told, default=(LAST, ()))
    return Pooled(
        setting=setting,
        system=system,
        order=order,
        compared_with=compared_with,
        source=source,
        candidates=candidates,
        seeds=seeds,
        folds=folds,
        emotions=emotions,
        utterances=utterances,
        predicted=predicted,
        confidence=np.column_stack([frame["confidence"] for frame in frames]),
        calibrated=np.column_stack([frame["calibrated"] for frame in frames]),
        runs=tuple(runs),
    )


def _choose_source(system: str, sources: dict[str, list[Run]]) -> tuple[str, dict[str, float]]:
    """Choose the single source with the best mean validation UAR over the seeds that all candidates have."""
    if set(sources) == {""}:
        return "", {}
    shared = set.intersection(*({run.info.seed for run in runs} for runs in sources.values()))
    if not shared:
        raise XserError(
            f"{system}: its sources {', '.join(sorted(sources))} have no seed in common; train the missing ones"
        )
    candidates = {
        source: float(np.mean([run.info.validation["mean"] for run in runs if run.info.seed in shared]))
        for source, runs in sorted(sources.items())
    }
    return max(candidates, key=lambda name: candidates[name]), candidates


def _check_complete(runs: Sequence[Run]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return seeds and folds after checking that every seed has every fold once."""
    first = runs[0]
    seen: dict[tuple[int, int], Run] = {}
    for run in runs:
        key = (run.info.seed, run.info.fold)
        if key in seen:
            raise XserError(
                f"seed {key[0]} stands twice: {seen[key].folder} and {run.folder}; give the folder of the one you mean"
            )
        seen[key] = run
        if run.info.emotions != first.info.emotions:
            raise XserError(
                f"{first.folder} and {run.folder} differ in their emotions; give folders that belong together"
            )
    seeds, folds = (tuple(sorted({key[position] for key in seen})) for position in (0, 1))
    name, _, count = first.info.split.partition(":")
    if name == "folds" and count.isdigit():
        folds = tuple(range(1, int(count) + 1))
    for seed in seeds:
        missing = [fold for fold in folds if (seed, fold) not in seen]
        if missing:
            raise XserError(f"{_where(first)}: seed {seed} lacks fold {missing[0]}; train and evaluate it as well")
    return seeds, folds


def _setting(info: RunRecord) -> Setting:
    given = " ".join(f"{key}={value}" for key, value in sorted(info.hyperparameters.items()))
    return Setting(
        kind=info.kind,
        task=info.task,
        target=info.target,
        encoder=info.encoder,
        finetuning=info.finetuning or "",
        scheme=info.scheme,
        split=info.split,
        split_seed=info.split_seed,
        target_statistics=info.regime,
        hyperparameters=given,
    )


def _where(run: Run) -> str:
    info = run.info
    return " ".join([info.task, info.encoder, info.system, info.source]).strip()


def _one_seed(runs: Sequence[Run]) -> pd.DataFrame:
    """Concatenate the evaluated rows of one seed's folds, sorted by utterance."""
    frames = [_with_confidence(run) for run in runs]
    if runs[0].info.kind == "within":
        frames = [frame[frame["part"] == "test"] for frame in frames]
    frame = pd.concat(frames, ignore_index=True).sort_values("utterance", ignore_index=True)
    if frame.empty:
        raise XserError(f"{_where(runs[0])}: no prediction is of a test part; run stage 3 (evaluate) again")
    repeated = frame["utterance"].duplicated()
    if repeated.any():
        utterance = frame["utterance"][repeated].iloc[0]
        raise XserError(f"{_where(runs[0])}: {utterance} is tested in two folds; run stages 1 to 3 again")
    return frame


def _with_confidence(run: Run) -> pd.DataFrame:
    """A run's predictions with columns ``confidence`` and ``calibrated``."""
    told, calibration = told_by(run.predictions), calibration_of(run.folder, run.info)
    after = confidences(told, calibration.temperature)[0] if calibration else np.nan
    return run.predictions.assign(confidence=confidences(told)[0], calibrated=after)


def _check_comparable(pooled: Sequence[Pooled]) -> None:
    """Check that the systems of a setting were evaluated on the same utterances with the same references."""
    first: dict[tuple[Setting, Part], Pooled] = {}
    for system in pooled:
        for part in system.parts:
            other = first.setdefault((system.setting, part), system)
            if not system.rows(part).equals(other.rows(part)) or system.emotions != other.emotions:
                raise XserError(
                    f"{other.system} and {system.system} were evaluated on different utterances or labels; evaluate "
                    f"both on the same data ({other.runs[0].folder}, {system.runs[0].folder})"
                )
    models: dict[Setting, Run] = {}
    for system in pooled:
        for run in system.runs:
            before = models.setdefault(system.setting, run)
            if run.info.encoder_identity != before.info.encoder_identity:
                raise XserError(
                    f"{before.folder} and {run.folder} have other encoders of one name ({system.setting.encoder}); "
                    "give folders that belong together"
                )
