"""Run every task of a grid with every system and every seed; go on where an earlier launch stopped; write the table.

    python -m xser.grid.grid --grid paper --seeds 0-4 --data-root ~/corpora
    python -m xser.grid.grid --grid paper --seeds 0-4 --data-root ~/corpora --dry-run

A cell is a task, a system and a seed. Audio and manifests are made once, then each cell is trained and evaluated. What
is finished is skipped, what was interrupted goes on, a cell that another launch is at work on is left to it, and a cell
that fails does not stop the others. All other options are those of a single experiment (run.sh --help) and hold for
every cell; a grid's own defaults stand in recipes/zero_shot/tasks.yaml.
"""

import dataclasses
import logging
import shlex
import sys
import time

from xser.commands.command_line import OneLineParser, run
from xser.commands.options import experiment_parser, read_seeds, refuse_repeats, words_of
from xser.core.errors import HeldByAnother, XserError
from xser.core.files import folder_of, is_being_written
from xser.experiments.encoder_choice import LANGUAGE_MATCHED
from xser.experiments.experiment import parse_experiment
from xser.experiments.hyperparameters import yaml_names
from xser.experiments.runs import plan_runs
from xser.experiments.task_list import read_grid
from xser.grid.executors import Here, Slurm, Work, device_groups, refuse_without_slurm

logger = logging.getLogger(__name__)

OF_ONE_EXPERIMENT = (
    "corpus", "sources", "target", "stage", "stop-stage", "nnodes", "node-rank", "rdzv", "download", "accept-licence"
)  # fmt: skip
POLL_SECONDS = 5


@dataclasses.dataclass(frozen=True, eq=False)
class Cell:
    """A task, a system and a seed.

    Attributes
    ----------
    task, system : str
    seed : int
    experiment : Experiment
        Of its task, with all systems and seeds.
    options : tuple of str
        Of an experiment that is this cell alone.
    runs : list of PlannedRun or None
        Its trainings; None where audio and manifests are not there yet.
    """

    task: str
    system: str
    seed: int
    experiment: object
    options: tuple[str, ...]
    runs: list | None

    @property
    def name(self):
        """For people."""
        return f"{self.task}/{self.system}/seed{self.seed}"

    @property
    def is_finished(self):
        """Whether every run is trained and evaluated."""
        from xser.experiments.evaluate import is_evaluated

        return self.runs is not None and all(is_evaluated(each) for each in self.runs)

    @property
    def is_held(self):
        """Whether another process is at work on it."""
        return self.runs is not None and any(is_being_written(each.folder) for each in self.runs)


def parser():
    """Options of the grid; all others are those of an experiment."""
    options = OneLineParser(
        prog="run.sh --grid", description=__doc__, usage="run.sh --grid G [options] [options of a single experiment]"
    )
    options.add_argument("--grid", metavar="G", required=True, help="a grid of recipes/zero_shot/tasks.yaml")
    options.add_argument("--task", metavar="T[,T]", help="only these of its tasks")
    options.add_argument("--system", metavar="S[,S]", help="systems (default: all of recipes/hparams/systems)")
    options.add_argument("--seed", metavar="N", help="one seed (default: 0)")
    options.add_argument("--seeds", metavar="N-M", help="several seeds: 0-4 or 0,2,5")
    options.add_argument("--dry-run", action="store_true", help="print what is done, what is to do, and what it costs")
    options.add_argument("--gpus", metavar="N", type=int, default=1, help="processes of a cell, each with a GPU")
    options.add_argument(
        "--at-once",
        metavar="N",
        type=int,
        help="cells at a time (default: one on each NVIDIA GPU, or group of --gpus; one where there are none)",
    )
    slurm = options.add_argument_group("SLURM: a job a cell, instead of this computer")
    slurm.add_argument("--slurm", action="store_true", help="submit cells as a job array, wait for them")
    slurm.add_argument("--slurm-partition", metavar="P", help="where (default: the cluster's)")
    slurm.add_argument("--slurm-minutes", metavar="N", type=int, help="time limit of a cell (default: 1440)")
    slurm.add_argument("--slurm-cpus", metavar="N", type=int, help="cores of a cell (default: 8)")
    slurm.add_argument("--slurm-memory", metavar="GB", type=int, help="memory of a cell (default: the cluster's)")
    slurm.add_argument(
        "--slurm-option",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="any other option of sbatch: account=speech, qos=long; may be given several times",
    )
    return options


def read_options(argv):
    """Read the grid's options.

    Returns
    -------
    (argparse.Namespace, list of str)
        The options, and those of a single experiment.

    Raises
    ------
    SystemExit
        With code 2 and one line when they cannot be read.
    """
    verb = parser()
    options, rest = verb.parse_known_args(argv)
    for word in rest:
        name = word.partition("=")[0]
        if name.removeprefix("--").replace("_", "-") in OF_ONE_EXPERIMENT and name.startswith("--"):
            verb.error(f"{name} is for a single experiment, and the grid has many: leave it out")
    if options.gpus < 1 or (options.at_once is not None and options.at_once < 1):
        verb.error("--gpus and --at-once are numbers from 1 on")
    numbers = [options.slurm_minutes, options.slurm_cpus, options.slurm_memory]
    if any(number is not None and number < 1 for number in numbers):
        verb.error("--slurm-minutes, --slurm-cpus and --slurm-memory are numbers from 1 on")
    if not options.slurm and (any(numbers) or options.slurm_partition or options.slurm_option):
        verb.error("--slurm-partition and the other --slurm-... options belong to --slurm: add it")
    for setting in options.slurm_option:
        if not setting.partition("=")[2]:
            verb.error(f"--slurm-option takes KEY=VALUE, not {setting!r}")
    options.seeds = read_seeds(verb, options)
    return options, rest


def plan_cells(options, rest, prepared):
    """Plan a grid's cells.

    Parameters
    ----------
    options : argparse.Namespace
        Of `read_options`.
    rest : list of str
        Options that hold for every cell.
    prepared : bool
        Whether audio and manifests must be there.

    Returns
    -------
    list of Cell
        By seed, so that an unfinished grid has every task and system with the first seeds.

    Raises
    ------
    XserError
        For a grid, task, system or whatever else that does not exist; with `prepared` for a missing manifest too.
    """
    shared, _ = experiment_parser("run.sh --grid").parse_known_args(rest)
    recipes = folder_of(shared.recipes)
    grid = read_grid(recipes, options.grid)
    names = [task.name for task in grid.tasks]
    chosen = words_of(options.task) or names
    for name in chosen:
        if name not in names:
            raise XserError(f"the grid {grid.name} has no task {name!r}: it has {', '.join(names)}")
    systems = words_of(options.system) or yaml_names(recipes / "hparams" / "systems")
    refuse_repeats(parser(), "--task", chosen)
    given = {word.partition("=")[0] for word in rest}
    defaults = [f"--{key}={value}" for key, value in grid.options.items() if f"--{key}" not in given]
    cells = []
    for task in chosen:
        common = (*defaults, *rest, "--task", task)
        seeds = ",".join(map(str, options.seeds))
        experiment = parse_experiment("grid", [*common, "--system", ",".join(systems), "--seeds", seeds])
        runs = plan_runs(experiment) if prepared else _runs(experiment)
        for system in systems:
            for seed in options.seeds:
                own = None if runs is None else [r for r in runs if (r.system.name, r.seed) == (system, seed)]
                single = (*common, "--system", system, "--seed", str(seed))
                cells.append(Cell(task, system, seed, experiment, single, own))
    return sorted(cells, key=lambda cell: options.seeds.index(cell.seed))


def _runs(experiment):
    """The runs of an experiment; None when stages 0 and 1 have not been run for it."""
    try:
        runs = plan_runs(experiment)
        for each in runs:
            _ = each.folder
        return runs
    except XserError:
        return None


def prepare(cells):
    """Run stages 0 and 1 once for all tasks; wait while another launch does it."""
    from xser.experiments.manifests import make_manifests
    from xser.experiments.prepare import prepare as prepare_audio

    experiments = list({id(cell.experiment): cell.experiment for cell in cells}.values())
    while True:
        try:
            prepare_audio(experiments)
            make_manifests(experiments)
            return
        except HeldByAnother:
            logger.info("grid: another launch is preparing the audio: waiting for it")
            time.sleep(POLL_SECONDS)


def run_cells(cells, place, options, folder):
    """Run what is to do, until every cell is finished or has failed.

    Parameters
    ----------
    cells : list of Cell
        Those to do.
    place : Here or Slurm
        Where.
    options : argparse.Namespace
        Of `read_options`.
    folder : Path
        Where logs go.

    Returns
    -------
    list of (Outcome, Path)
        The failures, with their logs.
    """
    from tqdm import tqdm

    by_name = {cell.name: cell for cell in cells}
    works = {name: Work(name, cell.options, options.gpus, folder / f"{name}.log") for name, cell in by_name.items()}
    failures, left = [], dict(works)

    def skip(name):
        return by_name[name].is_held or by_name[name].is_finished

    def done(name, how="finished"):
        del left[name]
        bar.update()
        if bar.disable:  # a log has no bar
            logger.info("grid: %s %s, %d of %d left", name, how, len(left), len(works))

    with tqdm(total=len(works), desc=f"grid {options.grid}", unit="cell", disable=None) as bar:
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


def main(argv):
    """Run a grid, or say what it would take."""
    options, rest = read_options(argv)
    cells = plan_cells(options, rest, prepared=False)
    if options.dry_run:
        from xser.grid.cost import describe_cost

        print(describe_cost(cells, options, ["bash", "recipes/zero_shot/run.sh", "--grid", options.grid, *rest]))
        return
    if options.slurm:
        refuse_without_slurm()  # before hours of preparation
    prepare(cells)
    cells = plan_cells(options, rest, prepared=True)
    to_do = [cell for cell in cells if not cell.is_finished]
    folder = cells[0].experiment.work_dir / "grids" / options.grid
    logger.info("grid: %d cells, %d of them finished before; logs: %s", len(cells), len(cells) - len(to_do), folder)
    failures = []
    if to_do:
        device = cells[0].experiment.device
        if options.slurm:
            place = Slurm(folder / "slurm", slurm_settings(options, device))
        else:
            place = Here(options.at_once, device_groups(device, options.gpus))
            logger.info("grid: %d at a time", place.at_once)
        failures = run_cells(to_do, place, options, folder)
    _write_tables(cells, options.grid, argv)
    if failures:
        for outcome, log in failures:
            print(f"{outcome.name}: {outcome.line} (log: {log})", file=sys.stderr)
        raise XserError(
            f"{len(failures)} of {len(cells)} cells failed: mend what is said above and run the same command again"
        )


def slurm_settings(options, device):
    """What submitit is to ask SLURM for, by the names of its ``update_parameters``.

    Parameters
    ----------
    options : argparse.Namespace
        Of `read_options`.
    device : str
        As in ``--device``: without a GPU for ``cpu``.

    Returns
    -------
    dict
    """
    settings = {
        "name": f"xser-{options.grid}",
        "timeout_min": options.slurm_minutes or 1440,
        "cpus_per_task": options.slurm_cpus or 8,
        "gpus_per_node": None if device == "cpu" else options.gpus,
        "mem_gb": options.slurm_memory,
        "slurm_partition": options.slurm_partition,
        "slurm_array_parallelism": options.at_once,
        "slurm_additional_parameters": dict(setting.split("=", 1) for setting in options.slurm_option),
    }
    return {key: value for key, value in settings.items() if value}


def _write_tables(cells, grid, argv):
    """Write the table of each task, where a single experiment writes it, and that of the grid; print the latter."""
    from xser.evidence.figures.predictions import read_run
    from xser.evidence.pages.report import write_table

    command = " ".join(["bash", "recipes/zero_shot/run.sh", *map(shlex.quote, argv)])
    finished = [cell for cell in cells if cell.is_finished]
    by_task = {}
    for cell in finished:
        by_task.setdefault(cell.runs[0].results_folder, []).extend(read_run(each.folder) for each in cell.runs)
    for folder, runs in by_task.items():
        write_table(runs, folder, "table", command)
    if by_task:
        folder = next(iter(by_task)).parents[1] / grid / _how(cells)
        runs = [each for runs in by_task.values() for each in runs]
        print(write_table(runs, folder, "table", command))
        logger.info("grid: %d of %d cells: %s/table.md, .csv, .json and .png", len(finished), len(cells), folder)


def _how(cells):
    """What the tables of a grid with other options must not be mixed up with: as a single experiment has it."""
    names = {cell.runs[0].results_folder.name: cell.experiment.encoder for cell in cells}
    name, encoder = next(iter(names.items()))
    return name if len(names) == 1 else LANGUAGE_MATCHED + name.removeprefix(encoder)


if __name__ == "__main__":
    run(main)
