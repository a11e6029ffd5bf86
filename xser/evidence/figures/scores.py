"""Scores of a system on each part it was evaluated on, and one table of them."""

import functools
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from xser.evidence.figures.calibration import calibration_error, risk_coverage
from xser.evidence.figures.intervals import interval, speaker_bootstrap, utterance_bootstrap
from xser.evidence.figures.metrics import confusion, scores
from xser.evidence.figures.pooled import Outcomes, Part, Pooled

RECALL = "recall_"


def score_rows(pooled: Pooled) -> list[dict[str, Any]]:
    """Score a system on every part it was evaluated on: a row for each, figures in %."""
    return [_score_row(pooled, part) for part in pooled.parts]


def _score_row(pooled: Pooled, part: Part) -> dict[str, Any]:
    outcomes = pooled.outcomes(part)
    names = np.array(pooled.emotions)
    each = [scores(names[outcomes.reference], names[column], pooled.emotions) for column in outcomes.predicted.T]
    uars = 100 * np.array([one.uar for one in each])
    over_utterances, over_speakers = bootstraps(pooled, part)
    low, high = interval(100 * over_utterances)
    speakers_low, speakers_high = interval(100 * over_speakers)
    return {
        **pooled.setting._asdict(),
        "named_task": pooled.named_task,
        "sources": pooled.sources,
        "evaluated_on": part,
        "system": pooled.system,
        "source": pooled.source,
        "uar": uars.mean(),
        "uar_sd": uars.std(ddof=1) if len(uars) > 1 else np.nan,
        "low": low,
        "high": high,
        "speakers_low": speakers_low,
        "speakers_high": speakers_high,
        "macro_f1": 100 * np.mean([one.macro_f1 for one in each]),
        **confidence_figures(outcomes),
        **{RECALL + name: 100 * np.mean([one.recalls[i] for one in each]) for i, name in enumerate(pooled.emotions)},
        "classes": each[0].classes,
        "utterances": len(outcomes.reference),
        "speakers": outcomes.speaker_count,
        "seeds": " ".join(map(str, pooled.seeds)),
        "folds": len(pooled.folds) if pooled.folds != (0,) else 0,
        "complete": all(run.info.complete for run in pooled.runs),
        "made_up": any(run.info.made_up for run in pooled.runs),
    }


def confidence_figures(outcomes: Outcomes) -> dict[str, float]:
    """Calibration error before and after the temperature, and the area under the curve of risk by coverage, in %."""
    right = outcomes.predicted == outcomes.reference[:, None]
    before, after = (
        np.mean([calibration_error(*pair) for pair in zip(each.T, right.T, strict=True)])
        for each in (outcomes.confidence, outcomes.sureness)
    )
    area = np.mean([risk_coverage(*pair).area for pair in zip(outcomes.sureness.T, right.T, strict=True)])
    known = not np.isnan(outcomes.calibrated).any()
    return {"ece": 100 * before, "ece_calibrated": 100 * after if known else np.nan, "aurc": 100 * area}


@functools.lru_cache(maxsize=256)
def bootstraps(pooled: Pooled, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap UARs over utterances and over speakers, each (resamples,), as fractions of 1.

    The random seed depends on the target and part alone. Tasks with one target are tested on the same utterances, so
    they share their resamples as systems do. Several tables ask for the same draws, so they are kept.
    """
    outcomes = pooled.outcomes(part)
    seed = zlib.crc32(f"{pooled.setting.target} {part}".encode())
    reference, hits, classes = outcomes.reference, outcomes.hits, len(pooled.emotions)
    over_utterances = utterance_bootstrap(reference, hits, classes, seed=seed)
    over_speakers = speaker_bootstrap(reference, hits, outcomes.speakers, classes, seed=seed)
    return over_utterances[:, 0], over_speakers[:, 0]


def score_table(pooled: Iterable[Pooled]) -> pd.DataFrame:
    """Put the scores of all systems in one table: a row per setting, system and evaluated part.

    Emotions that a scheme has not, or that do not occur, are NaN.
    """
    return table_of_rows([row for system in pooled for row in score_rows(system)])


def table_of_rows(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Put rows of `score_rows` in one table, the recalls of all emotions side by side."""
    frame = pd.DataFrame(list(rows))
    recalls = [column for column in frame.columns if column.startswith(RECALL)]
    others = [column for column in frame.columns if not column.startswith(RECALL)]
    at = others.index("classes")
    return frame[others[:at] + recalls + others[at:]]


def confusion_over_seeds(system: Pooled, part: Part) -> tuple[np.ndarray, float]:
    """Sum the confusions of all seeds.

    Returns
    -------
    counts : numpy.ndarray of int (emotions, emotions)
        Rows are references.
    uar : float
        Mean recall over the emotions that occur: as every seed has the same utterances, the mean UAR over seeds.
    """
    outcomes = system.outcomes(part)
    names = np.array(system.emotions)
    reference, predicted = names[outcomes.reference], names[outcomes.predicted]
    counts = np.sum([confusion(reference, one_seed, system.emotions) for one_seed in predicted.T], axis=0)
    total = counts.sum(axis=1)
    occurs = total > 0
    return counts, float((counts.diagonal()[occurs] / total[occurs]).mean())
