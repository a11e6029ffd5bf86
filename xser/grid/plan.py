"""The jobs of a grid: every task with every system and every seed."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from xser.core.errors import XserError
from xser.core.files import is_being_written
from xser.core.words import comma_separated, read_seeds
from xser.experiments.catalogue import catalogue_of
from xser.experiments.evaluate import is_evaluated
from xser.experiments.experiment import Experiment
from xser.experiments.named_tasks import Grid, find_grid
from xser.experiments.request import Request, resolve_request
from xser.experiments.runs import Run, plan_runs


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """A task, a system and a seed.

    Attributes
    ----------
    task, system, seed
        What tells it from the other jobs.
    experiment
        Of its task, with all systems and seeds.
    words
        Those of ``xser run`` for this job alone.
    runs
        Its trainings; None where audio and manifests are not there yet.
    """

    task: str
    system: str
    seed: int
    experiment: Experiment
    words: tuple[str, ...]
    runs: tuple[Run, ...] | None

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.task}/{self.system}/seed{self.seed}"

    @property
    def is_finished(self) -> bool:
        """Whether every run is trained and evaluated."""
        return self.runs is not None and all(is_evaluated(run) for run in self.runs)

    @property
    def is_held(self) -> bool:
        """Whether another process is at work on it."""
        return self.runs is not None and any(is_being_written(run.folder) for run in self.runs)


def plan_jobs(request: Request, grid: str, words: Sequence[str], prepared: bool) -> list[Job]:
    """Plan a grid's jobs.

    Parameters
    ----------
    request
        What holds for every job; its ``task`` and ``system`` may name some of the grid's, separated by commas.
    grid
        The grid's name.
    words
        Of ``xser run``, what holds for every job.
    prepared
        Whether audio and manifests must be there.

    Returns
    -------
    list of Job
        By seed, so that an unfinished grid has every task and system with the first seeds.

    Raises
    ------
    XserError
        For a grid, task, system or whatever else that does not exist; with `prepared` for a missing manifest too.
    """
    catalogue = catalogue_of(request.recipes)
    tasks = _tasks(find_grid(catalogue, grid), request.task)
    systems = comma_separated(request.system) or tuple(catalogue.names("hparams", "systems"))
    seeds = read_seeds(request.seeds)
    jobs = []
    for task in tasks:
        asked = dataclasses.replace(request, task=task, system=",".join(systems))
        experiment = resolve_request(asked)
        runs = _runs(experiment, prepared)
        for system in systems:
            for seed in seeds:
                of_job = None if runs is None else tuple(r for r in runs if (r.system.name, r.seed) == (system, seed))
                single = (*words, "--task", task, "--system", system, "--seed", str(seed))
                jobs.append(Job(task, system, seed, experiment, single, of_job))
    return sorted(jobs, key=lambda job: seeds.index(job.seed))


def experiments_of(jobs: Sequence[Job]) -> list[Experiment]:
    """The experiments of jobs, each once."""
    return list({id(job.experiment): job.experiment for job in jobs}.values())


def logs_folder(jobs: Sequence[Job], grid: str) -> Path:
    """Where the logs of jobs go."""
    return jobs[0].experiment.work_dir / "grids" / grid


def _tasks(grid: Grid, chosen: str | None) -> tuple[str, ...]:
    names = comma_separated(chosen) or tuple(grid.tasks)
    for name in names:
        if name not in grid.tasks:
            raise XserError(f"the grid {grid.name} has no task {name!r}: it has {', '.join(grid.tasks)}")
    if len(set(names)) < len(names):
        raise XserError(f"--task names something twice: {','.join(names)}")
    return names


def _runs(experiment: Experiment, prepared: bool) -> list[Run] | None:
    """The runs of an experiment; None when stages 0 and 1 have not been run for it."""
    try:
        return plan_runs(experiment)
    except XserError:
        if prepared:
            raise
        return None
