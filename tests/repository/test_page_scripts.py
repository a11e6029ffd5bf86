"""The scripts that write a page of docs/results, with a fake Python: what they ask for, and what they refuse."""

import pytest

from tests.support.shell_checkout import Shell

GRIDS = ["real_speech_peft", "method_choices"]
SCRIPTS = ["real_speech", *GRIDS]


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


def run(shell, script, *options, **how):
    return shell.run(f"recipes/zero_shot/{script}.sh", *options, XSER_PYTHON=shell.python, **how)


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_says_how_it_is_called(shell, script):
    process = run(shell, script, "--help")
    assert process.returncode == 0 and f"bash recipes/zero_shot/{script}.sh --data-root DIR" in process.out
    assert shell.asked("") == []


MISSING = [
    (script, options) for script in SCRIPTS for options in ((), ("--data-root",), ("--data-root", "d", "--output"))
]


# A grid's script leaves it to the grid to say that --data-root has no value.
@pytest.mark.parametrize(
    ("script", "options"), [case for case in MISSING if case[0] not in GRIDS or case[1] != ("--data-root",)]
)
def test_a_missing_value_is_one_line_and_no_page_is_written_from_made_up_corpora(shell, script, options):
    process = run(shell, script, *options)
    assert process.returncode == 2 and len(process.err.splitlines()) == 1
    assert (options[-1] if options else "--data-root") in process.err
    assert shell.asked("") == []


@pytest.mark.parametrize("script", GRIDS)
@pytest.mark.parametrize("option", [["--work-dir", "w w"], ["--work-dir=w w"]])
def test_the_page_is_made_from_the_runs_of_the_work_folder(shell, script, option, tmp_path):
    process = run(shell, script, "--data-root", "d", *option, cwd=tmp_path)
    assert process.returncode == 0, process.err
    *grids, report = shell.asked("-m xser")
    assert all(rf"--work-dir {tmp_path}/w\ w" in asked and "--data-root d" in asked for asked in grids)
    assert rf"/w\ w/runs --output docs/results --name {script}" in report


@pytest.mark.parametrize("script", GRIDS)
def test_a_dry_run_writes_no_page(shell, script):
    process = run(shell, script, "--data-root", "d", "--dry-run")
    assert process.returncode == 0, process.err
    assert all("-m xser run zero_shot --grid" in asked and "--dry-run" in asked for asked in shell.asked("-m xser"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_first_mistake_ends_it(shell, script):
    command = "xser run"
    process = run(shell, script, "--data-root", "nowhere", FAKE_FAILING_COMMAND=command)
    assert process.returncode == 1 and process.err.count("xser: it went wrong") == 1
    assert len(shell.asked(command)) == 1 and shell.asked("-m xser report") == []
