"""The shell of the recipes: options, stages, and what reaches the verbs."""

import shlex
import subprocess

import pytest

from tests.support.shell_checkout import CORPORA, Shell

STAGES = [
    "xser.experiments.prepare",
    "xser.experiments.manifests",
    "xser.experiments.train",
    "xser.experiments.evaluate",
]


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


@pytest.mark.parametrize("recipe", CORPORA)
def test_a_bare_recipe_checks_its_options_and_runs_every_stage(shell, recipe):
    process = shell.recipe(recipe)
    assert process.returncode == 0, process.err
    assert shell.asked("-m xser.") == [
        f"-m xser.experiments.experiment check --corpus {recipe}",
        *(f"-m {stage} --corpus {recipe}" for stage in STAGES),
    ]
    assert process.err.splitlines() == [
        f"stage 0 prepare: python -m xser.experiments.prepare --corpus {recipe}",
        f"stage 1 manifests: python -m xser.experiments.manifests --corpus {recipe}",
        f"stage 2 train: python -m xser.experiments.train --corpus {recipe}",
        f"stage 3 evaluate: python -m xser.experiments.evaluate --corpus {recipe}",
    ]


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        (["--stage", "2"], 2, 3),
        (["--stage", "evaluate"], 3, 3),
        (["--stop-stage", "1"], 0, 1),
        (["--stop-stage", "prepare"], 0, 0),
        (["--stage", "1", "--stop-stage", "train"], 1, 2),
        (["--stage=manifests", "--stop-stage=1"], 1, 1),
        (["--seed", "3", "--stage", "3", "--skip-bad"], 3, 3),
    ],
)
def test_stages_are_chosen_by_number_or_name(shell, options, first, last):
    process = shell.recipe("emodb", *options)
    assert process.returncode == 0, process.err
    assert shell.modules() == ["xser.experiments.experiment", *STAGES[first : last + 1]]
    assert not any("stage" in line for line in shell.asked("-m xser."))


@pytest.mark.parametrize(
    "options",
    [
        ["--stage", "two"],
        ["--stage", "4"],
        ["--stage", "-1"],
        ["--stage", "02"],
        ["--stage", ""],
        ["--stage="],
        ["--stage"],
        ["--stage", "--gpus", "2"],
        ["--stop-stage", "training"],
        ["--stage", "2", "--stop-stage", "1"],
        ["--gpus", "0"],
        ["--gpus", "many"],
        ["--nnodes", "0"],
        ["--node-rank", "-1"],
        ["--rdzv", ""],
        ["--gpus"],
        ["--download", "--stage", "1"],
        ["--accept-licence", "--stage", "train"],
        ["--download=yes"],
        ["--corpus", "urdu"],
    ],
)
def test_a_wrong_stage_or_gpu_is_one_line_and_nothing_runs(shell, options):
    process = shell.recipe("emodb", *options)
    assert process.returncode == 2
    assert process.out == ""
    assert len(process.err.splitlines()) == 1
    assert "--help" in process.err
    assert shell.asked("") == []


@pytest.mark.parametrize("corpus", [["--corpus", "/a b/ü.csv"], ["--corpus=/a b/ü.csv"]])
def test_a_corpus_without_a_recipe_is_run_by_the_shared_stages(shell, corpus):
    process = shell.run("recipes/run_stages.sh", "--seed", "2", *corpus, "--stop-stage", "0", XSER_PYTHON=shell.python)
    assert process.returncode == 0, process.err
    typed = shlex.split(process.err.splitlines()[0].partition(": python ")[2])
    assert typed == ["-m", "xser.experiments.prepare", "--seed", "2", "--corpus", "/a b/ü.csv"]
    again = shell.run("recipes/run_stages.sh", *corpus, *corpus, XSER_PYTHON=shell.python)
    assert (again.returncode, len(again.err.splitlines())) == (2, 1) and "--corpus is /a b/ü.csv already" in again.err


def test_the_options_of_downloads_reach_stage_0_alone(shell):
    process = shell.recipe("ravdess", "--download", "--data-root", "/d", "--accept-licence", "--stop-stage", "1")
    assert process.returncode == 0, process.err
    assert shell.asked("-m xser.") == [
        "-m xser.experiments.experiment check --corpus ravdess --data-root /d",
        "-m xser.experiments.prepare --corpus ravdess --data-root /d --download --accept-licence",
        "-m xser.experiments.manifests --corpus ravdess --data-root /d",
    ]


def test_other_options_reach_every_stage_unchanged(shell, tmp_path):
    awkward = ["--data-root", "/a b/ü", "--work-dir", "$HOME/*", "--scheme", "", "--rate=1e-3", "--key", "a'\"b"]
    process = shell.recipe("zero_shot", "--sources", "cafe,urdu", "--stage", "1", "--target", "emodb", *awkward)
    assert process.returncode == 0, process.err
    quoted = subprocess.run(
        ["bash", "-c", 'printf "%q " "$@"', "-", "--sources", "cafe,urdu", "--target", "emodb", *awkward],
        env={},
        text=True,
        capture_output=True,
    ).stdout.strip()
    assert shell.asked("-m xser.") == [
        f"-m xser.experiments.experiment check {quoted}",
        *(f"-m {s} {quoted}" for s in STAGES[1:]),
    ]
    typed = shlex.split(process.err.splitlines()[0].partition(": python ")[2])
    assert typed == ["-m", "xser.experiments.manifests", "--sources", "cafe,urdu", "--target", "emodb", *awkward]


def test_zero_shot_has_a_task_of_its_own_unless_the_user_names_one(shell):
    shell.recipe("zero_shot", "--stage", "3", "--seed", "1")
    (line,) = shell.asked("-m xser.experiments.evaluate")
    assert "--sources " in line and "--target " in line and line.endswith("--seed 1")
    shell.log.unlink()
    both = ["--sources", "cafe", "--target", "urdu"]
    for options in (["--target", "urdu"], ["--sources=cafe"], ["--task", "en-de"], ["--task=en-de"], both):
        shell.recipe("zero_shot", "--stage", "3", *options)
        assert shell.asked("-m xser.experiments.evaluate")[-1] == " ".join(["-m xser.experiments.evaluate", *options])


def test_several_gpus_start_stages_2_and_3_and_only_those_in_several_processes(shell):
    process = shell.recipe("emodb", "--gpus", "3", "--seed", "0")
    assert process.returncode == 0, process.err
    assert shell.asked("-m xser.") == [
        "-m xser.experiments.experiment check --corpus emodb --seed 0",
        "-m xser.experiments.prepare --corpus emodb --seed 0",
        "-m xser.experiments.manifests --corpus emodb --seed 0",
        "-m xser.grid.ranks --gpus 3 train --corpus emodb --seed 0",
        "-m xser.grid.ranks --gpus 3 evaluate --corpus emodb --seed 0",
    ]
    shell.log.unlink()
    shell.recipe("emodb", "--gpus", "1")
    assert shell.asked("xser.grid.ranks") == []


def test_of_several_nodes_the_first_prepares_and_all_train_and_evaluate(shell):
    nodes = ["--gpus", "4", "--nnodes", "2", "--rdzv", "n0:2000", "--seed", "0"]
    process = shell.recipe("emodb", *nodes, "--node-rank", "0")
    assert process.returncode == 0, process.err
    assert shell.modules() == ["xser.experiments.experiment", *STAGES[:2], "xser.grid.ranks", "xser.grid.ranks"]
    where = "--gpus 4 --nnodes 2 --node-rank 0 --rdzv n0:2000"
    assert shell.asked("xser.grid.ranks")[0] == f"-m xser.grid.ranks {where} train --corpus emodb --seed 0"
    shell.log.unlink()
    process = shell.recipe("emodb", *nodes, "--node-rank", "1")
    assert process.returncode == 0, process.err
    assert shell.modules() == ["xser.experiments.experiment", "xser.grid.ranks", "xser.grid.ranks"]
    assert "stage 0 prepare: left to the first node" in process.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--nnodes", "2"], "with --nnodes give --rdzv HOST:PORT"),
        (["--nnodes", "two"], "--nnodes takes"),
        (["--node-rank", "1"], "--node-rank is below --nnodes"),
        (["--nnodes", "2", "--node-rank", "2", "--rdzv", "h:1"], "--node-rank is below --nnodes"),
        (["--nnodes", "2", "--rdzv", "host"], "--rdzv takes HOST:PORT"),
    ],
)
def test_nodes_that_cannot_meet_are_one_line(shell, options, told):
    process = shell.recipe("emodb", *options)
    assert process.returncode == 2 and told in process.err and len(process.err.splitlines()) == 1
    assert shell.asked("") == []


def test_a_grid_gets_every_option_unchanged_and_runs_the_stages_itself(shell):
    process = shell.recipe("zero_shot", "--grid", "paper", "--seeds", "0-4", "--gpus", "2", "--data-root", "a b")
    assert process.returncode == 0, process.err
    assert shell.asked("-m xser.") == [r"-m xser.grid.grid --grid paper --seeds 0-4 --gpus 2 --data-root a\ b"]
    shell.log.unlink()
    assert shell.recipe("zero_shot", "--grid=paper", "--help").returncode == 0
    assert shell.asked("-m xser.") == ["-m xser.grid.grid --grid=paper --help"]


def test_nothing_runs_when_the_options_do_not_pass_the_check(shell):
    process = shell.recipe("emodb", "--system", "nonsense", FAKE_FAILING_VERB="xser.experiments.experiment")
    assert process.returncode == 1
    assert process.err == "xser: it went wrong\n"
    assert shell.modules() == ["xser.experiments.experiment"]


def test_a_failing_stage_ends_the_run_with_its_exit_code(shell):
    process = shell.recipe("emodb", FAKE_FAILING_VERB="xser.experiments.manifests")
    assert process.returncode == 1
    assert shell.modules() == ["xser.experiments.experiment", *STAGES[:2]]


@pytest.mark.parametrize("options", [["--help"], ["-h"], ["--stage", "1", "--help", "--encoder", "compact"]])
def test_help_prints_the_help_and_runs_no_stage(shell, options):
    assert shell.recipe("cafe", *options).returncode == 0
    encoder = " --encoder compact" if "--encoder" in options else ""
    assert shell.asked("-m xser.") == [f"-m xser.experiments.experiment help --corpus cafe{encoder}"]


def test_a_recipe_runs_from_any_folder_and_through_a_link(shell, tmp_path):
    link = tmp_path / "link.sh"
    link.symlink_to(shell.root / "recipes" / "urdu" / "run.sh")
    environment = {"PATH": str(shell.bin), "FAKE_LOG": str(shell.log), "XSER_PYTHON": "python3", "CDPATH": "/:/usr"}
    subprocess.run([shell.bin / "bash", "link.sh"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    subprocess.run([shell.bin / "bash", "run.sh"], cwd=link.resolve().parent, env=environment, check=True)
    assert shell.modules() == ["xser.experiments.experiment", *STAGES] * 2


def test_the_checkout_s_library_is_found_from_any_folder(shell):
    script = shell.root / "tools" / "show.sh"
    script.write_text('source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"\necho "$python|$PYTHONPATH"\n')
    process = shell.run("tools/show.sh", cwd="/", XSER_PYTHON=shell.python, PYTHONPATH="/mine")
    assert process.out == f"{shell.python}|{shell.root}:/mine\n"
    assert "--print" not in "".join(shell.asked(""))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "-m pytest"),
        (["tests/model", "-k", "supcon"], "-m pytest tests/model -k supcon"),
        (["--slow"], "-m pytest -m ''"),
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
    options = r"--task en-de --data-root a\ b"
    asked = [line for line in shell.asked("-m xser.") if "xser.experiments.experiment" not in line]
    assert asked == [
        f"-m xser.experiments.prepare {options}",
        f"-m xser.experiments.manifests {options}",
        *(
            f"-m xser.grid.ranks --gpus 4 --nnodes 2 --node-rank {node} --rdzv n3:20014 {stage} {options}"
            for node in range(2)
            for stage in ("train", "evaluate")
        ),
    ]


def test_slurm_starts_the_recipe_that_is_named(shell):
    process = slurm(shell, "emodb", "--seed", "1", SLURM_SUBMIT_DIR=shell.root, **JOB)
    assert process.returncode == 0, process.err
    assert shell.asked("-m xser.experiments.prepare") == ["-m xser.experiments.prepare --corpus emodb --seed 1"]


def test_slurm_ends_the_job_when_a_stage_fails(shell):
    process = slurm(shell, "emodb", SLURM_SUBMIT_DIR=shell.root, FAKE_FAILING_VERB="xser.experiments.manifests", **JOB)
    assert process.returncode == 1
    assert shell.asked("xser.grid.ranks") == []


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
