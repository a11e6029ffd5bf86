"""Whatever is damaged below exp/ is made again or named: no other result, and no traceback."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.support import stages
from tests.support.made_corpora import make_root
from xser.core.errors import XserError
from xser.core.files import read_json, write_json

ALL = "prepare manifests train evaluate"


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Options of a tiny experiment whose stages were all run, with two systems."""
    root = make_root(tmp_path_factory.mktemp("recordings"))
    words = stages.options(root, tmp_path_factory.mktemp("work") / "exp", "--system", "baseline2")
    stages.run(ALL, words)
    return words


@pytest.fixture(scope="module")
def whole(words, tmp_path_factory):
    """A copy of what the stages wrote."""
    return shutil.copytree(work_of(words), tmp_path_factory.mktemp("whole") / "exp")


@pytest.fixture
def work(words, whole):
    """The work folder, put back as it was."""
    shutil.rmtree(work_of(words))
    return shutil.copytree(whole, work_of(words))


def work_of(words):
    return stages.experiment_of(words).work_dir


def only(work, pattern):
    return sorted(work.glob(pattern))[0]


def flip(path):
    content = bytearray(path.read_bytes())
    content[int(np.random.default_rng(len(content)).integers(len(content)))] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_at_a_line(path):
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))


def exchange_labels(path):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    column = "emotion" if "emotion" in table else "native_label"
    one, other = sorted(set(table[column]))[:2]
    table[column] = table[column].replace({one: other, other: one})
    table.to_csv(path, index=False)


def move_to_another_part(path):
    path.write_text(re.sub(",valid$", ",train", path.read_text(), count=1, flags=re.M))


def take_a_row_of_the_target(path):
    target = only(path.parents[1], "emodb-*/manifest.csv").read_text().splitlines()[1]
    path.write_text(f"{path.read_text()}{re.sub(',(train|valid|test)$', ',valid', target)}\n")


def other_shape(path):
    path.write_text("[]")


def another_order_of_emotions(path):
    content = read_json(path)
    write_json(path, content | {"emotions": content["emotions"][::-1]})


def another_prepared_recording(path):
    shutil.copy(sorted(path.parent.iterdir())[-1], path)


FAULTS = {
    "audio/cafe-*/rows.csv": (exchange_labels, flip, cut, cut_at_a_line),
    "audio/cafe-*/prepared.json": (flip, cut, other_shape),
    "audio/cafe-*/audio/*.wav": (another_prepared_recording, flip, cut),
    "audio/cafe-*/features/*/*.safetensors": (flip, cut),
    "manifests/cafe-*/manifest.csv": (
        take_a_row_of_the_target, exchange_labels, move_to_another_part, flip, cut, cut_at_a_line,
    ),
    "manifests/emodb-*/manifest.csv": (cut_at_a_line, exchange_labels, flip),
    "manifests/cafe-*/manifest.json": (other_shape, flip, cut),
    "runs/*/*/*/*/checkpoints/*/network.ckpt": (flip, cut),
    "runs/*/*/*/*/checkpoints/*/CKPT.yaml": (cut, flip),
    "runs/*/*/*/*/trained.json": (another_order_of_emotions, other_shape, flip, cut),
    "runs/*/*/*/*/hyperparameters.yaml": (flip, cut),
}  # fmt: skip
CASES = [  # every file that decides a result, missing and damaged in one way; in the others with --slow
    pytest.param(pattern, fault, marks=[pytest.mark.slow] * (number > 1))
    for pattern, faults in FAULTS.items()
    for number, fault in enumerate([None, *faults])
]


def predictions(work):
    return only(work, "runs/*/*/*/*/predictions.csv").read_bytes()


def named(fault):
    return getattr(fault, "__name__", None)


@pytest.mark.parametrize(("pattern", "fault"), CASES, ids=named)
def test_all_stages_make_again_what_is_damaged(words, work, pattern, fault):
    before, damaged = predictions(work), only(work, pattern)
    damaged.unlink() if fault is None else fault(damaged)
    only(work, "runs/*/*/*/*/run.json").unlink()
    if "features" in pattern and fault is not None:
        with pytest.raises(XserError, match="is removed: run the same command again"):
            stages.run(ALL, words)
    stages.run(ALL, words)
    assert predictions(work) == before


@pytest.mark.parametrize(
    ("pattern", "stage", "remedy", "fault"),
    [
        ("audio/cafe-*/rows.csv", "manifests", "stage 0", flip),
        ("audio/cafe-*/prepared.json", "manifests", "stage 0", cut),
        ("manifests/cafe-*/manifest.csv", "train", "stage 1", flip),
        ("manifests/cafe-*/manifest.json", "train", "stage 1", cut),
        ("manifests/emodb-*/manifest.csv", "evaluate", "stage 1", flip),
        ("audio/cafe-*/audio/*.wav", "train", "stage 0", cut),
        ("runs/*/*/*/*/checkpoints/*/network.ckpt", "evaluate", "stage 2", flip),
        ("runs/*/*/*/*/checkpoints/*/emotion_head.ckpt", "evaluate", "stage 2", None),
        ("runs/*/*/*/*/hyperparameters.yaml", "evaluate", "stage 2", flip),
        ("runs/*/*/*/*/trained.json", "evaluate", "stage 2", flip),
    ],
    ids=named,
)
def test_a_stage_alone_names_what_is_damaged_and_the_stage_that_makes_it(words, work, pattern, stage, remedy, fault):
    damaged = only(work, pattern)
    damaged.unlink() if fault is None else fault(damaged)
    only(work, "runs/*/*/*/*/run.json").unlink()
    if stage == "train":
        shutil.rmtree(work / "runs")
        shutil.rmtree(only(work, "audio/cafe-*/features"))
    with pytest.raises(XserError) as told:
        stages.run(stage, words)
    assert remedy in str(told.value) and "\n" not in str(told.value)
    assert damaged.name in str(told.value) or fault is None
    assert not list(work.glob("runs/*/*/*/*/run.json"))


def test_a_damaged_training_is_trained_anew_and_says_so(words, work, caplog):
    flip(only(work, "runs/*/*/*/*/checkpoints/*/network.ckpt"))
    only(work, "runs/*/*/*/*/run.json").unlink()
    stages.run("train", words)
    assert re.search("warning: baseline2/seed0 is trained anew: .*network.ckpt is not what was written", caplog.text)


@pytest.mark.parametrize(
    ("file", "fault"), [("network.ckpt", flip), ("optimizer_heads.ckpt", None), ("CKPT.yaml", None)], ids=named
)
def test_an_unfinished_training_with_a_damaged_checkpoint_begins_anew(words, work, caplog, file, fault):
    before = predictions(work)
    for name in ("run.json", "trained.json"):
        only(work, f"runs/*/*/*/*/{name}").unlink()
    damaged = only(work, f"runs/*/*/*/*/checkpoints/*/{file}")
    damaged.unlink() if fault is None else fault(damaged)
    stages.run("train evaluate", words)
    assert f"the training begins anew: {damaged}" in caplog.text
    assert predictions(work) == before


def test_what_older_versions_wrote_without_digests_is_used(words, work, monkeypatch):
    before = predictions(work)
    for path in [*work.glob("audio/*/prepared.json"), *work.glob("manifests/*/manifest.json")]:
        content = read_json(path)
        for table in content.get("tables", ()):
            del table["digest"]
        write_json(path, {key: it for key, it in content.items() if key not in ("content_digest", "rows_digest")})
    for path in work.glob("runs/*/*/*/*/*.json"):
        content = read_json(path)
        write_json(path, {key: it for key, it in content.items() if key not in ("content_digest", "trained_files")})
    for path in [*work.rglob("*.sha256"), *work.rglob("digests.json")]:
        path.unlink()
    trained = only(work, "runs/*/*/*/*/trained.json")
    was = trained.read_bytes()
    only(work, "runs/*/*/*/*/run.json").unlink()
    stages.run("train evaluate", words)
    assert trained.read_bytes() == was and predictions(work) == before
    assert json.loads(was)["emotions"]
