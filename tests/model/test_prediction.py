"""A trained model is loaded once, predicts any table without labels, and writes nothing that nobody asked for."""

import shutil

import numpy as np
import pytest

from tests.support.tiny_encoders import tiny_encoder
from tests.support.tiny_trainings import tiny_data, tiny_hyperparameters, tone_rows
from xser.core.errors import XserError
from xser.model.prediction import load_trained
from xser.model.training import train_run

WANTED = ["utterance", "audio", "digest", "seconds"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return tone_rows(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return shutil.copytree(tiny_encoder("whisper", tmp_path_factory), tmp_path_factory.mktemp("models") / "whisper")


@pytest.fixture(scope="module")
def trained(rows, encoder, tmp_path_factory):
    folder, data = tmp_path_factory.mktemp("run"), tiny_data(rows)
    train_run(folder, tiny_hyperparameters(data, encoder, "frozen"), data, "", "cpu")
    return folder


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_rows_without_labels_are_predicted_and_nothing_is_written(trained, rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recordings = tmp_path.parent / "recordings"
    prepared = rows["audio"].iloc[0].rpartition("/audio/")[0]
    shutil.copytree(prepared, recordings)
    moved = rows.assign(audio=rows["audio"].str.replace(prepared, str(recordings), regex=False))
    before = files(trained), files(recordings)
    scores, embeddings = load_trained(trained, device="cpu").predict(moved[WANTED])
    assert scores.shape == (len(rows), 4) and len(embeddings) == len(rows)
    assert (files(trained), files(recordings)) == before and not list(tmp_path.iterdir())


def test_one_model_predicts_several_tables(trained, rows, tmp_path):
    model = load_trained(trained, device="cpu")
    scores, embeddings = model.predict(rows, prepared_folders={"made": tmp_path})
    assert list(tmp_path.glob("features/*/*.safetensors"))  # kept where it was said
    for part in (rows[:3], rows[3:]):
        again, embedded = model.predict(part[WANTED])
        assert np.allclose(again, scores[part.index], atol=1e-6)
        assert np.allclose(embedded, embeddings[part.index], atol=1e-5)


def test_an_encoder_that_has_moved_is_found_where_it_lies_now(trained, rows, encoder, tmp_path):
    scores, _ = load_trained(trained, device="cpu").predict(rows)
    before = (trained / "hyperparameters.yaml").read_bytes()
    moved = encoder.rename(tmp_path / "moved")
    try:
        with pytest.raises(XserError, match="no folder"):
            load_trained(trained, device="cpu")
        now = {"encoder_source": str(moved), "encoder_revision": None}
        again, _ = load_trained(trained, now, "cpu").predict(rows)
        assert np.array_equal(again, scores)
        assert (trained / "hyperparameters.yaml").read_bytes() == before
    finally:
        moved.rename(encoder)
