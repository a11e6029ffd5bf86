"""A mistake is one line and an exit code; a defect is a traceback."""

import errno

import pytest

from xser.commands import command_line
from xser.commands.options import experiment_parser
from xser.core.errors import XserError
from xser.experiments.hyperparameters import hyperparameter_keys


def run(error, *words):
    def main(argv):
        raise error

    with pytest.raises(SystemExit) as ended:
        command_line.run(main, list(words))
    return ended.value.code


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (XserError("the file\nis gone: put it back"), "the file is gone: put it back"),
        (OSError(errno.ENOSPC, "No space left on device"), "no space left on the disk"),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected"), "no space left on the disk"),
        (PermissionError(errno.EACCES, "Permission denied", "exp"), "no permission for exp"),
        (OSError(errno.EROFS, "Read-only file system", "exp"), "exp is on a read-only file system: choose another"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "exp/audio"), "exp/audio cannot be a folder"),
        (FileExistsError(errno.EEXIST, "File exists", "exp"), "exp cannot be a folder"),
        (MemoryError(), "out of memory: use smaller batches"),
        (
            RuntimeError(
                "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you "
                "tried to allocate 4611686018427387904 bytes. Error code 12"
            ),
            "out of memory",
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."), "out of memory"),
        (RuntimeError("CUDA error: out of memory"), "out of memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
    ],
)
def test_what_a_user_can_mend_is_one_line(error, said, capsys):
    assert run(error) == 1
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_help_says_no_default_where_there_is_none():
    parser = command_line.OneLineParser()
    parser.add_argument("--note", action="append", default=[], help="a paragraph")
    parser.add_argument("--jobs", default=3, help="processes")
    assert "default: 3" in parser.format_help() and "[]" not in parser.format_help()


def test_torchs_own_words_for_exhausted_memory(capsys):
    import torch

    with pytest.raises(RuntimeError) as on_a_cpu:
        torch.empty(2**60)
    for error in (on_a_cpu.value, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")):
        assert run(error) == 1
        assert "out of memory" in capsys.readouterr().err


def test_the_remedies_for_exhausted_memory_are_options(capsys, recipes):
    assert run(MemoryError()) == 1
    named = {word.strip("(),;.") for word in capsys.readouterr().err.split() if "--" in word}
    known = {f"--{key}" for key in hyperparameter_keys(recipes / "hparams", None, "peft")}
    known |= {option for action in experiment_parser("x")._actions for option in action.option_strings}
    assert named and named <= known


def test_of_several_processes_one_says_it(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    assert run(XserError("once")) == 1
    assert capsys.readouterr().err == ""


def test_an_interrupt_is_silent(capsys):
    assert run(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ""


def test_a_defect_shows_its_traceback():
    def main(argv):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command_line.run(main, [])


def test_debug_shows_the_traceback_of_a_mistake():
    seen = []

    def main(argv):
        seen.extend(argv)
        raise XserError("told")

    with pytest.raises(XserError):
        command_line.run(main, ["--debug", "--steps", "3"])
    assert seen == ["--steps", "3"]
