"""A tiny experiment with each way to name a pretrained encoder: trained once, wherever its model lies."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.support import CHECKOUT
from tests.support.hub_server import COMMIT, NAME, Hub
from tests.support.made_corpora import make_root
from tests.support.stages import begun, options, run
from tests.support.tiny_encoders import tiny_encoder
from tools.make_tiny_encoder import make_tiny_encoder
from xser.core.errors import XserError


@pytest.fixture(scope="module")
def data_root(tmp_path_factory):
    return make_root(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def prepared(data_root, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp("prepared")
    run("prepare manifests", options(data_root, work_dir))
    return work_dir


@pytest.fixture(autouse=True)
def exp(prepared, tmp_path):
    """A work folder of the test's own, with the audio and the manifests that all tests share."""
    return begun(tmp_path / "exp", prepared)


@pytest.fixture
def folder(tmp_path_factory, tmp_path):
    return shutil.copytree(tiny_encoder("wav2vec2-group", tmp_path_factory), tmp_path / "my model")


def words(data_root, tmp_path, *more, encoder, system="baseline2"):
    found = options(data_root, tmp_path / "exp", "--encoder", str(encoder), "--system", system, "--steps", "1", *more)
    at = found.index("--embedding_size")  # compact's and frozen's alone
    return found if "frozen" in more else found[:at] + found[at + 2 :]


def trained(tmp_path):
    return sorted(tmp_path.glob("exp/runs/**/trained.json"))


def told(data_root, tmp_path, match, stages, *more, **how):
    with pytest.raises(XserError, match=match) as caught:
        run(stages, words(data_root, tmp_path, *more, **how))
    assert "\n" not in str(caught.value)


def test_a_folder_may_move_and_another_model_is_trained_anew(data_root, tmp_path, folder, capsys):
    run("train", words(data_root, tmp_path, encoder=folder))
    first = json.loads(trained(tmp_path)[0].read_text())
    assert (first["encoder_source"], first["encoder_option"]) == (str(folder), str(folder))
    assert first["encoder"].startswith("my-model-") and len(first["encoder_identity"]) == 16
    (tmp_path / "elsewhere").mkdir()
    moved = shutil.move(folder, tmp_path / "elsewhere" / "my model")
    run("train evaluate", words(data_root, tmp_path, encoder=moved))
    assert f"encoder {first['encoder']} " in capsys.readouterr().out
    assert len(trained(tmp_path)) == 1
    evaluated = json.loads((trained(tmp_path)[0].parent / "run.json").read_text())
    assert evaluated["encoder_identity"] == first["encoder_identity"]
    make_tiny_encoder("wav2vec2-group", moved, seed=1)  # another model in the same place
    match = "was trained with other weights or settings of .*my model: give .* as it was, or .*--stage 2"
    told(data_root, tmp_path, match, "evaluate", encoder=moved)
    run("train evaluate", words(data_root, tmp_path, encoder=moved))
    names = {json.loads(path.read_text())["encoder"] for path in trained(tmp_path)}
    assert (
        len(names) == 2 and {path.name[: len(first["encoder"])] for path in tmp_path.glob("exp/results/*/*")} == names
    )


@pytest.mark.parametrize("finetuning", ["frozen", "peft", "last_layers", "full"])
def test_a_checkpoint_refuses_another_encoder(data_root, tmp_path, folder, finetuning):
    """Whoever loads a run by its folder alone, not through the options, is refused too."""
    from xser.model.prediction import load_trained

    run("train", words(data_root, tmp_path, "--finetune", finetuning, encoder=folder))
    run_folder = trained(tmp_path)[0].parent
    load_trained(run_folder)
    make_tiny_encoder("wav2vec2-group", folder, seed=1)
    with pytest.raises(XserError, match="trained on another pretrained encoder .*or train again"):
        load_trained(run_folder)


def test_a_model_root_gives_what_the_folder_gives(data_root, tmp_path, folder):
    root = tmp_path / "models"
    shutil.copytree(folder, root / "wav2vec2_base_fr_voxpopuli")
    run("train", words(data_root, tmp_path, "--model-root", str(root), encoder="language_matched"))
    info = json.loads(trained(tmp_path)[0].read_text())
    assert (info["encoder"], info["encoder_option"]) == ("wav2vec2_base_fr_voxpopuli", "language_matched")
    source = ["--encoder_source", str(folder)]  # the same model by another way
    run("train evaluate", words(data_root, tmp_path, *source, encoder="wav2vec2_base_fr_voxpopuli"))
    assert len(trained(tmp_path)) == 1


def test_a_model_that_saw_emotional_speech_is_marked_in_the_results(data_root, tmp_path, folder, capsys, caplog):
    emotional = folder.rename(tmp_path / "wav2vec2-er")
    run("train evaluate", words(data_root, tmp_path, encoder=emotional))
    warned = [record.getMessage() for record in caplog.records if "emotional speech" in record.getMessage()]
    assert len(warned) == 1 and warned[0].startswith("warning: ")
    assert "was trained on emotional speech" in capsys.readouterr().out
    info = json.loads(next(tmp_path.glob("exp/runs/**/run.json")).read_text())
    assert any("emotional speech" in sentence for sentence in info["left_out"])
    for suffix in ("md", "json"):
        table = next(tmp_path.glob(f"exp/results/*/*/table.{suffix}"))
        assert "emotional speech" in table.read_text()


TRAIN_THEN_EVALUATE = """
import sys
from tests.support.stages import run
run("train", sys.argv[1:])
print("trained", flush=True)
sys.stdin.read()  # until the hub is gone
run("evaluate", sys.argv[1:])
"""


def test_a_model_of_the_hub_trains_and_evaluates_offline_afterwards(data_root, tmp_path, folder):
    """In one process, as another would only import PyTorch again: test_hub.py has a new one find what is kept."""
    given = words(data_root, tmp_path, encoder=f"{NAME}@v1")
    with Hub(folder) as hub:
        home = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf"), "PYTHONPATH": str(CHECKOUT)}
        process = subprocess.Popen(
            [sys.executable, "-c", TRAIN_THEN_EVALUATE, *given],
            env={**os.environ, **home},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert "trained\n" in iter(process.stdout.readline, ""), process.stderr.read()
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    info = json.loads(trained(tmp_path)[0].read_text())
    assert (info["encoder"], info["encoder_source"], info["encoder_revision"]) == ("someone-tiny-v1", NAME, COMMIT)
    assert "encoder someone-tiny-v1 peft," in out


def test_the_real_whisper_by_its_folder(data_root, tmp_path, shared):
    whisper = shared / "models" / "whisper_tiny_en"
    run("train evaluate", words(data_root, tmp_path, "--finetune", "frozen", encoder=whisper))
    copy = shutil.copytree(whisper, tmp_path / "whisper_tiny_en")
    run("evaluate", words(data_root, tmp_path, "--finetune", "frozen", encoder=copy))
    content = bytearray((copy / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (copy / "model.safetensors").write_bytes(content)
    told(data_root, tmp_path, "was trained with other weights", "evaluate", "--finetune", "frozen", encoder=copy)
