"""Starting several processes: how torchrun is called, and which line a failure ends with."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import CHECKOUT
from xser.commands import run
from xser.commands.command_line import run_command
from xser.grid import ranks


def words(where, stage):
    return " ".join(ranks.torchrun_words(where, stage, ["run", "emodb", "--seed", "1"], "/logs"))


def test_one_node_needs_no_meeting_place():
    assert words(ranks.Ranks(4), 2) == ("--nproc_per_node 4 --log_dir /logs --standalone -m xser run emodb --seed 1")


def test_several_nodes_meet_at_a_port_of_each_stage():
    where = ranks.Ranks(4, nnodes=2, node_rank=1, rdzv="n0:2000")
    train, evaluate = words(where, 2), words(where, 3)
    assert train.startswith("--nproc_per_node 4 --log_dir /logs --nnodes 2 --node_rank 1 --rdzv_backend static")
    assert "--rdzv_endpoint n0:2000" in train
    assert "--rdzv_endpoint n0:2001" in evaluate


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--gpus", "0"], "numbers from 1 on"),
        (["--nnodes", "0"], "numbers from 1 on"),
        (["--nnodes", "two"], "invalid int value"),
        (["--node-rank", "1"], "--node-rank is below --nnodes"),
        (["--nnodes", "2"], "with --nnodes give --rdzv HOST:PORT"),
        (["--nnodes", "2", "--rdzv", "host"], "--rdzv takes HOST:PORT"),
        (["--nnodes", "2", "--rdzv", "host:1", "--node-rank", "2"], "--node-rank is below --nnodes"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(options, told, capsys):
    with pytest.raises(SystemExit) as ended:
        run_command("run", run, ["emodb", *options])
    error = capsys.readouterr().err
    assert ended.value.code == 2 and told in error and error.count("\n") == 1


def failure(code, message="", timestamp=0):
    return SimpleNamespace(
        exitcode=code,
        error_file=__file__ if message else "<N/A>",
        message=message or "none",
        timestamp=timestamp,
        signal_name=lambda: {-9: "SIGKILL", -15: "SIGTERM"}[code],
    )


@pytest.mark.parametrize(
    ("failures", "code", "told"),
    [
        ({0: failure(1, "no audio", 5), 1: failure(-15, timestamp=5)}, 1, "no audio"),
        ({0: failure(-15, timestamp=3), 1: failure(75, "held", 4)}, 75, "held"),
        ({0: failure(-15, timestamp=3), 1: failure(-9, timestamp=3)}, 1, "rank 1 was killed (SIGKILL)"),
        ({0: failure(1, timestamp=3), 1: failure(-9, timestamp=4)}, 1, "rank 1 was killed (SIGKILL)"),
        ({0: failure(-15, timestamp=4), 1: failure(1, timestamp=3)}, 1, "rank 1 failed"),
    ],
)
def test_the_line_is_of_the_rank_that_is_to_blame(failures, code, told):
    exit_code, line = ranks.first_failure(failures)
    assert exit_code == code and line.startswith(told)


MAIN = """
import os, time
from pathlib import Path
from xser.commands.command_line import run
from xser.core.errors import XserError

def main():
    if os.environ["RANK"] == os.environ.get("MISTAKEN"):
        raise XserError("no audio: run stage 0")
    Path(os.environ["TMPDIR"], f"rank{os.environ['RANK']}").write_text(str(os.getpid()))
    time.sleep(60)

run(main)
"""


@pytest.fixture
def launch(tmp_path):
    """Start two ranks of a command that needs no torch; the rank MISTAKEN finds a mistake, others wait for a minute."""
    package = tmp_path / "xser"
    package.mkdir()
    for path in (CHECKOUT / "xser").iterdir():
        if path.name not in ("__main__.py", "__pycache__"):
            (package / path.name).symlink_to(path)
    (package / "__main__.py").write_text(MAIN)
    code = "from xser.grid.ranks import Ranks, run_in_ranks; run_in_ranks(Ranks(2), 2, ['run', 'emodb'])"

    def start(**variables):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "TMPDIR": str(tmp_path), **variables}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([sys.executable, "-c", code], env=environment, cwd="/", text=True, **pipes)

    return start


@pytest.mark.parametrize("mistaken", [0, 1])
def test_a_mistake_of_any_rank_is_one_line(launch, tmp_path, mistaken):
    process = launch(MISTAKEN=str(mistaken))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (1, "", "xser: no audio: run stage 0\n")
    assert not list(tmp_path.glob("xser-ranks-*"))


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux ends processes with their parent")
def test_ranks_end_with_their_launch(launch, tmp_path):
    process = launch()
    told = [tmp_path / "rank0", tmp_path / "rank1"]
    while not all(path.is_file() and path.read_text() for path in told):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    pids = [path.read_text() for path in told]
    assert all(map(is_alive, pids))
    process.kill()
    process.communicate()
    began = time.monotonic()
    while any(map(is_alive, pids)):
        assert time.monotonic() - began < 10
        time.sleep(0.05)
