"""The benchmark of a training step runs and prints every ratio; the page says what was measured."""

import json
import subprocess
import sys

import pandas as pd
import pytest
import soundfile

from tests.support.made_audio import digest_of
from tests.support.made_corpora import PITCH, tone

CHECKED = ["tests", "benchmarks", "training_cost.py"]
PROMISED = (
    "useful audio", "peak memory of the process", "share of padding", "our step over a bare step",
    "frozen encoder: a batch's share of an epoch", "share of time waiting for data",
)  # fmt: skip


@pytest.fixture
def checkout(recipes):
    """Return the checkout."""
    return recipes.parent


def in_the_benchmark(checkout, code, *arguments):
    """Run `code` with the benchmark's modules at hand, and return what it prints."""
    places = [str(checkout / "tests" / "benchmarks"), str(checkout)]
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {places}\n{code}", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def made_measurement(useful=30.0, wall=10.0, peak=3e9):
    """What a run of the command would have measured."""
    step = {"wall": wall, "cpu": wall, "useful": useful, "padded": useful, "available": 2 * useful, "waited": 0.1}
    bare = {"wall": 0.98 * wall, "cpu": 0.98 * wall}
    ours = {"steps": [step] * 3, "bare": [bare] * 3, "peak_memory": peak, "imported": 4e8}
    plain_step = {"wall": 60.0, "cpu": 60.0, "useful": 60.0, "padded": 100.0, "available": 60.0}
    plain = {"steps": [plain_step] * 3, "bare": [], "peak_memory": 12e9, "imported": 5e8}
    frozen = {**ours, "steps": [{**step, "wall": 0.01}] * 3, "features": {"wall": 10.0, "utterances": 36}}
    seconds = {"count": 2, "min": 1.0, "50%": 1.5, "mean": 1.5, "max": 2.0}
    return {
        "command": "c", "encoder": "e", "compact": ours, "frozen": frozen, "plain_frozen_switch": plain,
        "peft": {"ours": ours, "plain": plain},
        "machine": {"cores": 2, "threads": 1, "load_at_the_start": 0.0, "processor": "p", "versions": {}},
        "material": {"recordings": "real", "corpora": "a,b", "brought_to_other_durations": [], "utterances": 2,
                     "seconds": {"deu": seconds}},
    }  # fmt: skip


def table_of(checkout, found, tmp_path):
    (tmp_path / "found.json").write_text(json.dumps(found))
    code = """import json, cost_table
found = json.load(open(sys.argv[1]))
found["ratios"] = cost_table.ratios(found)
print(cost_table.written_table(found))"""
    return in_the_benchmark(checkout, code, tmp_path / "found.json")


def test_the_table_says_what_holds_and_what_does_not(checkout, tmp_path):
    good = table_of(checkout, made_measurement(), tmp_path)
    assert all(words in good for words in PROMISED)
    assert "| 3.00 times | at least 3 times: holds |" in good
    assert "| 0.25 | at most 0.5: holds |" in good
    assert "| 40.00 % | 0.00 % |" in good
    assert "+2.0 % (wall +2.0 %) | at most 5 %: holds |" in good
    assert "| 1001 times | at least 20 times: holds |" in good
    bad = table_of(checkout, made_measurement(wall=11.0, peak=7e9), tmp_path)
    assert "| 2.73 times | at least 3 times: **missed** |" in bad
    assert "| 0.58 | at most 0.5: **missed** |" in bad


def test_the_page_has_the_table_of_the_kept_measurement(checkout):
    """docs/research/cost.md quotes no figure that docs/results/ does not hold."""
    code = """import json, cost_table, cut_audio
print(cost_table.written_table(json.load(open(sys.argv[1]))))
print(cut_audio.written(json.load(open(sys.argv[2]))))"""
    kept = [checkout / "docs" / "results" / name for name in ("training_cost.json", "cut_audio.json")]
    page = (checkout / "docs" / "research" / "cost.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in in_the_benchmark(checkout, code, *kept).splitlines() if line not in page] == []


def test_help_and_a_wrong_folder_are_one_line(checkout, tmp_path):
    command = [sys.executable, checkout.joinpath(*CHECKED)]
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True)
    assert helped.returncode == 0 and "--data-root" in helped.stdout
    wrong = subprocess.run([*command, "--quick", "--data-root", tmp_path], capture_output=True, text=True)
    assert wrong.returncode != 0 and "Traceback" not in wrong.stderr
    assert "emodb" in wrong.stderr


def test_our_side_takes_steps_and_bare_ones(checkout, tmp_path):
    """Made-up tones, trained from scratch: quick, and the training that is measured is the one there is."""
    (tmp_path / "audio").mkdir()
    rows = []
    for number, (language, emotion) in enumerate(
        (language, emotion) for language in ("deu", "urd") for emotion in PITCH
    ):
        path, samples = tmp_path / "audio" / f"{number}.wav", tone(emotion, number)
        soundfile.write(path, samples, 16000)
        one = {"utterance": f"made-{number}", "corpus": "made", "digest": digest_of(path), "audio": str(path)}
        rows.append(one | {"seconds": len(samples) / 16000, "emotion": emotion, "language": language, "speaker": "a"})
    pd.DataFrame(rows).to_csv(tmp_path / "rows.csv", index=False)
    code = """import json
from measuring import Worker
with Worker("our_loop.py", sys.argv[1], sys.argv[1], "none", 1, "compact", sys.argv[2]) as ours:
    ours.warm_up(bare=True)
    ours.measure(2)
    ours.measure_bare()
print(json.dumps(ours.found))"""
    found = json.loads(in_the_benchmark(checkout, code, tmp_path / "rows.csv", tmp_path))
    assert [len(found[what]) for what in ("steps", "bare")] == [2, 2]
    assert all(0 < step["useful"] <= step["padded"] + 1e-6 and step["wall"] > 0 for step in found["steps"])


@pytest.mark.slow
def test_the_command_runs_and_prints_every_ratio(checkout, tmp_path):
    output = tmp_path / "cost.json"
    command = [sys.executable, checkout.joinpath(*CHECKED), "--quick", "--threads", "1", "--output", output]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert all(words in ended.stdout for words in PROMISED)
    found = json.loads(output.read_text())
    ours, plain = found["peft"]["ours"], found["peft"]["plain"]
    head = 3 * 32 + 3 * 4 + 3  # what one side's layers have besides the encoder's: nothing of that size apart
    assert abs(ours["learning"] - plain["learning"]) <= head
    assert all(step["useful"] <= step["padded"] + 1e-6 for side in (ours, plain) for step in side["steps"])
    assert [path.name for path in tmp_path.iterdir()] == ["cost.json"]
