"""What stands in two places is refused or warned of, and every result repeats what was warned of."""

import csv
import json

import numpy as np
import pytest
import soundfile

from tests.support import stages
from xser.core.errors import XserError

EMOTIONS = ("angry", "happy", "neutral", "sad")
PARTS = ("train", "train", "valid", "test")
FIELDS = ("path", "label", "speaker", "language", "split")


@pytest.fixture
def corpora(tmp_path):
    """The tables of two sources and a target, four speakers each; recordings of 2 s that waver as speech does."""
    tables = {}
    for number, (name, language) in enumerate((("aa", "French"), ("bb", "Urdu"), ("tt", "German"))):
        chance, rows = np.random.default_rng(number), []
        (tmp_path / name).mkdir()
        for speaker, part in enumerate(PARTS):
            for emotion in EMOTIONS:
                noise = np.convolve(chance.standard_normal(32000), np.ones(5) / 5, "same")
                loudness = 0.2 + np.abs(np.sin(np.arange(32000) / chance.uniform(800, 3000)))
                path = f"{name}/{speaker}_{emotion}.wav"
                soundfile.write(tmp_path / path, 0.2 * noise * loudness, 16000)
                rows.append(dict(zip(FIELDS, (path, emotion, f"{name}{speaker}", language, part), strict=True)))
        tables[name] = rows
    return tables


def write(folder, tables):
    for name, rows in tables.items():
        with open(folder / f"{name}.csv", "w", newline="") as file:
            table = csv.DictWriter(file, FIELDS)
            table.writeheader()
            table.writerows(rows)
    sources = ",".join(str(folder / f"{name}.csv") for name in ("aa", "bb"))
    words = stages.options(folder, folder / "exp", sources=sources, target=str(folder / "tt.csv"))
    return [*words, "--split", "official", "--system", "baseline2"]


def copy(folder, row, name, disguise, **changes):
    """A copy of a recording, a row of another table."""
    samples, rate = soundfile.read(folder / row["path"])
    if disguise == "quieter":
        samples = 0.5 * samples
    elif disguise == "cut":
        samples = samples[4000:-2000]
    elif disguise == "noise":
        samples = samples + 0.001 * np.random.default_rng(9).standard_normal(len(samples))
    path = f"{name}/copy of {row['path'].replace('/', ' ')}"
    soundfile.write(folder / path, samples, rate)
    return {**row, "path": path, **changes}


@pytest.mark.parametrize("part", ["train", "valid"])
@pytest.mark.parametrize("disguise", ["none", "quieter", "cut", "noise"])
def test_a_copy_of_a_targets_recording_is_refused_in_what_learns_or_selects(corpora, tmp_path, part, disguise):
    row = next(row for row in corpora["aa"] if row["split"] == part)
    changes = {"speaker": row["speaker"], "language": row["language"], "split": part}
    corpora["aa"].append(copy(tmp_path, corpora["tt"][0], "aa", disguise, **changes))
    words = write(tmp_path, corpora)
    stages.run("prepare", words)
    with pytest.raises(XserError, match="recordings of aa and tt|to be recognised are also learned or selected from"):
        stages.run("manifests", words)
    assert not list(tmp_path.glob("exp/manifests/*/manifest.json"))


def test_what_is_warned_of_between_corpora_stands_under_the_table(corpora, tmp_path, capsys):
    """A target's recording in a source's part test, and sources that hold the same recordings."""
    last = corpora["aa"][-1]
    corpora["aa"].append(copy(tmp_path, corpora["tt"][0], "aa", "quieter", **{k: last[k] for k in FIELDS[2:]}))
    for row, disguise in zip(corpora["aa"][:3], ("none", "quieter", "cut"), strict=True):  # of the part train
        corpora["bb"].append(copy(tmp_path, row, "bb", disguise, speaker="bb2", language="Urdu", split="valid"))
    words = write(tmp_path, corpora)
    stages.run("prepare manifests train evaluate", words)
    said = capsys.readouterr().out
    assert "between corpora: warning corpora-duplicates: aa and bb: 1 pair" in said
    assert "between corpora: warning corpora-near-duplicates: aa and bb:" in said
    assert "between corpora: warning corpora-near-duplicates: aa and tt: 1 pair" in said
    (path,) = tmp_path.glob("exp/runs/**/run.json")
    warnings = json.loads(path.read_text())["warnings"]
    under = next(tmp_path.glob("exp/results/**/table.md")).read_text()
    for start in ("aa and bb: corpora-duplicates", "aa and bb: corpora-near", "aa and tt: corpora-near"):
        (warning,) = [each for each in warnings if each.startswith(start)]
        assert f"The audit warns: {warning}." in under


def test_what_is_found_in_the_target_itself_stands_under_the_table(corpora, tmp_path):
    words = write(tmp_path, corpora)
    stages.run("prepare manifests train evaluate", words)
    (path,) = tmp_path.glob("exp/runs/**/run.json")
    warnings = json.loads(path.read_text())["warnings"]
    assert any(each.startswith("tt: small-groups: ") for each in warnings)
    assert not any(each.startswith(("aa: ", "bb: ")) for each in warnings)  # as small, but nobody reports on them
    under = next(tmp_path.glob("exp/results/**/table.md")).read_text()
    assert all(f"The audit warns: {each}." in under for each in warnings)
