"""All checks of a corpus, from its rows and its recordings."""

import dataclasses

import numpy as np
import pandas as pd

from xser.audit.confounds import MEASURES, PERMUTATIONS, confounds, measure_emotion
from xser.audit.findings import Finding, severity_rank
from xser.audit.recordings import quiet_share, recording_findings
from xser.audit.small_groups import small_groups
from xser.core.errors import XserError
from xser.corpora.audio.measures import measure

AS_PREPARED = ("level", "dc", "silence_start", "silence_end", "quiet")
IN_THIS_PROCESS = 1000  # recordings that are measured before other processes have started


def corpus_findings(
    rows: pd.DataFrame,
    pairs: pd.DataFrame,
    recorded: pd.DataFrame | None,
    prepared: pd.DataFrame,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> list[Finding]:
    """Make every check of a corpus.

    Parameters
    ----------
    rows
        Rows with an ``emotion``.
    pairs
        From `xser.audit.shared_audio.pairs.shared_pairs`.
    recorded
        From `xser.corpora.audio.measures.read_measures`; None where nobody measured.
    prepared
        From `measure_prepared`.
    permutations, seed
        Of the permutation tests.
    """
    rows = rows.reset_index(drop=True)
    recorded = None if recorded is None else of_rows(recorded, rows)
    prepared = of_rows(prepared, rows)
    measured = rows.assign(**{column: prepared[column] for column in AS_PREPARED if column != "quiet"})
    found = confounds(measured, seed, permutations)
    if recorded is not None:
        found += _repaired(rows, recorded, prepared, {each.name: each for each in found}, permutations, seed)
    return [*found, *recording_findings(rows, pairs, recorded, prepared), small_groups(rows)]


def _repaired(
    rows: pd.DataFrame,
    recorded: pd.DataFrame,
    prepared: pd.DataFrame,
    now: dict[str, Finding],
    permutations: int,
    seed: int,
) -> list[Finding]:
    """What told the emotion better before stage 0 changed it: a note, for a model does not hear it any more."""
    found = []
    for each in MEASURES:
        if each.column not in AS_PREPARED or np.array_equal(recorded[each.column], prepared[each.column]):
            continue
        before = measure_emotion(rows.assign(**{each.column: recorded[each.column]}), each, seed, permutations)
        if severity_rank(before.severity) > severity_rank(now[each.name].severity):
            sentence = f"as recorded, before stage 0, {before.sentence}"
            name = f"recorded-{each.name}"
            found.append(dataclasses.replace(before, name=name, severity="note", sentence=sentence))
    return found


def of_rows(measures: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The measures of each row, in the order of the rows."""
    measured = measures.set_index("utterance")
    unknown = rows.loc[~rows["utterance"].isin(measured.index), "utterance"]
    if len(unknown):
        raise XserError(f"{unknown.iloc[0]} was never measured: run stage 0 (prepare) again")
    return measured.loc[rows["utterance"]].reset_index(drop=True)


def measure_prepared(rows: pd.DataFrame, jobs: int = -1) -> pd.DataFrame:
    """Measure the prepared recordings, which is what a model hears: ``utterance`` and `AS_PREPARED`.

    Parameters
    ----------
    rows
        ``utterance`` and ``audio``, a path.
    jobs
        Processes; -1 means every core.
    """
    import joblib

    parallel = joblib.Parallel(n_jobs=jobs if len(rows) > IN_THIS_PROCESS else 1, batch_size=64)
    measured = parallel(joblib.delayed(_measure)(path) for path in rows["audio"])
    return pd.DataFrame(measured, columns=AS_PREPARED).assign(utterance=rows["utterance"].to_numpy())


def _measure(path: str) -> tuple[float, ...]:
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32")
    measured = measure(samples, rate)
    return (*(getattr(measured, column) for column in AS_PREPARED[:-1]), quiet_share(samples))
