"""A mistake is one line and an exit code; a defect is a traceback."""

import argparse
import errno
import os
import re
import resource
import sys

import pytest

from xser.__main__ import main
from xser.commands import COMMANDS, STAGES, command_line, completion
from xser.commands import run as run_module
from xser.core.errors import UsageError, XserError
from xser.core.files import folder_of, write_text
from xser.experiments.hyperparameter_table import TABLE


def run(error, *words):
    def main():
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
        (OSError("Could not load this library: lib/_torchaudio.abi3.so"), "both from the same index"),
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


def test_the_remedies_for_exhausted_memory_are_options(capsys):
    assert run(MemoryError()) == 1
    named = {word.strip("(),;.") for word in capsys.readouterr().err.split() if "--" in word}
    known = {f"--{key}" for key in TABLE}
    known |= set(re.findall(r"--[\w-]+", command_line.parser_of("run", run_module).format_help()))
    assert named and named <= known


def test_of_several_processes_one_says_it(capsys, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "xser")
    monkeypatch.setenv("RANK", "1")
    assert run(XserError("once")) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("names", [["RANK"], ["LOCAL_RANK"], ["RANK", "LOCAL_RANK", "WORLD_SIZE"], ["MASTER_ADDR"]])
@pytest.mark.parametrize("value", ["0", "1", "x"])
def test_ranks_that_others_left_in_the_environment_change_nothing(capsys, monkeypatch, tmp_path, names, value):
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    for name in names:
        monkeypatch.setenv(name, value)
    assert run(XserError("told")) == 1
    assert capsys.readouterr().err == "xser: told\n" and not list(tmp_path.iterdir())
    assert not {*names} & {*os.environ}


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "nbAgg", "TkAgg", "nonsense", ""])
def test_a_backend_for_pictures_is_ours(monkeypatch, backend):
    monkeypatch.setenv("MPLBACKEND", backend)
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    command_line.run(lambda: None)
    assert os.environ["MPLBACKEND"] == "agg"


@pytest.mark.parametrize(
    ("interrupt", "told"),
    [
        (KeyboardInterrupt(), "xser: stopped: the same command goes on\n"),
        (KeyboardInterrupt(" in stage 2 (train)"), "xser: stopped in stage 2 (train): the same command goes on\n"),
    ],
)
def test_an_interrupt_is_one_line(capsys, interrupt, told):
    assert run(interrupt) == 130
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupted_stage_says_where_the_same_command_goes_on(monkeypatch, capsys, stage):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "_stage", lambda *_: interrupted)
    monkeypatch.setattr(sys, "argv", ["xser", stage, "emodb"])
    with pytest.raises(SystemExit, match="130"):
        main()
    last = capsys.readouterr().err.splitlines()[-1]
    number = STAGES.index(stage)
    assert last == f"xser: stopped in stage {number} ({stage}; {run_module.GOES_ON[number]}): the same command goes on"


def test_an_interrupt_while_importing_is_one_line(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("importlib.import_module", interrupted)
    monkeypatch.setattr(sys, "argv", ["xser", "run", "emodb"])
    with pytest.raises(SystemExit, match="130"):
        main()
    assert capsys.readouterr().err == "xser: stopped: the same command goes on\n"


def full(path):
    path.write_bytes(bytes(200_000))


def folder_in_its_place(path):
    (path / "below").mkdir(parents=True)
    write_text(path, "text")


def too_long_a_name(path):
    write_text(path.with_name("x" * 300), "text")


def read_a_folder(path):
    path.mkdir()
    path.read_bytes()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (full, "raise ulimit -f"),
        (folder_in_its_place, "file is a folder where a file is to be: move it away"),
        (read_a_folder, "file is a folder where a file is to be: move it away"),
        (too_long_a_name, "is too long for this disk"),
    ],
)
def test_limits_and_odd_places_are_one_line(tmp_path, capsys, fault, told):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(SystemExit, match="1"):
            command_line.run(lambda: fault(tmp_path / "file"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    complaint = capsys.readouterr().err
    assert told in complaint and complaint.count("\n") == 1


@pytest.mark.parametrize(
    "name", ["new\nline", "last\n", "re\rturn", "a\x85b", "a\u2028b", os.fsdecode(b"\xff\xfe"), ""]
)
def test_folders_that_no_table_can_name_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match="choose another folder|is empty"):
        folder_of(str(tmp_path / name) if name else name)


@pytest.mark.parametrize("name", ["é", "e\u0301", " space ", "a,b", '"', "数据", "x.y"])
def test_other_names_of_folders_are_as_good_as_any(tmp_path, name):
    assert folder_of(str(tmp_path / name)) == tmp_path / name


def test_a_defect_shows_its_traceback():
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command_line.run(main)


def test_debug_shows_the_traceback_of_a_mistake():
    def main():
        raise XserError("told")

    with pytest.raises(XserError):
        command_line.run(main, ["--debug", "--steps", "3"])


def test_options_that_do_not_go_together_end_with_code_2(capsys):
    assert run(UsageError("give a, not both")) == 2
    assert capsys.readouterr().err == "xser: give a, not both; see --help\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 0, "xser run "),
        (["--help"], 0, "xser labels "),
        (["--version"], 0, "."),
        (["rum"], 2, "no command 'rum' (did you mean run?)"),
        (["labels", "nowhere"], 1, "no corpus 'nowhere'"),
        (["run", "nowhere"], 2, "no recipe 'nowhere'"),
        *(([stage, "nowhere"], 2, "no recipe 'nowhere'") for stage in STAGES),
        ([], 0, f"one stage of run alone, with its options: {', '.join(STAGES)}"),
        (["prepare", "--help"], 0, "--stop-stage"),
        (["trian"], 2, "no command 'trian' (did you mean train?)"),
        (["run", "emodb", "--stage", "4"], 2, "--stage takes a stage, 0 to 3 or one of"),
        (["run", "emodb", "--stage", "2", "--stop-stage", "1"], 2, "comes before"),
        (["run", "emodb", "--corpus", "urdu"], 2, "--corpus is urdu already"),
        (["run", "emodb", "--download", "--stage", "1"], 2, "--download belongs to stage 0"),
        (["grid"], 2, "name a grid"),
        (["grid", "papr"], 1, "no grid 'papr' (did you mean paper?)"),
    ],
)
def test_the_command(words, code, told, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["xser", *words])
    ended = 0
    try:
        main()
    except SystemExit as end:
        ended = end.code
    said = capsys.readouterr()
    assert ended == code and told in said.out + said.err
    if code:
        assert said.out == "" and said.err.count("\n") == 1


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_a_word_for_run(stage, monkeypatch):
    def note(options, words, more):
        ran.append((options.stage, options.stop_stage, options.corpus, run_module.recipe_of(words)))

    ran = []
    monkeypatch.setattr(run_module, "main", note)
    for words in (["emodb"], ["--corpus", "emodb", "--steps", "3"]):
        monkeypatch.setattr(sys, "argv", ["xser", stage, *words])
        main()
    assert ran == [(stage, stage, None, "emodb"), (stage, stage, "emodb", None)]


def test_completions_know_every_command_and_option(capsys):
    completion.main(argparse.Namespace(shell="bash"))
    script = capsys.readouterr().out
    for word in (*COMMANDS, *STAGES, "--target-statistics", "--slurm-partition", "--pattern"):
        assert word in script
