"""The recordings of a corpus become 16 kHz audio, on all cores, and again only where something changed.

Every WAV that is written appears whole and carries, as its comment, what it was made from: size, times, inode and
digest of its source, what that measures, what of it was repaired, and the digest of its samples. So a run that was
killed goes on where it was, and a second run has nothing to decode: it reads the prepared samples to check them, and a
source only where its times or its inode are others.
"""

import contextlib
import dataclasses
import functools
import io
import json
import math
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xser.core.digests import file_digest, samples_digest
from xser.core.errors import XserError
from xser.core.files import whole_file, write_text
from xser.core.progress import progress
from xser.corpora.audio.decoding import BEYOND, OF_INTEGERS, SETTINGS, BadRecording, decode_recording, to_pcm
from xser.corpora.audio.findings import (
    Bad,
    Made,
    Problems,
    find_oddities,
    find_twins,
    group_problems,
    list_problems,
    problem_lines,
)
from xser.corpora.audio.measures import Measures, measure
from xser.corpora.audio.repairs import repair
from xser.corpora.audio.resampling import resampler_of
from xser.corpora.folders import real_path

AUDIO = "audio"  # the folder of WAVs below the destination
PROBLEMS = "problems.txt"  # beside it: every recording that cannot be used, where there are any
Task = tuple[str, tuple[Path, list[float] | None, list[str], Path]]  # utterance, arguments of `_prepare_one`
IN_THIS_PROCESS = 150  # up to so many recordings are done before other processes have started


@dataclasses.dataclass(frozen=True)
class Preparation:
    """What became of a corpus's recordings.

    Attributes
    ----------
    rows
        The usable rows, with ``audio`` (path below the destination), ``seconds`` and ``digest``.
    left_out
        Sentences: what was left out.
    notes
        Sentences: what is odd.
    made
        How many were made now; the others were there.
    measures
        What the usable recordings measured as they were recorded, by utterance.
    """

    rows: pd.DataFrame
    left_out: list[str]
    notes: list[str]
    made: int
    measures: dict[str, Measures]


def prepare_recordings(
    rows: pd.DataFrame,
    folder: str | Path,
    destination: str | Path,
    jobs: int = -1,
    skip_bad: bool = False,
    same_recording: Collection[Sequence[str]] = (),
    doubtful: dict[str, str] | None = None,
    repairs: Sequence[str] = (),
    finished: Path | None = None,
    title: str = "recordings",
) -> Preparation:
    """Write the 16 kHz audio of a corpus.

    Parameters
    ----------
    rows
        Rows of a scan: ``utterance`` and ``source`` are needed; with ``start`` and ``end``, in seconds, a row is that
        stretch of its source.
    folder
        The corpus's folder. Nothing in it is changed.
    destination
        Gets ``audio/<utterance>.wav``, and ``problems.txt`` when there are any. Whoever calls holds it alone.
    jobs
        Processes; -1 means every core.
    skip_bad
        Leave unusable and repeated recordings out instead of raising.
    same_recording
        Utterances known to be one recording under several names: all but the first are left out.
    doubtful
        Utterances that are known not to be usable in the official release, and why: left out where they are not.
    repairs
        What is repaired of every recording, see `xser.corpora.audio.repairs`.
    finished
        The file that tells others that the destination may be used: removed before audio that is there is replaced.
    title
        The corpus, for the bar and for messages.

    Raises
    ------
    XserError
        One for all recordings that cannot be used; usable ones are prepared nevertheless, so that nothing is decoded
        twice when the others have been repaired.
    """
    sources = {str(row.utterance): real_path(folder, str(row.source)) for row in rows.itertuples()}
    stretches = {str(row.utterance): _stretch(row) for row in rows.itertuples()}
    wavs = {utterance: Path(destination, AUDIO, f"{utterance}.wav") for utterance in sources}
    wanted = list(repairs)
    before = {it: _made_before(sources[it], stretches[it], wanted, wav) for it, wav in wavs.items()}
    outcomes: dict[str, Made | Bad] = {it: made for it, made in before.items() if made is not None}
    to_do = [it for it, made in before.items() if made is None]
    _remove_unfinished(Path(destination, AUDIO))
    if finished is not None and any(wavs[utterance].exists() for utterance in to_do):
        Path(finished).unlink(missing_ok=True)
    tasks = [(it, (sources[it], stretches[it], wanted, wavs[it])) for it in to_do]
    with progress(len(sources), title, "recordings", done=len(sources) - len(tasks), shown=bool(tasks)) as bar:
        for results in _prepare_all(tasks, jobs):
            outcomes.update(results)
            bar.update(len(results))
    outcomes = {it: outcomes[it] for it in sources}  # in the order of the rows
    preparation = _collect(rows, outcomes, Path(destination, PROBLEMS), skip_bad, same_recording, doubtful or {}, title)
    return dataclasses.replace(preparation, made=sum(isinstance(outcomes[utterance], Made) for utterance in to_do))


def remove_others(rows: pd.DataFrame, destination: str | Path) -> None:
    """Remove prepared audio of utterances that are not among `rows`: their recordings are gone."""
    kept = set(rows["utterance"] + ".wav")
    with contextlib.suppress(FileNotFoundError):
        for entry in list(os.scandir(Path(destination, AUDIO))):
            if entry.name not in kept and entry.name.endswith(".wav"):
                os.unlink(entry)


# Recordings. ----------------------------------------------------------------------------------------------------------


def _stretch(row: Any) -> list[float] | None:
    """Where a row's recording starts and ends in its source, None when it is all of it."""
    return [float(row.start), float(row.end)] if getattr(row, "start", "") else None


def _made_before(source: Path, stretch: list[float] | None, repairs: list[str], wav: Path) -> Made | None:
    """Return what is known of `wav` when it was made from `source` as it is now, with these repairs, else None.

    Size and time alone do not tell recordings of one length apart that an archive gave one date.
    """
    try:
        status = os.stat(source)
        made = _read_comment(wav)
        is_source = _is_source(made, source, status)
    except (OSError, ValueError, TypeError, KeyError):  # none there, or of an xser that wrote another comment
        return None
    now = (stretch, repairs, resampler_of(made.measures.rate))
    of_integers = made.decibels > 20 * math.log10(OF_INTEGERS) and not made.mended  # scaled down alone by xser 0.1
    same = (made.stretch, made.repairs, made.resampler) == now
    return made if same and is_source and not of_integers else None


def _is_source(made: Made, source: Path, status: os.stat_result) -> bool:
    """Whether a recording is the one that `made` was made of."""
    if made.size != status.st_size:
        return False
    if not made.source_digest:  # an older xser kept no more than this
        return made.mtime_ns == status.st_mtime_ns
    same_file = (made.mtime_ns, made.ctime_ns, made.inode) == (status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return same_file or made.source_digest == _source_digest(source, status)


def _source_digest(source: Path, status: os.stat_result) -> str:
    """SHA-256 of a source; empty for a named pipe or the like, which decoding refuses."""
    if not stat.S_ISREG(status.st_mode):
        return ""
    return _digest_of(source, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@functools.lru_cache(maxsize=16)  # the stretches of one recording follow each other
def _digest_of(source: Path, *_: int) -> str:
    return file_digest(source)


def _read_comment(wav: Path) -> Made:
    import soundfile

    with open(wav, "rb") as file:
        try:
            with soundfile.SoundFile(file.fileno(), closefd=False) as sound:
                comment = json.loads(sound.comment)
                made = Made(**comment | {"samples": sound.frames, "measures": Measures(**comment["measures"])})
                if _digest_of_samples(sound) != made.digest:
                    raise ValueError("its samples are not those that were written")
                return made
        except soundfile.LibsndfileError as error:
            raise ValueError(str(error)) from error


def _digest_of_samples(sound: Any) -> str:
    samples: np.ndarray = sound.read(dtype="int16")
    return samples_digest(samples.astype("<i2").tobytes())


def _prepare_all(tasks: list[Task], jobs: int) -> Iterator[dict[str, Made | Bad]]:
    """Yield the outcomes of tasks, by utterance, some at a time."""
    import joblib

    workers = joblib.effective_n_jobs(jobs)
    if workers == 1 or len(tasks) <= IN_THIS_PROCESS:
        yield from (_prepare_some([task]) for task in tasks)
        return
    size = min(32, math.ceil(len(tasks) / (4 * workers)))
    chunks = [tasks[start : start + size] for start in range(0, len(tasks), size)]
    with joblib.parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        try:
            yield from parallel(joblib.delayed(_prepare_some)(chunk) for chunk in chunks)
        except joblib.externals.loky.process_executor.TerminatedWorkerError as error:
            raise XserError(
                "a process that prepares recordings was killed, as happens when memory runs out: run the same command "
                "again with fewer --jobs"
            ) from error


def _prepare_some(tasks: list[Task]) -> dict[str, Made | Bad]:
    return {utterance: _prepare_one(*arguments) for utterance, arguments in tasks}


def _prepare_one(source: Path, stretch: list[float] | None, repairs: list[str], wav: Path) -> Made | Bad:
    try:
        status = _status(source)  # before reading: a source that changes meanwhile looks changed next time
        source_digest = _source_digest(source, status)
        recording = decode_recording(source, stretch)
    except OSError as error:
        return Bad("unreadable", error.strerror or str(error))
    except BadRecording as bad:
        wav.unlink(missing_ok=True)  # of the same recording when it was better
        return Bad(bad.kind, bad.detail)
    samples, repaired = repair(recording.samples, recording.rate, repairs)
    pcm, decibels = to_pcm(samples, recording.rate)
    made = Made(
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        digest=samples_digest(pcm.tobytes()),
        contents=recording.contents,
        decibels=decibels,
        samples=len(pcm),
        measures=measure(recording.samples, recording.rate, recording.channels),
        repairs=repairs,
        repaired=repaired,
        mended=recording.mended,
        stretch=stretch,
        resampler=resampler_of(recording.rate),
        source_digest=source_digest,
        ctime_ns=status.st_ctime_ns,
        inode=status.st_ino,
    )
    comment = vars(made) | {"measures": vars(made.measures)}
    if not made.resampler:  # the files that earlier versions wrote
        del comment["resampler"]
    content = _wav(pcm, json.dumps(comment, separators=(",", ":")))
    with whole_file(wav) as part:
        part.write_bytes(content)
    return made


def _status(source: Path) -> os.stat_result:
    try:
        return os.stat(source)
    except OSError as error:
        raise BadRecording(source, "unreadable", error.strerror or "") from error


def _wav(pcm: np.ndarray, comment: str) -> bytes:
    """Bytes of a WAV file with a comment; made in memory, so that a full disk is an OSError that tells of it."""
    import soundfile

    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", SETTINGS["rate"], 1, subtype="PCM_16", format="WAV") as sound:
        sound.comment = comment
        sound.write(pcm)
    return file.getvalue()


def _remove_unfinished(folder: Path) -> None:
    """Remove what killed runs left half-written."""
    for path in folder.glob(".*.part.wav"):
        path.unlink(missing_ok=True)


# What came of it. -----------------------------------------------------------------------------------------------------


def _collect(
    rows: pd.DataFrame,
    outcomes: dict[str, Made | Bad],
    problems_file: Path,
    skip_bad: bool,
    same_recording: Collection[Sequence[str]],
    doubtful: dict[str, str],
    title: str,
) -> Preparation:
    sources = {str(row.utterance): _named(row) for row in rows.itertuples()}
    bad = {utterance: outcome for utterance, outcome in outcomes.items() if isinstance(outcome, Bad)}
    good = {utterance: outcome for utterance, outcome in outcomes.items() if isinstance(outcome, Made)}
    known_bad = [utterance for utterance in doubtful if bad.pop(utterance, None) is not None]
    known, repeated, differing = find_twins(good, same_recording)
    problems = group_problems(bad, repeated, sources)
    _write_problems(problems_file, problems)
    good = {utterance: outcome for utterance, outcome in good.items() if utterance not in {**known, **repeated}}
    number = sum(map(len, problems.values()))
    what = f"{number} of {len(rows)} recordings"
    if problems and not (skip_bad and good):
        remedy = "give start and end in seconds" if set(problems) == {BEYOND} else "fetch the corpus again"
        remedy = "repair them, or leave them out with --skip-bad" if good else remedy
        raise XserError(f"{title}: {what} cannot be used: {list_problems(problems)}; all in {problems_file}; {remedy}")
    left_out = [f"{sources[it]} left out: known to be {doubtful[it]}" for it in known_bad]
    left_out += [f"{sources[it]} left out: known to be the same recording as {sources[known[it]]}" for it in known]
    left_out += [f"{what} left out by --skip-bad: {list_problems(problems)}"] if problems else []
    notes = [f"{sources[one]} is known as the same recording as {sources[other]}: not here" for one, other in differing]
    notes += [f"{sources[it]} used: {doubtful[it]} in the official release, not here" for it in doubtful if it in good]
    measures = {utterance: outcome.measures for utterance, outcome in good.items()}
    return Preparation(_with_audio(rows, good), left_out, notes + find_oddities(good, sources), 0, measures)


def _named(row: Any) -> str:
    """How a message names a row's recording."""
    stretch = _stretch(row)
    return row.source if stretch is None else f"{stretch[0]:g} to {stretch[1]:g} s of {row.source}"


def _with_audio(rows: pd.DataFrame, good: dict[str, Made]) -> pd.DataFrame:
    rows = rows[rows["utterance"].isin(list(good))].reset_index(drop=True)
    outcomes = [good[utterance] for utterance in rows["utterance"]]
    return rows.assign(
        audio=f"{AUDIO}/" + rows["utterance"] + ".wav",
        seconds=[round(outcome.samples / SETTINGS["rate"], 6) for outcome in outcomes],
        digest=[outcome.digest for outcome in outcomes],
    )


def _write_problems(path: Path, problems: Problems) -> None:
    if problems:
        write_text(path, problem_lines(problems))
    else:
        path.unlink(missing_ok=True)
