"""The grid: which jobs there are, what they cost, and that interruptions and other launches change nothing."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.support import CHECKOUT, stages
from tests.support.made_corpora import make_root
from xser.commands import grid
from xser.commands.command_line import run_command
from xser.core.errors import XserError
from xser.core.files import write_json, write_text

TASKS = """
tiny:
  options: {encoder: compact, split: speaker}
  tasks:
    fr-de: {source: cafe, non_target: [urdu], target: emodb}
    de-fr: {source: emodb, non_target: [urdu], target: cafe}
"""
SYSTEMS = ["baseline1", "baseline2", "no_adversary", "no_supcon", "proposed", "upper_bound"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with recordings, and recipes that have a tiny grid."""
    folder = tmp_path_factory.mktemp("grid")
    make_root(folder / "recordings")
    shutil.copytree(CHECKOUT / "recipes", folder / "recipes")
    (folder / "recipes" / "zero_shot" / "tasks.yaml").write_text(TASKS)
    return folder


def words(place, work_dir, *more):
    where = ["--recipes", place / "recipes", "--data-root", place / "recordings", "--work-dir", work_dir, "--jobs", "1"]
    return ["--grid", "tiny", *map(str, where), *stages.TINY, *more]


def plan(*argv):
    planned = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(grid, "describe_cost", lambda jobs, *_: planned.extend(jobs) or "")
        grid.run_words([*argv, "--dry-run"])
    return planned


def launch(*argv, **how):
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "xser", "grid", *argv]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)


def test_jobs_are_tasks_systems_and_seeds_the_first_seed_first(place, tmp_path):
    jobs = plan(*words(place, tmp_path, "--seeds", "3,1"))
    assert [(job.seed, job.task, job.system) for job in jobs] == [
        (seed, task, system) for seed in (3, 1) for task in ("fr-de", "de-fr") for system in SYSTEMS
    ]


def test_a_job_is_a_single_experiment_with_the_grid_s_options(place, tmp_path):
    (job,) = plan(*words(place, tmp_path, "--task", "de-fr", "--system", "proposed", "--seed", "4", "--gpus", "2"))
    assert job.words[:2] == ("--encoder=compact", "--split=speaker")
    assert job.words[-6:] == ("--task", "de-fr", "--system", "proposed", "--seed", "4")
    assert not {"--grid", "--gpus"} & set(job.words)


@pytest.mark.parametrize("option", [["--split", "stratified"], ["--split=stratified"]])
def test_the_command_line_wins_over_the_grid_s_own_options(place, tmp_path, option):
    jobs = plan(*words(place, tmp_path, *option))
    assert {job.experiment.split.name for job in jobs} == {"stratified"}
    assert not any("--split=speaker" in job.words for job in jobs)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (["--sources", "cafe"], "--sources is for a single experiment"),
        (["--corpus=emodb"], "--corpus is for a single experiment"),
        (["--stage", "train"], "--stage is for a single experiment"),
        (["--at-once", "0"], "a number from 1 on"),
        (["--slurm-partition", "gpu"], "belong to --slurm"),
        (["--slurm-minutes", "90"], "belong to --slurm"),
        (["--slurm", "--slurm-cpus", "0"], "a number from 1 on"),
        (["--slurm", "--slurm-option", "long"], "KEY=VALUE"),
        (["--seeds", "4-0"], "run backwards"),
        (["--stepps", "3"], "unknown option --stepps (did you mean --steps?)"),
        (["--system", "proposed,proposed"], "names something twice"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(place, tmp_path, capsys, option, told):
    with pytest.raises(SystemExit) as ended:
        run_command("grid", grid, [*words(place, tmp_path, *option), "--dry-run"])
    complaint = capsys.readouterr().err
    assert ended.value.code == 2 and told in complaint and complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "told"),
    [(["--task", "xx-de"], "no task 'xx-de'"), (["--system", "best"], "no system 'best'")],
)
def test_what_does_not_exist_is_said_before_anything_runs(place, tmp_path, option, told):
    with pytest.raises(XserError, match=told):
        grid.run_words(words(place, tmp_path, *option))
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_works_before_anything_is_prepared_and_says_how_to_know_the_cost(place, tmp_path, capsys):
    grid.run_words(words(place, tmp_path, "--dry-run", "--seeds", "0-4"))
    said = capsys.readouterr().out
    assert "60 jobs: 0 finished, 60 to do" in said
    assert "Stages 0 and 1 (audio and manifests) are still to run" in said
    assert "not known" in said and "--task fr-de --system baseline1,baseline2," in said
    assert list(tmp_path.iterdir()) == []


def finished_run(work_dir, system, seconds, steps=9, **more):
    folder = work_dir / "runs" / "fr-de" / "compact" / system / f"seed{seconds}-0"
    info = {"system": system, "encoder": "compact", "finetuning": None, "train_seconds": seconds, **more}
    write_json(folder / "trained.json", info)
    write_text(folder / "hyperparameters.yaml", f"batch_size: 6\nsteps: {steps}\n")


def test_a_dry_run_takes_the_cost_from_finished_runs_of_the_same_kind(place, tmp_path, capsys):
    for seconds in (3600, 60, 7200):
        finished_run(tmp_path, "proposed", seconds, device="cpu")
    finished_run(tmp_path, "proposed", 99999, steps=1200, device="cpu")
    finished_run(tmp_path, "proposed", 99998)  # of an older version, which did not say where
    finished_run(tmp_path, "baseline1", 99999, device="cpu")
    grid.run_words(words(place, tmp_path, "--dry-run", "--seeds", "0-4", "--system", "proposed", "--at-once", "4"))
    said = " ".join(capsys.readouterr().out.split())
    assert "fr-de proposed 0 5 5 h 0 min de-fr proposed 0 5 5 h 0 min" in said
    assert "Training of 10 jobs: about 10 h 0 min one after the other, 2 h 30 min with --at-once 4" in said
    assert "cannot be known" not in said


@pytest.fixture(scope="module")
def finished(place, tmp_path_factory):
    """The work folder of a small grid that nothing interrupted, and what it said."""
    work_dir = tmp_path_factory.mktemp("straight")
    process = launch(*words(place, work_dir, "--system", "baseline2"))
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return work_dir, out, err


def tables(work_dir):
    return {path.name: path.read_bytes() for path in work_dir.glob("results/tiny/*/table.*") if path.suffix == ".csv"}


def test_a_grid_ends_with_one_table_of_all_tasks(finished):
    work_dir, out, _ = finished
    assert "fr-de" in out and "de-fr" in out
    (table,) = work_dir.glob("results/tiny/compact-four-speaker/table.md")
    assert "baseline2" in table.read_text()
    assert "grid: fr-de/baseline2/seed0 finished, " in finished[2] and "0 of 2 left" in finished[2]
    logs = sorted(path.relative_to(work_dir).as_posix() for path in work_dir.glob("grids/tiny/**/*.log"))
    assert logs == ["grids/tiny/de-fr/baseline2/seed0.log", "grids/tiny/fr-de/baseline2/seed0.log"]


def test_what_is_finished_is_not_run_again(place, finished, capsys):
    work_dir, _, _ = finished
    before = {path: path.read_bytes() for path in [*work_dir.glob("grids/**/*.log"), *work_dir.glob("runs/**/*.json")]}
    grid.run_words(words(place, work_dir, "--system", "baseline2"))
    assert {path: path.read_bytes() for path in before} == before
    capsys.readouterr()
    grid.run_words(words(place, work_dir, "--system", "baseline2", "--dry-run"))
    assert "2 jobs: 2 finished, 0 to do" in capsys.readouterr().out


def test_a_failing_job_is_told_at_the_end_and_the_table_has_the_others(place, tmp_path):
    process = launch(*words(place, tmp_path, "--system", "baseline2", "--task", "fr-de", "--device", "cuda:7"))
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    *_, reason, last = err.splitlines()
    assert reason.startswith("fr-de/baseline2/seed0: --device cuda:7 cannot be used here") and ".log)" in reason
    assert last.startswith("xser: 1 of 1 jobs failed")


@pytest.mark.slow
def test_interruptions_and_a_second_launch_change_no_figure(place, finished, tmp_path):
    """Kill a launch three times, at random moments; then let two launches at once do the rest."""
    moments = random.Random(0)
    argv = words(place, tmp_path, "--system", "baseline2")
    for _ in range(3):
        process = launch(*argv, start_new_session=True)
        time.sleep(moments.uniform(3, 20))
        process.send_signal(signal.SIGKILL)  # the launch alone: its jobs end by themselves
        process.communicate()
    both = [launch(*argv), launch(*argv)]
    ended = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert "failed" not in ended[0][1] + ended[1][1]
    assert tables(tmp_path) == tables(finished[0]) != {}
    assert stages.equal_to_the_bit(stages.weights(tmp_path), stages.weights(finished[0]))
