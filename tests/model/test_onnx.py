"""The ONNX graph of a model gives the model's probabilities, with onnxruntime and nothing of ours."""

import json
import logging

import numpy as np
import pytest
import soundfile

from tests.support.made_audio import sixteen_bits
from tests.support.random_models import COMPACT, EMOTIONS, config_of, frozen, full, peft, random_member, random_model
from xser.core import extras
from xser.core.errors import XserError
from xser.model.comparison import largest_difference
from xser.model.onnx.graph import GRAPH, SMALL_GRAPH, check_graph, write_graph, write_int8, write_onnx
from xser.model.recognition import Model

onnxruntime = pytest.importorskip("onnxruntime")

NATIVE = frozen("last", window="native")
FAST = [("wavlm", peft(2, layer="mix")), ("w2v-bert", peft(2))]  # an export takes some ten seconds of a core
WAYS = [
    *FAST,
    (None, COMPACT),
    ("wav2vec2-group", full(layer="mix")),
    ("wav2vec2-layer", frozen(1, keep="frames")),
    ("hubert", peft(1)),
    ("wavlm-layer", frozen()),
    ("whisper", peft()),
    (None, {**COMPACT, "frontend": {"kind": "log_mel", "remove_band_mean": False}, "pooling": "mean"}),
    ("wav2vec2-group", frozen()),
    ("hubert", full()),
    ("wavlm", peft()),
    ("wavlm-layer", peft(1, tuning="all")),
    ("w2v-bert", full(layer="mix")),
    ("w2v-bert", frozen(keep="frames")),
    ("whisper", NATIVE),
    ("whisper", full()),
]
SHORTEST, LONGEST = 800, 480_000  # 0.05 s is what a recording must have; 30 s


@pytest.fixture(autouse=True, scope="module")
def _no_trace_of_the_exporter():
    """pytest would keep some 100 000 records."""
    trace = logging.getLogger("torch.__trace")
    trace.propagate = False
    yield
    trace.propagate = True


def speech_like(samples, seed):
    """A voice of sorts with pauses of digital silence, an offset and noise 70 dB below it; as 16 bits hold it."""
    random = np.random.default_rng(seed)
    time = np.arange(samples) / 16000
    pitch = np.cumsum(120 + 60 * np.sin(2 * np.pi * random.uniform(0.5, 2) * time)) / 16000
    voice = sum(np.sin(2 * np.pi * k * pitch + random.uniform(0, 6)) / k for k in range(1, 20))
    loudness = np.abs(np.sin(np.pi * random.uniform(0.7, 2) * time + 1))
    sound = 0.1 * voice * loudness + random.normal(0, 3e-5, samples) + 0.002
    sound[(time % 1.3) > 1.1] = 0
    return sixteen_bits(sound)


def run(path, waveform):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    found = dict(zip(("probabilities", "embedding"), session.run(None, {"waveform": waveform[None]}), strict=True))
    return found["probabilities"][0], found["embedding"][0]


def assert_equal(path, members, lengths):
    """The graph gives the network's probabilities to 1e-4 on recordings of these lengths, and its embedding."""
    model = Model(config_of(members), members, "cpu")
    for samples in lengths:
        waveform = speech_like(samples, samples)
        probabilities, embedding = run(path, waveform)
        wanted = list(model.predict((waveform, 16000)).probabilities.values())
        assert np.abs(probabilities - wanted).max() < 1e-4, samples
        # The front end of a network rounds to float32 what that of the graph keeps in float64.
        np.testing.assert_allclose(embedding, model.embed((waveform, 16000)), atol=2e-3, rtol=2e-4)


@pytest.mark.parametrize(("kind", "description"), FAST)
def test_a_graph_gives_the_networks_probabilities(kind, description, tmp_path, tmp_path_factory):
    members = [random_model(kind, description, tmp_path_factory)]
    write_graph(tmp_path / GRAPH, members, EMOTIONS)
    assert_equal(tmp_path / GRAPH, members, (SHORTEST, 3200, 33_333, 4 * 16000))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "description"), WAYS)
def test_at_fifty_lengths_from_a_fifth_of_a_second_to_thirty(kind, description, tmp_path, tmp_path_factory):
    members = [random_model(kind, description, tmp_path_factory, seed=1)]
    write_graph(tmp_path / GRAPH, members, EMOTIONS)
    assert_equal(tmp_path / GRAPH, members, np.geomspace(3200, LONGEST, 50).astype(int).tolist())


@pytest.mark.slow
@pytest.mark.parametrize("description", [peft(1), frozen(), NATIVE])
def test_whisper_on_fifty_real_recordings(description, tmp_path, shared):
    members = [random_member(description, shared / "models" / "whisper_tiny_en")]
    write_graph(tmp_path / GRAPH, members, EMOTIONS)
    model = Model(config_of(members), members, "cpu")
    session = onnxruntime.InferenceSession(str(tmp_path / GRAPH), providers=["CPUExecutionProvider"])
    paths = [path for path in sorted((shared / "corpora").rglob("*.flac")) if soundfile.info(path).samplerate == 16000]
    for path in np.random.default_rng(0).choice(paths, 50, replace=False):
        samples, _ = soundfile.read(path, dtype="float32")
        (found,) = session.run(["probabilities"], {"waveform": samples[None]})
        assert np.abs(found[0] - list(model.predict(path).probabilities.values())).max() < 1e-4


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    """Two networks of unlike encoders, one of which hears 30 s whatever it is given, and their graphs."""
    folder = tmp_path_factory.mktemp("ensemble")
    members = [random_model("whisper", NATIVE, tmp_path_factory), random_model(None, COMPACT, tmp_path_factory)]
    write_onnx(folder, config_of(members), members, int8=True)
    return folder, members


def test_an_ensemble_is_one_graph(ensemble):
    folder, members = ensemble
    assert_equal(folder / GRAPH, members, (SHORTEST, 3200, 50_000))


def test_a_recording_that_is_too_long_for_whisper_fails_and_is_not_cut(ensemble):
    folder, _ = ensemble
    run(folder / GRAPH, speech_like(LONGEST, 0))
    with pytest.raises(Exception, match="Reshape"):
        run(folder / GRAPH, speech_like(LONGEST + 1, 0))


def test_a_graph_says_what_it_takes_and_gives(ensemble):
    onnx = pytest.importorskip("onnx")
    folder, _ = ensemble
    model = onnx.load(folder / GRAPH)
    onnx.checker.check_model(model, full_check=True)
    told = {each.key: each.value for each in model.metadata_props}
    assert json.loads(told["emotions"]) == list(EMOTIONS)
    assert told["sampling_rate"] == "16000" and told["longest_samples"] == str(LONGEST)
    assert [each.version for each in model.opset_import if not each.domain] == [18]
    assert [each.name for each in model.graph.input] == ["waveform"]
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}


def test_eight_bits_are_smaller_and_near(ensemble):
    folder, members = ensemble
    model = Model(config_of(members), members, "cpu")
    difference = largest_difference(model, lambda each: run(folder / SMALL_GRAPH, each)[0])
    assert 0 < difference < 0.1
    assert (folder / SMALL_GRAPH).stat().st_size < (folder / GRAPH).stat().st_size


def test_a_graph_of_another_network_is_found_out(ensemble, tmp_path_factory):
    folder, _ = ensemble
    others = [random_model(None, COMPACT, tmp_path_factory, seed=7)]
    with pytest.raises(XserError, match="differ by .* report"):
        check_graph(folder / GRAPH, Model(config_of(others), others, "cpu"))


def test_a_missing_library_is_one_line(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(extras, "is_installed", lambda name: False)
    members = [random_model(None, COMPACT, tmp_path_factory)]
    for write in (lambda: write_graph(tmp_path / GRAPH, members, EMOTIONS), lambda: write_int8(tmp_path, tmp_path)):
        with pytest.raises(XserError, match=r"^an ONNX graph needs onnx\w+: pip install '.*\[onnx\]'"):
            write()
    assert not list(tmp_path.iterdir())
