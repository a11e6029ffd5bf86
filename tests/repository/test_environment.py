"""How the environment is chosen and made: the user's own where it will do, .venv otherwise."""

import os
import shutil
import signal
import time

import pytest

from tests.support.shell_checkout import Shell


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


def test_the_environment_is_made_once_and_then_nothing_is_started(shell):
    first = shell.run("tools/setup_env.sh")
    assert first.returncode == 0, first.err
    assert first.out == "" and ".venv is ready" in first.err
    (installed,) = shell.asked("-m pip install")
    assert "requirements.lock" in installed
    calls = len(shell.asked(""))
    second = shell.run("tools/setup_env.sh", "--print")
    assert second.out == f"{shell.venv}/bin/python\n" and second.err == ""
    assert len(shell.asked("")) == calls


def test_uv_makes_it_where_there_is_uv_and_needs_no_venv_module(shell):
    shell.fake_uv()
    first = shell.run("tools/setup_env.sh", FAKE_NO_VENV=1)
    assert first.returncode == 0, first.err
    made, installed = shell.asked("uv ")
    assert made.startswith("uv venv") and "requirements.lock" in installed
    assert shell.asked("-m pip") == []
    assert shell.run("tools/setup_env.sh").err == "" and len(shell.asked("uv ")) == 2


def test_pip_is_used_where_it_is_asked_for_also_after_uv(shell):
    shell.fake_uv()
    assert shell.run("tools/setup_env.sh", XSER_INSTALLER="pip").returncode == 0
    assert shell.asked("uv ") == [] and len(shell.asked("-m pip install")) == 1
    shutil.rmtree(shell.venv)
    assert shell.run("tools/setup_env.sh").returncode == 0
    assert len(shell.asked("uv ")) == 2


def test_the_test_extras_are_added_to_the_same_environment(shell):
    shell.run("tools/setup_env.sh")
    process = shell.run("tools/setup_env.sh", "--test")
    assert process.returncode == 0, process.err
    assert len(shell.asked("-m venv")) == 1
    installed = ["requirements-test.lock" in line for line in shell.asked("-m pip install")]
    assert installed == [False, True]
    calls = len(shell.asked(""))
    for options in ([], ["--test"]):
        assert shell.run("tools/setup_env.sh", *options).err == ""
    assert len(shell.asked("")) == calls


def test_extras_at_once_count_for_the_plain_set_up_too(shell):
    shell.run("tools/setup_env.sh", "--test")
    calls = len(shell.asked(""))
    assert shell.run("tools/setup_env.sh").err == ""
    assert len(shell.asked("")) == calls


def test_changed_requirements_are_installed_and_a_vanished_python_is_replaced(shell):
    shell.run("tools/setup_env.sh")
    with open(shell.root / "requirements.lock", "a") as file:
        file.write("something==1\n")
    assert shell.run("tools/setup_env.sh").returncode == 0
    assert (len(shell.asked("-m venv")), len(shell.asked("-m pip install"))) == (1, 2)
    newer = shell.fake_python(shell.bin / "python3.13")
    shell.python.unlink()
    assert shell.run("tools/setup_env.sh").returncode == 0
    assert (len(shell.asked("-m venv")), len(shell.asked("-m pip install"))) == (2, 3)
    assert (shell.venv / "bin" / "python").resolve() == newer.resolve()


def test_a_set_up_killed_half_way_starts_again_from_nothing(shell):
    process = shell.start("tools/setup_env.sh", FAKE_PIP_SECONDS=60)
    wait_for(lambda: shell.asked("-m pip install"))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (shell.venv / "half a package").touch()
    again = shell.run("tools/setup_env.sh")
    assert again.returncode == 0, again.err
    assert not (shell.venv / "half a package").exists()
    assert shell.run("tools/setup_env.sh").err == ""


def test_a_failing_pip_is_told_and_the_same_command_then_finishes(shell):
    process = shell.run("tools/setup_env.sh", FAKE_PIP_FAILS=1)
    assert process.returncode == 1
    assert "run the same command again" in process.err.splitlines()[-1]
    assert shell.recipe("emodb", XSER_PYTHON="").returncode == 0
    assert len(shell.asked("-m xser run emodb")) == 1


def test_two_set_ups_at_once_install_once(shell):
    processes = [shell.start("tools/setup_env.sh", FAKE_PIP_SECONDS=1) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert len(shell.asked("-m pip install")) == 1
    assert sum("waiting" in error for error in errors) == 2


@pytest.mark.parametrize(
    ("variables", "remedy"),
    [
        ({"FAKE_NO_VENV": "1"}, "apt install python3-venv"),
        ({"FAKE_VERSION": "3.9"}, "apt install python3 python3-venv"),
        ({"FAKE_VERSION": "3.99"}, "apt install python3 python3-venv"),
        ({"PATH": "no python"}, "apt install python3 python3-venv"),
    ],
)
def test_a_missing_python_or_venv_is_one_line_with_what_to_install(shell, variables, remedy):
    if variables.pop("PATH", None):
        shell.python.unlink()
    process = shell.run("tools/setup_env.sh", **variables)
    assert process.returncode == 1
    assert len(process.err.splitlines()) == 1 and process.err.strip().endswith(remedy)
    assert not shell.venv.exists()


def test_an_older_python3_does_not_hide_a_newer_python(shell):
    shell.python.write_text('#!/usr/bin/env bash\ncase "$*" in *version_info*) echo 3.8 ;; *) exit 1 ;; esac\n')
    newer = shell.fake_python(shell.bin / "python3.12")
    assert shell.run("tools/setup_env.sh").returncode == 0
    assert (shell.venv / "bin" / "python").resolve() == newer.resolve()


def test_torchaudio_s_cuda_libraries_are_set_aside_only_where_they_stop_the_import(shell):
    libraries = shell.venv / "lib" / "torchaudio" / "lib"
    shell.run("tools/setup_env.sh")
    assert [path.name for path in libraries.iterdir()] == ["_torchaudio.abi3.so"]
    shutil.rmtree(shell.venv)
    process = shell.run("tools/setup_env.sh", FAKE_CPU_TORCH=1)
    assert process.returncode == 0, process.err
    assert [path.name for path in libraries.iterdir()] == ["set_aside"]
    assert [path.name for path in (libraries / "set_aside").iterdir()] == ["_torchaudio.abi3.so"]
    assert "set_aside" in process.err


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_an_active_environment_that_will_do_is_used_as_it_is(shell, tmp_path, variable):
    active = tmp_path / "my env"
    python = shell.fake_python(active / "bin" / "python")
    process = shell.run("tools/setup_env.sh", "--print", **{variable: active})
    assert (process.out, process.err) == (f"{python}\n", "")
    assert not shell.venv.exists() and shell.asked("-m ") == []


def test_an_active_environment_that_will_not_do_is_left_alone(shell, tmp_path):
    active = tmp_path / "my env"
    shell.fake_python(active / "bin" / "python")
    process = shell.run(
        "tools/setup_env.sh", "--print", VIRTUAL_ENV=active, FAKE_PROBLEM="has no torch", FAKE_PROBLEM_CODE=1
    )
    assert process.out == f"{shell.venv}/bin/python\n"
    assert f"{active} has no torch" in process.err
    assert sorted(path.name for path in active.rglob("*")) == ["bin", "python"]
    quiet = shell.run("tools/setup_env.sh", VIRTUAL_ENV=active, FAKE_PROBLEM="has no torch", FAKE_PROBLEM_CODE=1)
    assert (quiet.returncode, quiet.err) == (0, "")


@pytest.mark.parametrize("how", ["active", "named"])
def test_a_user_s_broken_torchaudio_is_one_line_and_not_touched(shell, tmp_path, how):
    python = shell.fake_python(tmp_path / "my env" / "bin" / "python")
    choice = {"VIRTUAL_ENV": python.parents[1]} if how == "active" else {"XSER_PYTHON": python}
    process = shell.run("tools/setup_env.sh", FAKE_PROBLEM="has a CUDA torchaudio", FAKE_PROBLEM_CODE=3, **choice)
    assert process.returncode == 1
    assert len(process.err.splitlines()) == 1 and "move torchaudio/lib/*.so aside" in process.err
    assert not shell.venv.exists()


def test_a_named_python_is_used_as_it_is(shell):
    process = shell.run("tools/setup_env.sh", "--print", XSER_PYTHON="python3", VIRTUAL_ENV="/nowhere")
    assert process.out == f"{shell.python}\n"
    assert not shell.venv.exists()


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"XSER_PYTHON": "/no/such/python"}, "is not a program"),
        ({"XSER_PYTHON": "python3", "FAKE_PROBLEM": "has no torch", "FAKE_PROBLEM_CODE": 1}, "has no torch"),
    ],
)
def test_a_named_python_that_will_not_do_is_one_line(shell, variables, complaint):
    process = shell.recipe("emodb", **variables)
    assert process.returncode == 1
    assert len(process.err.splitlines()) == 1 and complaint in process.err
    assert shell.asked("-m ") == []


def test_a_user_s_own_venv_in_the_checkout_is_used_or_left_alone_but_never_removed(shell):
    python = shell.fake_python(shell.venv / "bin" / "python")
    assert shell.run("tools/setup_env.sh", "--print").out == f"{python}\n"
    process = shell.run("tools/setup_env.sh", FAKE_PROBLEM="has no torch", FAKE_PROBLEM_CODE=1)
    assert process.returncode == 1
    assert len(process.err.splitlines()) == 1 and f"move {shell.venv} away" in process.err
    assert sorted(path.name for path in shell.venv.rglob("*")) == ["bin", "python"]


def test_unknown_options_of_the_set_up_are_refused(shell):
    process = shell.run("tools/setup_env.sh", "--tests")
    assert process.returncode == 2 and len(process.err.splitlines()) == 1
    assert shell.asked("") == []


def wait_for(condition, seconds=20):
    """Wait until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
