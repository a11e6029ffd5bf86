"""What a grid costs, judged by the runs that are finished: the text of ``--dry-run``."""

import collections
import re
import shlex
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from xser.core.files import read_json
from xser.grid.plan import Job

Key = tuple[str, str, str | None, int]  # system, encoder, finetuning, steps


def describe_cost(jobs: Sequence[Job], grid: str, at_once: int | None, command: Sequence[str]) -> str:
    """Say what of a grid is finished, what is to do, and how long that takes.

    Parameters
    ----------
    grid
        The grid's name.
    at_once
        How many jobs would run at a time, where the user says so.
    command
        What starts one job when ``--task``, ``--system`` and ``--seed`` are put behind it.
    """
    measured, devices = _measured({job.experiment.work_dir for job in jobs})
    rows: dict[tuple[str, str], list[float]] = {}  # finished, to do, seconds of the latter
    unknown: dict[Key, Job] = {}
    seconds = 0.0
    to_do = [job for job in jobs if not job.is_finished]
    for job in jobs:
        row = rows.setdefault((job.task, job.system), [0, 0, 0.0])
        if job not in to_do:
            row[0] += 1
            continue
        row[1] += 1
        key = _key(job)
        if key in measured:
            cost = statistics.median(measured[key]) * len(job.runs or [None])
            row[2] += cost
            seconds += cost
        else:
            row[2] = float("nan")
            unknown.setdefault(key, job)
    lines = [
        f"grid {grid}: {len(jobs)} jobs: {len(jobs) - len(to_do)} finished, {len(to_do)} to do",
        "",
        *_table(rows),
        "",
    ]
    if any(job.runs is None for job in jobs):
        lines.append("Stages 0 and 1 (audio and manifests) are still to run: the grid does that first, once.")
    if to_do and seconds:
        known = len(to_do) - sum(_key(job) in unknown for job in to_do)
        faster = f", {duration(seconds / at_once)} with --at-once {at_once}" if at_once else ""
        lines.append(
            f"Training of {known} jobs: about {duration(seconds)} one after the other{faster} (median of the "
            f"finished runs of the same system, encoder and steps, on {', '.join(sorted(devices))})."
        )
    if unknown:
        lines.append("No run of these is finished, so what they cost cannot be known yet; one job of each tells:")
        lines += [f"  {each}" for each in _to_find_out(unknown, command)]
    return "\n".join(lines)


def _to_find_out(unknown: Mapping[Key, Job], command: Sequence[str]) -> Iterator[str]:
    """A command for each encoder and number of steps, of a first job of every system that is not known."""
    together = collections.defaultdict(list)
    for (_, encoder, _, steps), job in unknown.items():
        together[encoder, steps, job.task, job.seed].append(job.system)
    for (encoder, steps, task, seed), systems in together.items():
        words = [*command, "--task", task, "--system", ",".join(systems), "--seed", str(seed)]
        yield f"{', '.join(systems)} ({encoder}, {steps} steps): {' '.join(map(shlex.quote, words))}"


def _key(job: Job) -> Key:
    experiment = job.experiment
    (system,) = (each for each in experiment.systems if each.name == job.system)
    steps = experiment.hyperparameters(system).values["steps"]
    return job.system, experiment.encoder.name, experiment.finetuning, int(steps or 0)


def _measured(work_dirs: Collection[Path]) -> tuple[dict[Key, list[float]], set[str]]:
    """Seconds of training of the finished runs by what decides on them, and the devices they ran on."""
    seconds, devices = collections.defaultdict(list), set()
    for path in (path for work_dir in work_dirs for path in work_dir.glob("runs/*/*/*/*/trained.json")):
        info = read_json(path)
        asked = re.search(r"^steps: (\d+)", (path.parent / "hyperparameters.yaml").read_text(encoding="utf-8"), re.M)
        if asked and {"train_seconds", "device"} <= info.keys():  # runs of older versions do not say where
            key = (info["system"], info["encoder"], info.get("finetuning"), int(asked[1]))
            seconds[key].append(info["train_seconds"])
            devices.add(info["device"])
    return seconds, devices


def _table(rows: Mapping[tuple[str, str], Sequence[float]]) -> list[str]:
    width = [max(len(key[at]) for key in [("task", "system"), *rows]) for at in range(2)]
    lines = [f"{'task':<{width[0]}}  {'system':<{width[1]}}  finished  to do  training"]
    for (task, system), (finished, to_do, seconds) in rows.items():
        cost = "-" if not to_do else "not known" if seconds != seconds else duration(seconds)
        lines.append(f"{task:<{width[0]}}  {system:<{width[1]}}  {finished:>8.0f}  {to_do:>5.0f}  {cost}")
    return lines


def duration(seconds: float) -> str:
    """Write a duration for people.

    Examples
    --------
    >>> duration(42), duration(170), duration(3700), duration(200000)
    ('42 s', '3 min', '1 h 2 min', '55 h 33 min')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
