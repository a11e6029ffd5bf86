"""Who may see what. Every stage asks here, and nothing else decides it.

Training of a system may open the manifests of `learned_from` and `chosen_by`, and no other file of any corpus:

========================  ==========================  ================  ================  ====================
experiment and system     learns from                 selects epoch by  compares runs by  is reported on
                          (part train)                (part valid)      (part valid)
========================  ==========================  ================  ================  ====================
zero-shot, on `sources`   all sources together        all sources       all sources       the target, all rows
zero-shot, on `source`    one source, a run for each  that source       all sources       the target, all rows
... of a named task       its first source            that source       all sources       the target, all rows
zero-shot, on `target`    the target                  the target        the target        its part test
within one corpus (fold)  the corpus                  the corpus        the corpus        its part test
========================  ==========================  ================  ================  ====================

In the regime `unlabelled` (``--target-statistics``) recordings have statistics in common, without any label: while
training, those of the parts train and valid of the manifests above; at the evaluation, those of all parts of what is
reported on, its other parts too.

So only a system with ``trained_on: target`` ever learns from the target, and then it is not reported on what it has
learned from. `refuse_target_rows` looks once more at the rows themselves, whatever the tables above them were
called.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from xser.core.errors import XserError
from xser.core.rows import read_rows
from xser.protocol.tasks import Selection, Task, TrainedOn

RECORDED = ("utterance", "corpus", "language", "speaker", "audio", "digest")  # what is no label

PathOf = Callable[[Selection], Path]  # gives the path of a selection's manifest (of the fold in question)


@dataclasses.dataclass(frozen=True)
class TrainingRows:
    """What a run of training sees.

    Attributes
    ----------
    learning
        Rows whose emotions are learned.
    selecting
        Rows whose UAR selects the epoch.
    choosing
        Rows by which runs are compared with one another (``validation.csv``): never the target's, unless the system is
        trained on the target.
    recorded
        All recordings that training may open, columns `RECORDED`: those of the rows above, and of a corpus that is only
        in `choosing` its training part too.
    """

    learning: pd.DataFrame
    selecting: pd.DataFrame
    choosing: pd.DataFrame
    recorded: pd.DataFrame


def learned_from(task: Task, trained_on: TrainedOn) -> list[tuple[Selection, ...]]:
    """Return which selections each run of a system learns from and selects its epoch by.

    Returns
    -------
    list of tuple of Selection
        A tuple for each run (and seed and fold): one run, but for ``trained_on: source`` as many as there are sources,
        unless the task has a name, which fixes the source.
    """
    if task.target is None or trained_on == "sources":
        return [tuple(task.sources)]
    if trained_on == "source":
        return [(source,) for source in (task.sources[:1] if task.given_name else task.sources)]
    return [(task.target,)]


def chosen_by(task: Task, trained_on: TrainedOn) -> tuple[Selection, ...]:
    """Return the selections on whose validation parts the runs of a system are compared.

    These are the sources, so that runs on a single source can be compared; the target only for ``trained_on: target``.
    """
    if task.target is not None and trained_on == "target":
        return (task.target,)
    return tuple(task.sources)


def training_selections(task: Task, trained_on: TrainedOn, run: Sequence[Selection]) -> tuple[Selection, ...]:
    """List the selections whose manifests one run of training may open, in the order of the task.

    Parameters
    ----------
    run
        One element of `learned_from`.
    """
    return tuple(dict.fromkeys([*run, *chosen_by(task, trained_on)]))


def training_rows(task: Task, trained_on: TrainedOn, run: Sequence[Selection], path_of: PathOf) -> TrainingRows:
    """Read what one run of training may see.

    Parameters
    ----------
    run
        One element of `learned_from`.
    path_of
        Asked for `training_selections` only, so that the target's manifest need not exist.

    Raises
    ------
    XserError
        When a row of the target is among them although the system is not trained on the target. (`Task.check` has
        looked at the descriptions; this looks at the rows.)
    """
    selections = training_selections(task, trained_on, run)
    read = {selection: read_rows(path_of(selection), manifest=True) for selection in selections}
    everything = [_of_part(read, read, part) for part in ("train", "valid")]
    rows = TrainingRows(
        learning=_of_part(read, run, "train"),
        selecting=_of_part(read, run, "valid"),
        choosing=_of_part(read, chosen_by(task, trained_on), "valid"),
        recorded=pd.concat(everything, ignore_index=True)[list(RECORDED)],
    )
    if task.target is not None and trained_on != "target":
        for seen in (rows.learning, rows.selecting, rows.choosing, rows.recorded):
            refuse_target_rows(seen, task.target)
    return rows


def evaluation_rows(task: Task, trained_on: TrainedOn, path_of: PathOf) -> pd.DataFrame:
    """Read the rows that every run of a system is reported on.

    Returns
    -------
    pandas.DataFrame
        Zero-shot: all rows of the target, their ``part`` kept, so that tables can tell the whole target from its test
        part. For a system that learned from the target or within one corpus: part ``test`` alone.
    """
    learned_elsewhere = task.target is not None and trained_on != "target"
    rows = read_rows(path_of(task.reported_on), manifest=True)
    return rows if learned_elsewhere else rows[rows["part"] == "test"].reset_index(drop=True)


def evaluation_recordings(task: Task, path_of: PathOf) -> pd.DataFrame:
    """Read the recordings, without their labels, of everything that a task is reported on, in all parts.

    Every system of a task gets the same, so that the test part has the same statistics for a system that is reported
    on the whole target and for one that is reported on its test part alone.

    Returns
    -------
    pandas.DataFrame
        Columns `RECORDED`.
    """
    return read_rows(path_of(task.reported_on), manifest=True)[list(RECORDED)]


def refuse_target_rows(rows: pd.DataFrame, target: Selection) -> None:
    """Refuse training rows that are the target's.

    Raises
    ------
    XserError
        When a row is in a language of the target, or of its corpus (unless the target is one language of that corpus).
    """
    seen = rows["language"].isin(target.languages)
    if target.language is None:
        seen |= rows["corpus"] == target.corpus.id
    if seen.any():
        first = rows.loc[seen, "utterance"].iloc[0]
        raise XserError(
            f"{int(seen.sum())} training rows belong to the target {target} (first: {first}): "
            "the manifests were changed; delete them and run stage 1 (manifests) again"
        )


def refuse_shared_recordings(source_rows: pd.DataFrame, target_rows: pd.DataFrame) -> None:
    """Refuse to report on a recording that is learned or selected from, whatever corpus it is filed under.

    Parameters
    ----------
    source_rows
        Rows that are learned from, select the epoch or compare runs, with the ``digest`` of their audio.
    target_rows
        Rows that are to be recognised.

    Raises
    ------
    XserError
        Naming one such pair.
    """
    shared = target_rows[target_rows["digest"].isin(set(source_rows["digest"]) - {""})]
    if len(shared):
        row = shared.iloc[0]
        twin = source_rows.loc[source_rows["digest"] == row["digest"], "utterance"].iloc[0]
        raise XserError(
            f"{len(shared)} recordings to be recognised are also learned or selected from (first: {row['utterance']} "
            f"is {twin}): leave one of the two copies out"
        )


def _of_part(read: Mapping[Selection, pd.DataFrame], selections: Iterable[Selection], part: str) -> pd.DataFrame:
    rows = pd.concat([read[selection] for selection in selections], ignore_index=True)
    return rows[rows["part"] == part].reset_index(drop=True)
