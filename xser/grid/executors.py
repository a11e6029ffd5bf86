"""Start the jobs of a grid: here, several at a time on the devices there are, or on SLURM.

A job (a task, a system, a seed) is trained and evaluated in a process of its own, so that nothing of the last one is
left in memory or on a device. What a process prints goes to the job's log.
"""

import collections
import concurrent.futures
import contextlib
import dataclasses
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from xser.core.errors import HeldByAnother, XserError
from xser.core.extras import optional


@dataclasses.dataclass(frozen=True)
class Work:
    """What a process has to do for a job. Plain data: SLURM's job reads it from a file.

    Attributes
    ----------
    name
        For people.
    words
        Those of ``xser run`` for this job alone.
    gpus
        Processes of each stage.
    log
        What they print; it grows from launch to launch.
    """

    name: str
    words: tuple[str, ...]
    gpus: int
    log: Path

    def command(self) -> list[str]:
        """The command that trains and evaluates.

        Examples
        --------
        >>> " ".join(Work("a", ("--task", "en-de"), 2, Path("log")).command()[1:])
        '-m xser run --task en-de --stage train --stop-stage evaluate --gpus 2'
        """
        stages = ["--stage", "train", "--stop-stage", "evaluate", "--gpus", str(self.gpus)]
        return [sys.executable, "-m", "xser", "run", *self.words, *stages]

    def __call__(
        self,
        environment: Mapping[str, str] | None = None,
        started: Callable[[subprocess.Popen], None] | None = None,
    ) -> "Outcome":
        """Run it.

        Parameters
        ----------
        environment
            Variables besides those of this process.
        started
            Is told the process.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            beginning = log.seek(0, os.SEEK_END)
            command = self.command()
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(command)}\n".encode())
            log.flush()
            variables = {**os.environ, **(environment or {}), "XSER_PARENT": str(os.getpid())}
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables)
            if started:
                started(process)
            code = process.wait()
        return Outcome(self.name, code, _reason(code, self.log, beginning) if code else "")

    def checkpoint(self, *arguments: Any, **options: Any) -> Any:
        """Let submitit start this again when SLURM ends the job early: training goes on from its last checkpoint."""
        import submitit

        return submitit.helpers.DelayedSubmission(self, *arguments, **options)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a job ended: its name, the exit code of the last process, and the line that says why it is not 0."""

    name: str
    code: int
    line: str

    @property
    def is_held(self) -> bool:
        """Whether another launch was at work on the job."""
        return self.code == HeldByAnother.exit_code


def _reason(code: int, log: Path, beginning: int) -> str:
    """The line of a log that tells what went wrong: the last of xser's, else (a traceback's) last."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"killed ({name}): free memory, and run the same command again: it goes on from the last checkpoint"
    with open(log, "rb") as file:
        file.seek(beginning)
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    of_xser = [line for line in lines if line.startswith("xser: ") or "; see " in line]
    return (of_xser or lines)[-1].removeprefix("xser: ")


class Executor(Protocol):
    """What runs jobs."""

    def run(self, works: Sequence[Work], skip: Callable[[str], bool]) -> Iterator[Outcome]:
        """Run jobs, and tell how each ended; `skip` is asked right before one starts."""
        ...


# Here. ----------------------------------------------------------------------------------------------------------------


def device_groups(device: str, gpus: int) -> list[str]:
    """Say on which devices jobs can run at once.

    Parameters
    ----------
    device
        As in ``--device``.
    gpus
        GPUs of a job.

    Returns
    -------
    list of str
        A value of CUDA_VISIBLE_DEVICES for each job that can run at once; empty where there are too few NVIDIA GPUs,
        or ``--device`` is another or names one itself.
    """
    if device not in ("auto", "cuda"):
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        import torch

        names = [str(number) for number in range(torch.cuda.device_count())]
    else:
        names = [name.strip() for name in visible.split(",") if name.strip()]
    return [",".join(names[at : at + gpus]) for at in range(0, len(names) - gpus + 1, gpus)]


class Here:
    """Runs jobs on this computer.

    Parameters
    ----------
    at_once
        How many; by default one on each group of GPUs, and one where there are none.
    groups
        Of `device_groups`.
    """

    def __init__(self, at_once: int | None, groups: Sequence[str]) -> None:
        self.at_once = at_once or max(1, len(groups))
        self._slots: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        for number in range(self.at_once):
            self._slots.put({"CUDA_VISIBLE_DEVICES": groups[number % len(groups)]} if groups else {})
        self._threads: dict[str, str] = {}
        if self.at_once > 1 and "OMP_NUM_THREADS" not in os.environ:
            self._threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // self.at_once))}
        self._running: set[subprocess.Popen] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def run(self, works: Sequence[Work], skip: Callable[[str], bool]) -> Iterator[Outcome]:
        """Run jobs.

        Parameters
        ----------
        works
            The jobs.
        skip
            Asked with a work's name right before it starts: True leaves it for now, to another launch.

        Yields
        ------
        Outcome
            As jobs end.
        """
        self._stopped = False
        pool = concurrent.futures.ThreadPoolExecutor(self.at_once)
        try:
            futures = [pool.submit(self._one, work, skip) for work in works]
            for future in concurrent.futures.as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self._end()
            pool.shutdown()

    def _one(self, work: Work, skip: Callable[[str], bool]) -> Outcome:
        if skip(work.name):
            return Outcome(work.name, HeldByAnother.exit_code, "another launch is at work on it")
        slot = self._slots.get()
        try:
            return work({**self._threads, **slot}, self._started)
        finally:
            self._slots.put(slot)

    def _started(self, process: subprocess.Popen) -> None:
        with self._lock:
            self._running = {each for each in self._running if each.poll() is None} | {process}
            if self._stopped:
                process.terminate()

    def _end(self) -> None:
        """End what still runs: on Ctrl-C, or an error of this process."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)


# On SLURM. ------------------------------------------------------------------------------------------------------------


def refuse_without_slurm() -> None:
    """Refuse a computer from which no job can be submitted.

    Raises
    ------
    XserError
        When SLURM's commands are not there.
    """
    if shutil.which("sbatch") is None or shutil.which("srun") is None:
        raise XserError("there is no SLURM here (no sbatch and srun): call this on a login node, or without --slurm")


class Slurm:
    """Runs jobs as those of an array on SLURM, through submitit.

    Parameters
    ----------
    folder
        Where submitit keeps what it gives to jobs and what they say; every node must see it.
    settings
        Of submitit's ``update_parameters``.
    """

    POLL_SECONDS = 5

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        submitit = optional("submitit", "--slurm")
        refuse_without_slurm()
        self.executor = submitit.AutoExecutor(folder, cluster="slurm")
        self.executor.update_parameters(**settings)

    def run(self, works: Sequence[Work], skip: Callable[[str], bool]) -> Iterator[Outcome]:
        """As `Here.run`; the jobs go on when this process ends."""
        works = [work for work in works if not skip(work.name)]
        if not works:
            return
        with self.executor.batch():
            jobs = [self.executor.submit(work) for work in works]
        waiting = dict(zip(jobs, works, strict=True))
        counted = collections.Counter(job.job_id.partition("_")[0] for job in jobs)
        print(
            "submitted: " + ", ".join(f"job {name} ({many} of the grid)" for name, many in counted.items()),
            file=sys.stderr,
        )
        while waiting:
            for job, work in list(waiting.items()):
                if job.done():
                    del waiting[job]
                    yield self._outcome(job, work)
            time.sleep(self.POLL_SECONDS if waiting else 0)

    @staticmethod
    def _outcome(job: Any, work: Work) -> Outcome:
        try:
            return job.result()
        except Exception as error:  # whatever SLURM or submitit says: the other jobs go on
            *_, last = type(error).__name__, *filter(str.strip, str(error).splitlines())
            return Outcome(work.name, 1, f"job {job.job_id} ended as {job.state}: {last.strip()}")
