"""Every kind of pretrained encoder: transformers' own numbers alone, and the same in whatever company."""

import numpy as np
import pytest
import torch

from tests.support.tiny_encoders import KINDS, tiny_encoder
from xser.core.errors import XserError
from xser.core.files import read_json, write_json
from xser.model.encoders.group_norm import masked_group_norm
from xser.model.encoders.speech_model import load_speech_model, model_shape

LENGTHS = [30000, 16000, 9013, 1601, 399, 1]


@pytest.fixture(params=KINDS)
def folder(request, tmp_path_factory):
    return tiny_encoder(request.param, tmp_path_factory)


def made_waveforms(lengths=LENGTHS, seed=0):
    """Speech-loud noise; what lies beyond an utterance is loud noise, not zeros."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(len(lengths), max(lengths), generator=generator), torch.tensor(lengths)


@torch.no_grad()
def layers_of(model, waveforms, lengths):
    frames, lengths = model.embed(waveforms, lengths)
    return torch.stack(model.hidden_states(frames, lengths), dim=2), lengths


@torch.no_grad()
def transformers_layers(folder, waveform):
    """Hidden layers of one utterance by transformers' own feature extractor and model, (time, layers, size)."""
    from transformers import AutoFeatureExtractor, AutoModel

    extractor = AutoFeatureExtractor.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    if model.config.model_type == "whisper":
        mels = extractor(waveform.numpy(), sampling_rate=16000, return_tensors="pt")["input_features"]
        return torch.stack(model.encoder(mels, output_hidden_states=True).hidden_states, dim=2)[0]
    inputs = dict(extractor(waveform.numpy(), sampling_rate=16000, return_tensors="pt"))
    if model.config.model_type != "wav2vec2-bert":
        inputs.pop("attention_mask", None)
    real = int(inputs["attention_mask"].sum()) if "attention_mask" in inputs else None
    output = model(**inputs, output_hidden_states=True)
    # Transformers 4 normalises the last of the hidden states where layers normalise their input, 5 does not.
    return torch.stack([*output.hidden_states[:-1], output.last_hidden_state], dim=2)[0][:real]


@pytest.mark.parametrize("samples", [16000, 30013, 5000])
def test_alone_an_utterance_gives_what_transformers_gives(folder, samples):
    window = "native" if folder.name == "whisper" else "own"
    waveforms, lengths = made_waveforms([samples])
    layers, frames = layers_of(load_speech_model(folder, window), waveforms, lengths)
    wanted = transformers_layers(folder, waveforms[0])[: frames[0] if window == "own" else layers.shape[1]]
    assert layers.shape[1:] == wanted.shape
    assert layers.shape[2:] == (model_shape(folder)[0] + 1, model_shape(folder)[1])
    scale = wanted.abs().max()
    assert (layers[0] - wanted).abs().max() < 1e-5 * max(1, scale)


@pytest.mark.parametrize("seed", range(3))
def test_alone_equals_in_a_batch(folder, seed):
    model = load_speech_model(folder)
    chance = np.random.default_rng(seed)
    waveforms, lengths = made_waveforms([*LENGTHS, *chance.integers(400, 40000, 4).tolist()], seed)
    together, frames = layers_of(model, waveforms, lengths)
    assert torch.isfinite(together[torch.arange(together.shape[1]) < frames[:, None]]).all()
    for row, length in enumerate(lengths):
        alone, alone_frames = layers_of(model, waveforms[row : row + 1, :length], lengths[row : row + 1])
        assert alone_frames[0] == frames[row] == alone.shape[1] >= 1
        assert (alone[0] - together[row, : frames[row]]).abs().max() < 1e-4


def test_group_norm_is_computed_in_float32():
    """As torch's own is under autocast: in float16 the sum of a second's squares overflows."""
    norm = torch.nn.GroupNorm(4, 4)
    frames = (3 * torch.randn(2, 4, 12799, generator=torch.Generator().manual_seed(0))).half()
    with torch.no_grad():
        found = masked_group_norm(norm, frames, torch.tensor([12799, 6400]))
        for row, length in enumerate((12799, 6400)):
            wanted = norm(frames[row : row + 1, :, :length].float())[0]
            assert (found[row, :, :length] - wanted).abs().max() < 1e-5


def test_in_bfloat16_the_numbers_are_nearly_the_same(folder):
    model = load_speech_model(folder)
    waveforms, lengths = made_waveforms([16000, 9013])
    exact, frames = layers_of(model, waveforms, lengths)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lower, _ = layers_of(model, waveforms, lengths)
    for row, count in enumerate(frames):
        assert (exact[row, :count] - lower[row, :count]).abs().max() < 0.05 * exact[row, :count].abs().max()


def test_native_whisper_alone_equals_in_a_batch(tmp_path_factory):
    model = load_speech_model(tiny_encoder("whisper", tmp_path_factory), "native")
    waveforms, lengths = made_waveforms([480000 + 5000, 20000, 8000])
    together, frames = layers_of(model, waveforms, lengths)
    assert frames.tolist() == [1516, 63, 25]
    for row, length in enumerate(lengths):
        alone, _ = layers_of(model, waveforms[row : row + 1, :length], lengths[row : row + 1])
        assert (alone[0, : frames[row]] - together[row, : frames[row]]).abs().max() < 1e-4


def test_whisper_own_length_is_the_model_with_fewer_positions(tmp_path_factory):
    """transformers' own forward, told that its positions end where the utterance does."""
    from transformers import WhisperFeatureExtractor, WhisperModel

    folder = tiny_encoder("whisper", tmp_path_factory)
    waveforms, lengths = made_waveforms([16000])
    layers, _ = layers_of(load_speech_model(folder), waveforms, lengths)
    encoder = WhisperModel.from_pretrained(folder, dtype=torch.float32).eval().encoder
    encoder.config.max_source_positions = 50
    encoder.embed_positions = torch.nn.Embedding.from_pretrained(encoder.embed_positions.weight[:50])
    mels = WhisperFeatureExtractor()(waveforms[0].numpy(), sampling_rate=16000, padding=False, return_tensors="pt")
    with torch.no_grad():
        wanted = encoder(mels["input_features"], output_hidden_states=True).hidden_states
    assert (layers - torch.stack(wanted, dim=2)).abs().max() < 1e-5


def test_beyond_thirty_seconds_pieces_follow_each_other(tmp_path_factory):
    model = load_speech_model(tiny_encoder("whisper", tmp_path_factory))
    waveforms, lengths = made_waveforms([480000 + 20000, 8000])
    layers, frames = layers_of(model, waveforms, lengths)
    assert frames.tolist() == [1500 + 63, 25]
    for start, end in ((0, 480000), (480000, 500000)):
        piece, _ = layers_of(model, waveforms[:1, start:end], torch.tensor([end - start]))
        assert (layers[0, start // 320 : start // 320 + piece.shape[1]] - piece[0]).abs().max() < 1e-4


@pytest.mark.parametrize("first", [1, 2])
def test_upper_layers_go_on_from_kept_frames(folder, first):
    model = load_speech_model(folder)
    layers, frames = layers_of(model, *made_waveforms())
    before = sum(parameter.numel() for parameter in model.parameters())
    model.keep_layers_from(first)
    assert sum(parameter.numel() for parameter in model.parameters()) < before
    with torch.no_grad():
        upper = torch.stack(model.hidden_states(layers[:, :, first], frames, first), dim=2)
    real = torch.arange(layers.shape[1]) < frames[:, None]
    assert (upper - layers[:, :, first:])[real].abs().max() < 1e-5


def test_the_projections_are_called(folder):
    """An adapter in their place is not passed by."""
    model = load_speech_model(folder)
    called = []
    for name in (*model.attention_projections, *model.feed_forward_outputs):
        model.layers[0].get_submodule(name).register_forward_hook(lambda *_, name=name: called.append(name))
    layers_of(model, *made_waveforms())
    assert set(called) == {*model.attention_projections, *model.feed_forward_outputs}


def test_training_mode_drops_no_layer_and_masks_no_frame(folder, tmp_path):
    """With every dropout at 0, LayerDrop and SpecAugment at their utmost, training mode changes nothing."""
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    config = read_json(copy / "config.json")
    config.update({key: 0.0 for key in config if "dropout" in key or key == "layerdrop" or key.endswith("_layerdrop")})
    config.update({"layerdrop": 1.0, "encoder_layerdrop": 1.0, "mask_time_prob": 0.9, "mask_feature_prob": 0.9})
    write_json(copy / "config.json", config)
    model = load_speech_model(copy)
    still, _ = layers_of(model, *made_waveforms())
    training, _ = layers_of(model.train(), *made_waveforms())
    assert torch.allclose(still, training, atol=1e-6)


def test_an_unknown_kind_is_refused(tmp_path_factory, tmp_path):
    import shutil

    copy = shutil.copytree(tiny_encoder("whisper", tmp_path_factory), tmp_path / "copy")
    write_json(copy / "config.json", {**read_json(copy / "config.json"), "model_type": "bert"})
    with pytest.raises(XserError, match="'bert': use one of wav2vec2"):
        load_speech_model(copy)


def test_a_model_of_another_rate_is_refused(tmp_path_factory, tmp_path):
    import shutil

    copy = shutil.copytree(tiny_encoder("hubert", tmp_path_factory), tmp_path / "copy")
    settings = read_json(copy / "preprocessor_config.json")
    write_json(copy / "preprocessor_config.json", {**settings, "sampling_rate": 8000})
    with pytest.raises(XserError, match="8000 Hz"):
        model_shape(copy)


@pytest.mark.parametrize("harm", ["truncated", "lacking"])
def test_damaged_weights_are_one_line(harm, tmp_path_factory, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    copy = shutil.copytree(tiny_encoder("wav2vec2-layer", tmp_path_factory), tmp_path / "copy")
    weights = copy / "model.safetensors"
    if harm == "truncated":
        weights.write_bytes(weights.read_bytes()[:2000])
    else:
        tensors = load_file(weights)
        tensors.pop("encoder.layers.1.feed_forward.output_dense.weight")
        save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(XserError, match="download"):
        load_speech_model(copy)
