"""Recognise the recordings that a user names, and keep what is done if the work is cut short."""

import dataclasses
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xser.core.errors import UsageError
from xser.core.extras import optional
from xser.core.files import folder_of, refuse_existing, whole_file, write_text
from xser.core.fingerprints import fingerprint
from xser.core.progress import progress
from xser.corpora.audio.decoding import BadRecording
from xser.corpora.audio.waveforms import Part, Source, name_of
from xser.experiments.subtitles import audacity_labels, segments_of, web_vtt

if TYPE_CHECKING:
    import pandas as pd

    from xser.model.recognition import Model

logger = logging.getLogger(__name__)

TABLES = (".csv", ".jsonl", ".parquet")
SUBTITLES = (".vtt", ".txt")


@dataclasses.dataclass(frozen=True)
class Timeline:
    """How emotion over time is asked for; seconds."""

    window: float
    hop: float
    vad: bool


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a user asks of a model.

    Attributes
    ----------
    recordings
        In the order of the result.
    timeline
        None: one row a recording.
    skip_bad
        A recording that cannot be used gets a row that says so.
    reject_below
        Confidence below which an answer counts as unknown.
    """

    recordings: Sequence[Source]
    timeline: Timeline | None = None
    skip_bad: bool = False
    reject_below: float = 0.0


def recognise(model: "Model", asked: Asked, done: int = 0) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each recording in order, those behind the first `done`; with a bar.

    Raises
    ------
    BadRecording
        When one cannot be used, and is not to be skipped.
    """
    left = asked.recordings[done:]
    if asked.timeline is None:
        for source, row in zip(left, _rows(model, asked, left, done), strict=True):
            yield [{"recording": name_of(source), **_stretch(source), **row}]
        return
    with progress(len(asked.recordings), "recordings", "recordings", done=done, shown=len(left) > 1) as bar:
        for source in left:
            yield _timeline(model, asked, source, asked.timeline, alone=len(left) == 1)
            bar.update()


def _rows(model: "Model", asked: Asked, left: Sequence[Source], done: int) -> Iterator[dict[str, Any]]:
    with progress(len(asked.recordings), "recordings", "recordings", done=done, shown=len(left) > 1) as bar:
        for row in model.rows(left, asked.skip_bad, asked.reject_below):
            yield row
            bar.update()


def _timeline(model: "Model", asked: Asked, source: Source, timeline: Timeline, alone: bool) -> list[dict[str, Any]]:
    try:
        table = model.timeline(
            source,
            window=timeline.window,
            hop=timeline.hop,
            vad=timeline.vad,
            progress=alone,
            reject_below=asked.reject_below,
        )
    except BadRecording as bad:
        if not asked.skip_bad:
            raise
        return [{"recording": name_of(source), "problem": str(bad)}]
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False, name=None)]
    return [{"recording": name_of(source), **row, "problem": ""} for row in rows]


def _stretch(source: Source) -> dict[str, float]:
    return {"start": source.start, "end": source.end} if isinstance(source, Part) else {}


def columns_of(model: "Model", asked: Asked) -> list[str]:
    """Columns of the result."""
    timed = asked.timeline is not None or any(isinstance(source, Part) for source in asked.recordings)
    answer = ["emotion", "confidence", "known", *model.emotions, "problem"]
    return ["recording", *(["start", "end"] if timed else []), *answer]


def table_of(model: "Model", asked: Asked) -> "pd.DataFrame":
    """The result in memory."""
    import pandas as pd

    rows = [row for several in recognise(model, asked) for row in several]
    return pd.DataFrame(rows, columns=columns_of(model, asked))


# A file. --------------------------------------------------------------------------------------------------------------


def check_output(output: Path, asked: Asked, overwrite: bool) -> Path:
    """The file to write.

    Raises
    ------
    UsageError
        When its suffix is unknown, or is one of subtitles and there is no timeline of one recording.
    XserError
        When it is there, or Parquet cannot be written.
    """
    output = folder_of(output.parent) / output.name
    suffix = output.suffix.lower()
    if suffix not in (*TABLES, *SUBTITLES):
        raise UsageError(f"--output ends in {', '.join(TABLES)}, or for a timeline .vtt or .txt, not {output.name!r}")
    if suffix in SUBTITLES and (asked.timeline is None or len(asked.recordings) != 1):
        raise UsageError(f"--output {suffix} is a --timeline of one recording")
    refuse_existing(output, overwrite)
    if suffix == ".parquet":
        optional("pyarrow", "a Parquet file")
    return output


def write(model: "Model", asked: Asked, output: Path, identity: str) -> int:
    """Write the result; what an earlier call with the same model and recordings left unfinished goes on.

    Parameters
    ----------
    output
        See `check_output`. Until it is whole, finished rows are kept beside it in ``<name>.unfinished``.
    identity
        Of the model.

    Returns
    -------
    int
        How many recordings cannot be used.
    """
    unfinished = output.with_name(output.name + ".unfinished")
    names = [[name_of(source), _stretch(source)] for source in asked.recordings]
    key = fingerprint(identity, names, dataclasses.asdict(dataclasses.replace(asked, recordings=())))
    output.parent.mkdir(parents=True, exist_ok=True)
    kept = _kept(unfinished, key)
    if kept:
        logger.info("%d of %d recordings were done before: %s", len(kept), len(names), unfinished)
    with open(unfinished, "a", encoding="utf-8") as file:
        for rows in recognise(model, asked, len(kept)):
            file.write(json.dumps(rows) + "\n")
            file.flush()
            kept.append(rows)
    rows = [row for several in kept for row in several]
    _write_table(rows, columns_of(model, asked), output)
    unfinished.unlink()
    return sum(bool(several and several[0].get("problem")) for several in kept)


def _kept(unfinished: Path, key: str) -> list[list[dict[str, Any]]]:
    """Rows of the recordings that were done before; the file is left with them, or made anew for `key`."""
    lines: list[str] = []
    if unfinished.is_file():
        lines = unfinished.read_text(encoding="utf-8", errors="replace").split("\n")
    kept = []
    if lines and lines[0] == json.dumps({"key": key}):
        for line in lines[1:]:
            try:
                kept.append(json.loads(line))
            except json.JSONDecodeError:  # the last line, cut short by a kill
                break
    write_text(unfinished, "\n".join([json.dumps({"key": key}), *map(json.dumps, kept)]) + "\n")
    return kept


def _write_table(rows: list[dict[str, Any]], columns: list[str], output: Path) -> None:
    import pandas as pd

    table = pd.DataFrame(rows, columns=columns)
    suffix = output.suffix.lower()
    with whole_file(output) as part:
        match suffix:
            case ".csv":
                table.to_csv(part, index=False, lineterminator="\n")
            case ".jsonl":
                table.to_json(part, orient="records", lines=True, force_ascii=False, double_precision=15)
            case ".parquet":
                table.to_parquet(part, index=False)
            case ".vtt":
                part.write_text(web_vtt(segments_of(rows)), encoding="utf-8")
            case ".txt":
                part.write_text(audacity_labels(segments_of(rows)), encoding="utf-8")
