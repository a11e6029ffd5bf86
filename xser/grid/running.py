"""Run what a grid has to do: audio and manifests once, then every job; go on where an earlier launch stopped."""

import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from xser.core.errors import HeldByAnother
from xser.evidence.pages.report import write_table
from xser.experiments.encoder_choice import LANGUAGE_MATCHED
from xser.experiments.manifests import make_manifests
from xser.experiments.prepare import prepare as prepare_audio
from xser.experiments.run_description import read_evaluated
from xser.experiments.workspace import Workspace
from xser.grid.executors import Executor, Outcome, Work
from xser.grid.plan import Job, experiments_of

logger = logging.getLogger(__name__)

POLL_SECONDS = 5


def prepare(jobs: Sequence[Job]) -> None:
    """Run stages 0 and 1 once for all tasks; wait while another launch does it."""
    experiments = experiments_of(jobs)
    while True:
        try:
            logger.info("0 prepare")
            prepare_audio(experiments)
            logger.info("1 manifests")
            make_manifests(experiments)
            return
        except HeldByAnother:
            logger.info("grid: another launch is preparing the audio: waiting for it")
            time.sleep(POLL_SECONDS)


def run_jobs(jobs: Sequence[Job], place: Executor, gpus: int, title: str, folder: Path) -> list[tuple[Outcome, Path]]:
    """Run what is to do, until every job is finished or has failed.

    Parameters
    ----------
    place
        Where.
    gpus
        Processes of a job.
    title
        Of the progress bar.
    folder
        Where logs go.

    Returns
    -------
    list of (Outcome, Path)
        The failures, with their logs.
    """
    by_name = {job.name: job for job in jobs}
    works = {name: Work(name, job.words, gpus, folder / f"{name}.log") for name, job in by_name.items()}
    failures, left = [], dict(works)

    def skip(name: str) -> bool:
        return by_name[name].is_held or by_name[name].is_finished

    def done(name: str, how: str = "finished") -> None:
        del left[name]
        bar.update()
        if bar.disable:  # a log has no bar
            logger.info("grid: %s %s, %d of %d left", name, how, len(left), len(works))

    with tqdm(total=len(works), desc=title, unit="job", disable=None) as bar:
        while left:
            before = len(left)
            for outcome in place.run(list(left.values()), skip):
                if outcome.is_held:
                    continue
                done(outcome.name, "failed" if outcome.code else "finished")
                if outcome.code:
                    failures.append((outcome, works[outcome.name].log))
                    tqdm.write(f"grid: {outcome.name} failed: {outcome.line}", file=sys.stderr)
            # What is left is in the hands of another launch: done by it in the end, or free when it ends early.
            for name in [name for name in left if by_name[name].is_finished]:
                done(name)
            if len(left) == before:
                bar.set_postfix_str(f"waiting for another launch: {len(left)}")
                time.sleep(POLL_SECONDS)
    return failures


def write_tables(jobs: Sequence[Job], grid: str, command: str) -> None:
    """Write the table of each task, where a single experiment writes it, and that of the grid; print the latter."""
    finished = [job for job in jobs if job.is_finished]
    by_task: dict[Path, list] = {}
    for job in finished:
        folder = Workspace(job.experiment).results_folder
        by_task.setdefault(folder, []).extend(read_evaluated(run) for run in job.runs or ())
    for folder, runs in by_task.items():
        write_table(runs, folder, "table", command)
    if by_task:
        folder = next(iter(by_task)).parents[1] / grid / _how(jobs)
        print(write_table([run for runs in by_task.values() for run in runs], folder, "table", command))
        logger.info("grid: %d of %d jobs: %s/table.md, .csv, .json and .png", len(finished), len(jobs), folder)


def _how(jobs: Sequence[Job]) -> str:
    """What the tables of a grid with other options must not be mixed up with: as a single experiment has it."""
    names = {Workspace(job.experiment).results_folder.name: job.experiment.encoder.name for job in jobs}
    name, encoder = next(iter(names.items()))
    return name if len(names) == 1 else LANGUAGE_MATCHED + name.removeprefix(encoder)
