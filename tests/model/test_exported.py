"""A model gives the numbers of the run that it comes from: loaded from the run, and exported."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from tests.support.tiny_encoders import KINDS, tiny_encoder
from tests.support.tiny_trainings import tiny_trained_run, tone_rows
from xser.core.errors import XserError
from xser.model.exported import read_model, write_model
from xser.model.loading import load, of_run
from xser.model.prediction import load_trained

WAYS = [
    *((kind, "peft", {}) for kind in KINDS),
    *((kind, "frozen", {}) for kind in KINDS),
    ("wavlm", "peft", {"trained_layers": 1, "layer": "mix"}),
    ("w2v-bert", "last_layers", {"trained_layers": 1}),
    ("hubert", "full", {}),
    ("whisper", "full", {}),
    ("wav2vec2-layer", "frozen", {"keep": "frames", "layer": 1}),
    ("whisper", "frozen", {"window": "native", "layer": "last"}),
    (None, None, {"remove_band_mean": False}),
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return tone_rows(tmp_path_factory.mktemp("prepared"))


@pytest.mark.parametrize(("kind", "finetuning", "values"), WAYS)
def test_a_model_gives_the_scores_of_its_run(kind, finetuning, values, rows, tmp_path, tmp_path_factory):
    encoder = None
    if kind is not None:
        encoder = shutil.copytree(tiny_encoder(kind, tmp_path_factory), tmp_path / "encoder")
    run, folder = tmp_path / "run", tmp_path / "exported"
    run.mkdir()
    folder.mkdir()
    tiny_trained_run(run, rows, encoder, finetuning, **values)
    scores, embeddings = load_trained(run, device="cpu").predict(rows)
    write_model(folder, *of_run(run))
    from_run = load(run, "cpu").predict(rows["audio"])
    if encoder is not None:
        encoder.rename(tmp_path / "gone")
    model = load(shutil.copytree(folder, tmp_path / "elsewhere"), "cpu")
    together = model.predict(rows["audio"])
    assert np.abs(together[list(model.emotions)].to_numpy() - scores).max() < 1e-5
    assert np.abs(from_run[list(model.emotions)].to_numpy() - scores).max() < 1e-5
    assert np.abs(model.embed(rows["audio"][:3]) - embeddings[:3]).max() < 1e-4
    backwards = model.predict(rows["audio"][::-1])
    assert np.abs(backwards[list(model.emotions)].to_numpy()[::-1] - scores).max() < 1e-5
    alone = model.predict(rows["audio"].iloc[0])
    assert alone.probabilities == pytest.approx(dict(zip(model.emotions, scores[0], strict=True)), abs=1e-5)
    assert sum(alone.probabilities.values()) == pytest.approx(1)


@pytest.fixture(scope="module")
def exported(rows, tmp_path_factory):
    """A run on a pretrained encoder, exported with it."""
    run, folder = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("model")
    tiny_trained_run(run, rows, tiny_encoder("hubert", tmp_path_factory), "peft")
    write_model(folder, *of_run(run))
    return folder


@pytest.fixture
def copy(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "copy")


def test_a_recording_in_any_form_gives_the_same(exported, rows):
    model, path = load(exported, "cpu"), rows["audio"].iloc[0]
    samples, rate = soundfile.read(path)
    with open(path, "rb") as file:
        forms = [path, open(path, "rb").read(), file, (samples, rate), ((samples * 32768).astype("int16"), rate)]
        answers = [model.predict(form) for form in forms]
        stereo = model.predict((np.stack([samples, samples]), rate))
    assert all(answer == answers[0] for answer in [*answers, stereo])


def rewrite(folder, change):
    content = json.loads((folder / "config.json").read_text())
    change(content)
    (folder / "config.json").write_text(json.dumps(content))


FAULTS = {
    "a newer format": (lambda it: it.update(format_version=2), "install a newer xser"),
    "another format": (lambda it: it.update(format="other"), "not a model of xser"),
    "an unknown key": (lambda it: it.update(code="os.system"), "unknown key `code`"),
    "a part of its own": (lambda it: it["members"][0]["network"]["network"].update(kind="os.system"), "kind"),
    "an unknown argument": (lambda it: it["members"][0]["network"]["network"].update(hook="x"), "unknown key"),
    "a model type of its own": (lambda it: it["members"][0]["encoder"]["config"].update(model_type="x"), "model_type"),
    "other sizes": (lambda it: it["members"][0]["network"]["network"].update(lora_rank=3), "does not hold the weights"),
    "emotions that are not all there": (lambda it: it.update(emotions=["happy", "sad"]), "does not hold the weights"),
    "no emotions": (lambda it: it.update(emotions=["sad"]), "emotions"),
    "no members": (lambda it: it.update(members=[]), "members"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_config_that_is_wrong_is_refused_in_a_line(fault, copy):
    change, message = FAULTS[fault]
    rewrite(copy, change)
    with pytest.raises(XserError, match=message) as caught:
        load(copy, "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "has no model.safetensors"),
        (lambda path: path.rename(path.with_suffix(".bin")), "is not opened"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "damaged or cut short"),
        (lambda path: path.write_bytes(b"\x80\x04pickle"), "damaged or cut short"),
    ],
)
def test_damaged_weights_are_refused_in_a_line(damage, message, copy):
    damage(copy / "model.safetensors")
    with pytest.raises(XserError, match=message):
        load(copy, "cpu")


def test_without_the_encoder_it_is_small_and_takes_no_other(rows, tmp_path, tmp_path_factory):
    encoder = shutil.copytree(tiny_encoder("wavlm", tmp_path_factory), tmp_path / "encoder")
    run, folder = tmp_path / "run", tmp_path / "model"
    for each in (run, folder):
        each.mkdir()
    tiny_trained_run(run, rows, encoder, "peft")
    scores, _ = load_trained(run, device="cpu").predict(rows)
    write_model(folder, *of_run(run, included=False))
    model = load(folder, "cpu")
    assert np.abs(model.predict(rows["audio"])[list(model.emotions)].to_numpy() - scores).max() < 1e-5
    assert (folder / "model.safetensors").stat().st_size < (encoder / "model.safetensors").stat().st_size / 2
    shutil.rmtree(encoder)
    shutil.copytree(tiny_encoder("wavlm", tmp_path_factory, seed=1), encoder)
    with pytest.raises(XserError, match="another pretrained encoder"):
        load(folder, "cpu")


def test_what_was_adapted_is_kept(rows, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    tiny_trained_run(run, rows, target_statistics="corpus")
    scores, _ = load_trained(run, device="cpu").predict(rows)
    model = load(run, "cpu")
    with pytest.raises(XserError, match="--adapt-to"):
        model.predict(rows["audio"].iloc[0])
    adapted = model.adapt_to(rows["audio"])
    adapted.save(tmp_path / "kept")
    again = load(tmp_path / "kept", "cpu")
    for each in (adapted, again):
        assert np.abs(each.predict(rows["audio"])[list(each.emotions)].to_numpy() - scores).max() < 1e-5
    config, members = read_model(tmp_path / "kept")
    assert config.members[0].target_statistics == "corpus" and members[0].adapted is not None
