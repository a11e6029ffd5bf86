"""Jobs of a grid as SLURM jobs: a made-up cluster that runs them on this computer."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import submitit

from tests.support import CHECKOUT
from tests.support.made_jobs import MadeUpWork, made_up, run
from xser.commands import grid
from xser.commands.command_line import parser_of
from xser.core.errors import XserError
from xser.grid import executors

SBATCH = r"""#!/usr/bin/env bash
# Start every job of the array, at most as many at once as are there, and say the array's number.
script=${@: -1}
last=$(sed -n 's/^#SBATCH --array=0-\([0-9]*\).*/\1/p' "$script")
grep '^#SBATCH' "$script" >>"$CLUSTER/sbatch"
number=$((4711 + $(find "$CLUSTER" -name '*.script' | wc -l)))
touch "$CLUSTER/$number.script"
for ((task = 0; task <= ${last:-0}; task++)); do
    name=$number${last:+_$task}
    echo "$name|RUNNING|node" >"$CLUSTER/$name.state"
    (
        export SLURM_JOB_ID=$((number * 10 + task)) SLURM_NTASKS=1 SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_NODEID=0
        export SLURM_JOB_NUM_NODES=1 SLURM_JOB_NODELIST=node
        if [ -n "$last" ]; then export SLURM_ARRAY_JOB_ID=$number SLURM_ARRAY_TASK_ID=$task; fi
        state=COMPLETED
        bash "$script" >"$CLUSTER/$name.out" 2>&1 || state=FAILED
        echo "$name|$state|node" >"$CLUSTER/$name.state"
    ) </dev/null >/dev/null 2>&1 &
done
echo "Submitted batch job $number"
"""
SRUN = """#!/usr/bin/env bash
while [[ $1 == --* ]]; do
    if [ "$1" = --unbuffered ]; then shift; else shift 2; fi
done
exec "$@"
"""
SACCT = """#!/usr/bin/env bash
echo "JobID|State|NodeList"
cat "$CLUSTER"/*.state
"""


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    folder = tmp_path / "cluster"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("srun", SRUN), ("sacct", SACCT)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("CLUSTER", str(folder))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", f"{CHECKOUT}:{CHECKOUT / 'tests'}")
    monkeypatch.setattr(executors.Slurm, "POLL_SECONDS", 0.2)
    return folder


def settings(*words):
    options, _ = parser_of("grid", grid).parse_known_args(["--grid", "paper", "--slurm", *words])
    return grid.slurm_settings(options)


def test_jobs_are_those_of_one_array(cluster, tmp_path):
    jobs = made_up(tmp_path, "de/proposed/seed0", "de/proposed/seed1", "fr/proposed/seed0")
    jobs[1].mistake = "no audio: run stage 0"
    place = executors.Slurm(tmp_path / "jobs", settings("--slurm-option", "account=speech", "--at-once", "2"))
    ((outcome, log),) = run(jobs, place, tmp_path)
    assert (outcome.name, outcome.line) == ("de/proposed/seed1", "no audio: run stage 0")
    assert "no audio" in log.read_text()
    assert [job.is_finished for job in jobs] == [True, False, True]
    asked = (cluster / "sbatch").read_text().splitlines()
    for line in ("array=0-2%2", "account=speech", "cpus-per-task=8", "gpus-per-node=1", "time=1440"):
        assert f"#SBATCH --{line}" in asked


def test_a_job_that_cannot_run_is_one_line(cluster, tmp_path, monkeypatch):
    (job,) = made_up(tmp_path, "a")
    (cluster / "srun").write_text("#!/usr/bin/env bash\nexit 1\n")
    monkeypatch.setattr(submitit.Job, "_results_timeout_s", 1)  # for a result that a slow disk still hides: 15 s
    ((outcome, _),) = run([job], executors.Slurm(tmp_path / "jobs", settings()), tmp_path)
    assert outcome.code and outcome.line.startswith("job 4711") and "FAILED" in outcome.line
    assert "\n" not in outcome.line


def test_an_error_without_words_is_one_line():
    def result():
        raise AssertionError

    job = SimpleNamespace(result=result, job_id="4711", state="UNKNOWN")
    work = MadeUpWork("a", (), 1, Path("a.log"))
    assert executors.Slurm._outcome(job, work).line == "job 4711 ended as UNKNOWN: AssertionError"


def test_settings_are_those_of_the_command_line():
    words = (
        "--gpus 4 --slurm-partition gpu --slurm-minutes 90 --slurm-cpus 16 --slurm-memory 64 --slurm-option qos=long"
    )
    assert settings(*words.split()) == {
        "name": "xser-paper",
        "timeout_min": 90,
        "cpus_per_task": 16,
        "gpus_per_node": 4,
        "mem_gb": 64,
        "slurm_partition": "gpu",
        "slurm_additional_parameters": {"qos": "long"},
    }
    assert "gpus_per_node" not in settings("--device", "cpu")


def test_no_slurm_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with pytest.raises(XserError, match="no SLURM here"):
        executors.Slurm(tmp_path, {})


def test_without_slurm_nothing_is_prepared(tmp_path, monkeypatch, recipes):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    words = ["--grid", "paper", "--slurm", "--encoder", "compact", "--data-root", str(tmp_path / "none")]
    with pytest.raises(XserError, match="no SLURM here"):
        grid.run_words([*words, "--work-dir", str(tmp_path / "exp")])
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_slurm_ends_early_is_submitted_again_as_it_was(tmp_path):
    (job,) = made_up(tmp_path, "a")
    work = MadeUpWork(job.name, job.words, 1, tmp_path / "a.log")
    again = work.checkpoint()
    assert again.result().code == 0 and job.is_finished
