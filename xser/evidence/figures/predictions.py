"""Predictions, a row an utterance: the one source of every figure; and `run.json`, which tells where they came from."""

import functools
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xser.core.digests import sealed
from xser.core.errors import XserError
from xser.core.files import whole_file, write_json
from xser.core.records import check_record, read_record
from xser.core.rows import PARTS
from xser.core.run_records import RUN, RunRecord

PREDICTIONS = "predictions.csv"
VALIDATION = "validation.csv"

TEXT_COLUMNS = ("utterance", "corpus", "language", "speaker", "text", "part", "emotion", "prediction")
SCORE = "score_"
REMEDY = f"delete {RUN} beside it and run stage 3 (evaluate) again"


def prediction_table(rows: pd.DataFrame, scores: np.ndarray, emotions: Sequence[str]) -> pd.DataFrame:
    """Put together what `write_predictions` writes.

    Parameters
    ----------
    rows
        Rows of a manifest: utterance, corpus, language, speaker, text, part, emotion.
    scores
        Softmax scores (utterances, emotions).
    emotions
        In the order of the columns of `scores`.

    Returns
    -------
    pandas.DataFrame
        The prediction is the emotion with the highest score, the first of several.
    """
    scores = np.asarray(scores)
    table = rows[list(TEXT_COLUMNS[:-1])].reset_index(drop=True)
    table["prediction"] = np.array(emotions, dtype=object)[scores.argmax(axis=1)]
    return table.join(pd.DataFrame(scores, columns=[SCORE + emotion for emotion in emotions]))


def write_predictions(path: str | Path, frame: pd.DataFrame) -> None:
    """Write predictions, whole or not at all.

    Parameters
    ----------
    path
        The CSV file (``predictions.csv`` or ``validation.csv`` of a run folder).
    frame
        The columns `TEXT_COLUMNS`, then one ``score_<emotion>`` per emotion: softmax scores in [0, 1] that sum to 1.
        ``emotion`` is the reference. Scores are written with nine digits, which keep a float32 exactly.

    Raises
    ------
    XserError
        When the frame is not as described (see `read_predictions`).
    """
    frame = frame.reset_index(drop=True)
    problem = _problem(frame, _scored(frame))
    if problem:
        raise XserError(f"these predictions cannot be written to {path}: {problem}")
    with whole_file(path) as part:
        frame.to_csv(part, index=False, float_format="%.9g", lineterminator="\n", encoding="utf-8")


def read_predictions(path: str | Path, emotions: Sequence[str] | None = None) -> pd.DataFrame:
    """Read and check predictions.

    Parameters
    ----------
    path
        A file of `write_predictions`.
    emotions
        The emotions in order, when they are known; the file's score columns otherwise.

    Returns
    -------
    pandas.DataFrame
        Text columns as strings (empty when unknown), score columns as floats.

    Raises
    ------
    XserError
        When the file is missing or cut short, a column is missing, an utterance stands twice, or a part, an emotion or
        a score cannot be one.
    """
    return _parse(path, _content(path), emotions)


def _content(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise XserError(f"{path} is missing: {REMEDY}") from error


def _parse(path: str | Path, content: bytes, emotions: Sequence[str] | None) -> pd.DataFrame:
    try:
        frame = pd.read_csv(io.BytesIO(content), dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False)
        problem = _problem(frame, tuple(emotions or _scored(frame)))
    except (ValueError, UnicodeDecodeError) as error:  # pandas' parser errors are ValueErrors
        problem = f"not a table of predictions ({error})"
    if problem:
        raise XserError(f"{path}: {problem}; {REMEDY}")
    return frame


def _scored(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(column[len(SCORE) :] for column in map(str, frame.columns) if column.startswith(SCORE))


def _problem(frame: pd.DataFrame, emotions: Sequence[str]) -> str | None:
    """What is wrong with a table of predictions, in some words."""
    wanted = [*TEXT_COLUMNS, *(SCORE + emotion for emotion in emotions)]
    if list(frame.columns) != wanted:
        missing = [column for column in wanted if column not in frame.columns]
        return f"column {missing[0]} is missing" if missing else f"the columns are not {', '.join(wanted)}"
    if len(emotions) < 2:
        return "fewer than two score_<emotion> columns"
    if frame.empty:
        return "no utterances"
    text = frame[list(TEXT_COLUMNS)]
    if text.isna().to_numpy().any():
        return f"row {int(text.isna().any(axis=1).to_numpy().argmax()) + 1} is cut short"
    if (frame["utterance"] == "").any():
        return "an utterance without a name"
    repeated = frame["utterance"].duplicated()
    if repeated.any():
        return f"utterance {frame['utterance'][repeated].iloc[0]!r} stands twice"
    for column, known in (("part", PARTS), ("emotion", emotions), ("prediction", emotions)):
        strange = ~frame[column].isin(known)
        if strange.any():
            row = frame[strange].iloc[0]
            return f"{column} {row[column]!r} of {row['utterance']} is none of {', '.join(known)}"
    return _score_problem(frame, emotions)


def _score_problem(frame: pd.DataFrame, emotions: Sequence[str]) -> str | None:
    columns = [SCORE + emotion for emotion in emotions]
    scores = frame[columns].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    wrong = ~(np.isfinite(scores).all(axis=1) & (scores >= 0).all(axis=1) & (np.abs(scores.sum(axis=1) - 1) < 1e-3))
    if wrong.any():
        return f"the scores of {frame['utterance'][wrong].iloc[0]} are not numbers of 0 or more that sum to 1"
    chosen = scores[np.arange(len(frame)), pd.Index(emotions).get_indexer(frame["prediction"])]
    lower = chosen < scores.max(axis=1) - 1e-6
    if lower.any():
        return f"the prediction of {frame['utterance'][lower].iloc[0]} has not the highest score"
    return None


@dataclass(frozen=True, eq=False)
class Run:
    """One finished run: one system trained with one seed (and one fold), evaluated.

    Parameters
    ----------
    folder
        The run folder.
    info
        What ``run.json`` tells: task, system, encoder, seed, validation, command, versions, fingerprints, ...
    """

    folder: Path
    info: RunRecord

    @functools.cached_property
    def predictions(self) -> pd.DataFrame:
        """The predictions of the run, a row an utterance; read and checked when first asked for."""
        path = self.folder / PREDICTIONS
        content = _content(path)
        frame = _parse(path, content, self.info.emotions)
        if _digest(content) != self.info.files.get(PREDICTIONS):
            raise XserError(f"{path} is not what evaluation wrote (cut or edited since): {REMEDY}")
        return frame

    def completed(self, system_order: int, compared_with: Sequence[str]) -> "Run":
        """This run with its system's place in tables and comparisons, which runs of older versions do not tell."""
        if self.info.system_order is not None:
            return self
        told = {"system_order": system_order, "compared_with": tuple(compared_with)}
        return replace(self, info=self.info.model_copy(update=told))

    @property
    def name(self) -> str:
        """Where the run lies below ``runs/``: task, encoder, system and seed, the same on every machine."""
        return "/".join(self.folder.resolve().parts[-4:])


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_run(folder: str | Path, content: Mapping[str, Any]) -> None:
    """Write ``run.json``, last of a run's files: with it the run is finished.

    Parameters
    ----------
    folder
        The run folder, ``predictions.csv`` already in it.
    content
        The keys of a `RunRecord` but ``files``: the digests of the prediction files are added here. A file that was
        cut or edited later is noticed by them.

    Raises
    ------
    XserError
        When a key is missing or of the wrong kind, or there are no predictions.
    """
    folder = Path(folder)
    if not (folder / PREDICTIONS).is_file():
        raise XserError(f"{folder / PREDICTIONS} is missing: write the predictions before {RUN}")
    there = [name for name in (PREDICTIONS, VALIDATION) if (folder / name).is_file()]
    files = {name: _digest((folder / name).read_bytes()) for name in there}
    record = check_record(RunRecord, {**content, "files": files}, folder / RUN)
    write_json(folder / RUN, sealed(record.model_dump(mode="json", exclude_unset=True)))


def read_run(folder: str | Path) -> Run:
    """Read ``run.json`` of a finished run.

    Raises
    ------
    XserError
        When it is missing, not JSON, or lacks a key.
    """
    folder = Path(folder)
    if not (folder / RUN).is_file():
        raise XserError(f"{folder} is no finished run ({RUN} is missing): stage 3 (evaluate) makes it")
    return Run(folder, read_record(folder / RUN, RunRecord, "delete it and run stage 3 (evaluate) again"))


def find_runs(folder: str | Path) -> list[Run]:
    """Find every finished run below `folder` (or `folder` itself), sorted by path.

    Returns
    -------
    list of Run
        Empty when there is none; a run without ``run.json`` is not finished and not found.

    Raises
    ------
    XserError
        When `folder` is no folder, or a ``run.json`` is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise XserError(f"there is no folder {folder}: give the folder with the runs, such as exp/runs")
    found = []
    for place, below, files in os.walk(folder):
        if RUN in files:
            found.append(Path(place))
            below.clear()
    return [read_run(place) for place in sorted(found)]
