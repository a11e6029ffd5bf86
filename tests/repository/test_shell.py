"""The shell of the recipes: every word reaches `xser run` as it was typed, from any folder."""

import subprocess

import pytest

from tests.support.shell_checkout import Shell


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


def test_a_recipe_passes_every_word_on_as_it_was_typed(shell):
    awkward = ["--data-root", "/a b/ü", "--work-dir", "$HOME/*", "--scheme", "", "--rate=1e-3", "--key", "a'\"b"]
    for recipe in ("emodb", "zero_shot"):
        shell.log.unlink(missing_ok=True)
        process = shell.recipe(recipe, "--stage", "0", *awkward)
        assert process.returncode == 0, process.err
        quoted = subprocess.run(
            ["bash", "-c", 'printf "%q " "$@"', "-", recipe, "--stage", "0", *awkward],
            env={},
            text=True,
            capture_output=True,
        ).stdout.strip()
        assert shell.asked("-m xser") == [f"-m xser run {quoted}"]
        assert process.out == process.err == ""


def test_the_command_of_the_checkout(shell):
    assert shell.run("tools/xser.sh", "audit", "a b", XSER_PYTHON=shell.python).returncode == 0
    assert shell.run("tools/new_recipe.sh", "swahili", "--from", "d", XSER_PYTHON=shell.python).returncode == 0
    assert shell.asked("-m xser") == [r"-m xser audit a\ b", "-m xser new-recipe swahili --from d"]


def test_a_failure_ends_with_its_exit_code(shell):
    process = shell.recipe("emodb", "--seed", "1", FAKE_FAILING_COMMAND="xser run emodb")
    assert process.returncode == 1
    assert process.err == "xser: it went wrong\n"


def test_a_recipe_runs_from_any_folder_and_through_a_link(shell, tmp_path):
    link = tmp_path / "link.sh"
    link.symlink_to(shell.root / "recipes" / "urdu" / "run.sh")
    environment = {"PATH": str(shell.bin), "FAKE_LOG": str(shell.log), "XSER_PYTHON": "python3", "CDPATH": "/:/usr"}
    subprocess.run([shell.bin / "bash", "link.sh"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    subprocess.run([shell.bin / "bash", "run.sh"], cwd=link.resolve().parent, env=environment, check=True)
    assert shell.asked("-m xser") == ["-m xser run urdu"] * 2


def test_the_checkout_s_library_is_found_from_any_folder(shell):
    script = shell.root / "tools" / "show.sh"
    script.write_text('source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"\necho "$python|$PYTHONPATH"\n')
    process = shell.run("tools/show.sh", cwd="/", XSER_PYTHON=shell.python, PYTHONPATH="/mine")
    assert process.out == f"{shell.python}|{shell.root}:/mine\n"
    assert "--print" not in "".join(shell.asked(""))


WORKERS = "--numprocesses auto --maxprocesses 8 --dist worksteal"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], f"-m pytest {WORKERS}"),
        (["tests/model", "-k", "supcon"], "-m pytest tests/model -k supcon"),
        (["--slow"], f"-m pytest -m '' {WORKERS}"),
        (["-x", "--slow"], "-m pytest -m '' -x"),
    ],
)
def test_the_tests_command_passes_pytest_its_options(shell, options, expected):
    process = shell.run("tools/test.sh", *options, XSER_PYTHON=shell.python)
    assert process.returncode == 0, process.err
    assert shell.asked("-m pytest") == [expected]
    (check,) = shell.asked("check_environment.py")
    assert "requirements-test.txt" in check


FAKE_SRUN = """#!/usr/bin/env bash
# As SLURM does: the command once on every node of the step, with the node's number.
nodes=$SLURM_JOB_NUM_NODES
while [[ $1 == --* ]]; do
    if [[ $1 == --nodes=* ]]; then nodes=${1#*=}; fi
    shift
done
for ((node = 0; node < nodes; node++)); do SLURM_NODEID=$node "$@" || exit; done
"""
JOB = {"SLURM_JOB_ID": 30007, "SLURM_JOB_NUM_NODES": 2, "SLURM_JOB_NODELIST": "n[3-4]", "SLURM_GPUS_ON_NODE": 4}


def slurm(shell, *options, **variables):
    for name, text in (("srun", FAKE_SRUN), ("scontrol", "#!/usr/bin/env bash\necho n3\necho n4\n")):
        (shell.bin / name).write_text(text)
        (shell.bin / name).chmod(0o755)
    return shell.run("tools/slurm/several_nodes.sh", *options, XSER_PYTHON=shell.python, **variables)


def test_slurm_starts_an_experiment_on_every_node(shell):
    process = slurm(shell, "--task", "en-de", "--data-root", "a b", SLURM_SUBMIT_DIR=shell.root, **JOB)
    assert process.returncode == 0, process.err
    run = r"-m xser run zero_shot --task en-de --data-root a\ b"
    train = "--stage train --stop-stage evaluate --gpus 4 --nnodes 2 --rdzv n3:20014"
    assert shell.asked("-m xser") == [
        f"{run} --stage prepare --stop-stage manifests",
        *(f"{run} {train} --node-rank {node}" for node in range(2)),
    ]


def test_slurm_starts_the_recipe_that_is_named(shell):
    process = slurm(shell, "emodb", "--seed", "1", SLURM_SUBMIT_DIR=shell.root, **JOB)
    assert process.returncode == 0, process.err
    first, *_ = shell.asked("-m xser")
    assert first == "-m xser run emodb --seed 1 --stage prepare --stop-stage manifests"


def test_slurm_ends_the_job_when_a_stage_fails(shell):
    failing = "xser run emodb --stage prepare"
    process = slurm(shell, "emodb", SLURM_SUBMIT_DIR=shell.root, FAKE_FAILING_COMMAND=failing, **JOB)
    assert process.returncode == 1
    assert len(shell.asked("-m xser")) == 1


@pytest.mark.parametrize("job", [{}, {**JOB, "SLURM_SUBMIT_DIR": "/tmp"}])
def test_what_slurm_needs_is_one_line(shell, job):
    process = slurm(shell, "--task", "en-de", **job)
    assert process.returncode == 2 and len(process.err.splitlines()) == 1 and "sbatch" in process.err
    assert shell.asked("") == []


@pytest.mark.parametrize("script", ["tools/test.sh", "tools/setup_env.sh", "tools/slurm/several_nodes.sh"])
def test_scripts_have_help(shell, script):
    process = shell.run(script, "--help")
    assert process.returncode == 0 and script in process.out and process.out.count("\n") > 4
    assert shell.asked("") == []
