"""Frozen pretrained encoders: the model's own numbers, the same alone as in a batch, never trained."""

import json

import pytest
import torch

from xser.errors import XserError
from xser.model.encoders.pretrained import PretrainedEncoder

LENGTHS = [30000, 16000, 9013, 1601, 399, 1]


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    """A tiny Whisper with new weights, stored in half precision, with a decoder that nobody wants."""
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=32, encoder_layers=3, encoder_attention_heads=4, encoder_ffn_dim=64, decoder_layers=1,
        decoder_ffn_dim=32, decoder_attention_heads=2, vocab_size=10, pad_token_id=0, bos_token_id=1, eos_token_id=1,
        decoder_start_token_id=1, dropout=0.3, attention_dropout=0.3, encoder_layerdrop=0.5,
    )  # fmt: skip
    return saved(WhisperModel(config).half(), tmp_path_factory, WhisperFeatureExtractor())


@pytest.fixture(scope="module", params=["wav2vec2-group", "wav2vec2-layer", "hubert-layer", "wavlm-layer"])
def waveform_model(request, tmp_path_factory):
    import transformers

    torch.manual_seed(0)
    name, norm = request.param.split("-")
    name = {"wav2vec2": "Wav2Vec2", "hubert": "Hubert", "wavlm": "WavLM"}[name]
    config = getattr(transformers, f"{name}Config")(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, conv_dim=[8] * 7,
        feat_extract_norm=norm, do_stable_layer_norm=norm == "layer", num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4, conv_bias=norm == "layer",
    )  # fmt: skip
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    return saved(getattr(transformers, f"{name}Model")(config), tmp_path_factory, extractor)


def saved(model, tmp_path_factory, extractor):
    for name, parameter in model.named_parameters():  # far from the zeros of new biases
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.2)
    folder = tmp_path_factory.mktemp("modèle")
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


def made_waveforms(lengths=LENGTHS, seed=0):
    """Speech-loud noise; what lies beyond an utterance is loud noise, not zeros."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(len(lengths), max(lengths), generator=generator), torch.tensor(lengths)


def check_alone_equals_batch(frontend, waveforms, lengths):
    features, feature_lengths = frontend(waveforms, lengths)
    assert torch.isfinite(features).all()
    for row, length in enumerate(lengths):
        alone, alone_lengths = frontend(waveforms[row : row + 1, :length], lengths[row : row + 1])
        assert alone_lengths[0] == feature_lengths[row] == alone.shape[1]
        assert (alone[0] - features[row, : alone.shape[1]]).abs().max() < 1e-5
        assert features[row, alone.shape[1] :].abs().sum() == 0


@pytest.mark.parametrize("keep", ["embeddings", "frames"])
@pytest.mark.parametrize("window", ["own", "native"])
def test_whisper_alone_equals_in_a_batch(whisper, keep, window):
    if window == "own":
        check_alone_equals_batch(PretrainedEncoder(whisper, keep, window), *made_waveforms())
    else:
        check_alone_equals_batch(PretrainedEncoder(whisper, keep, window), *made_waveforms([20000, 8000]))


def test_whisper_native_is_what_transformers_gives(whisper):
    from transformers import WhisperFeatureExtractor, WhisperModel

    waveforms, lengths = made_waveforms([20000, 7000])
    frames, frame_lengths = PretrainedEncoder(whisper, "frames", "native")(waveforms, lengths)
    assert frame_lengths.tolist() == [63, 22]  # 50 a second, the last one begun
    model = WhisperModel.from_pretrained(whisper, dtype=torch.float32).eval()
    utterances = [row[:length].numpy() for row, length in zip(waveforms, lengths, strict=True)]
    mels = WhisperFeatureExtractor()(utterances, sampling_rate=16000, return_tensors="pt")["input_features"]
    with torch.no_grad():
        wanted = torch.stack(model.encoder(mels, output_hidden_states=True).hidden_states, dim=2)
    assert frames.shape == (2, 63, 4, 32)
    for row, length in enumerate(frame_lengths):
        assert (frames[row, :length] - wanted[row, :length]).abs().max() < 1e-5


def test_whisper_own_length_is_the_model_with_fewer_positions(whisper):
    """transformers' own forward, told that its positions end where the utterance does."""
    from transformers import WhisperFeatureExtractor, WhisperModel

    waveforms, lengths = made_waveforms([16000])
    frames, _ = PretrainedEncoder(whisper, "frames", "own")(waveforms, lengths)
    encoder = WhisperModel.from_pretrained(whisper, dtype=torch.float32).eval().encoder
    encoder.config.max_source_positions = 50
    encoder.embed_positions = torch.nn.Embedding.from_pretrained(encoder.embed_positions.weight[:50])
    mels = WhisperFeatureExtractor()(waveforms[0].numpy(), sampling_rate=16000, padding=False, return_tensors="pt")
    with torch.no_grad():
        wanted = encoder(mels["input_features"], output_hidden_states=True).hidden_states
    assert (frames - torch.stack(wanted, dim=2)).abs().max() < 1e-5


def test_beyond_thirty_seconds_pieces_follow_each_other(whisper):
    waveforms, lengths = made_waveforms([480000 + 20000, 8000])
    frontend = PretrainedEncoder(whisper, "frames", "own")
    frames, frame_lengths = frontend(waveforms, lengths)
    assert frame_lengths.tolist() == [1500 + 63, 25]
    rest, _ = frontend(waveforms[:1, 480000:], torch.tensor([20000]))
    assert (frames[0, 1500:] - rest[0]).abs().max() < 1e-5


def test_embeddings_are_means_over_the_real_frames(whisper):
    waveforms, lengths = made_waveforms()
    frames, frame_lengths = PretrainedEncoder(whisper, "frames")(waveforms, lengths)
    embeddings, ones = PretrainedEncoder(whisper, "embeddings")(waveforms, lengths)
    assert embeddings.shape == (len(LENGTHS), 1, 4, 32) and ones.tolist() == [1] * len(LENGTHS)
    for row, length in enumerate(frame_lengths):
        assert torch.allclose(embeddings[row, 0], frames[row, :length].mean(dim=0), atol=1e-5)


@pytest.mark.parametrize("keep", ["embeddings", "frames"])
def test_waveform_models_alone_equal_in_a_batch(waveform_model, keep):
    frontend = PretrainedEncoder(waveform_model, keep)
    check_alone_equals_batch(frontend, *made_waveforms())
    if keep == "frames":
        assert frontend(*made_waveforms())[1].tolist() == [93, 49, 27, 4, 1, 1]


def test_waveform_models_give_what_transformers_gives(waveform_model):
    from transformers import AutoFeatureExtractor, AutoModel

    waveforms, lengths = made_waveforms([20000])
    frames, _ = PretrainedEncoder(waveform_model, "frames")(waveforms, lengths)
    inputs = AutoFeatureExtractor.from_pretrained(waveform_model)(
        waveforms[0].numpy(), sampling_rate=16000, return_tensors="pt"
    )
    with torch.no_grad():
        model = AutoModel.from_pretrained(waveform_model).eval()
        wanted = model(inputs["input_values"], output_hidden_states=True).hidden_states
    assert (frames - torch.stack(wanted, dim=2)).abs().max() < 1e-4


def test_it_is_frozen_while_the_rest_trains(whisper):
    class Both(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.frontend = PretrainedEncoder(whisper)
            self.head = torch.nn.Linear(32, 2)

        def forward(self, waveforms, lengths):
            return self.head(self.frontend(waveforms, lengths)[0].mean(dim=(1, 2)))

    both, waveforms = Both(), made_waveforms([16000, 8000])
    before = both.frontend(*waveforms)[0]
    weights = [parameter.clone() for parameter in both.frontend.model.parameters()]
    optimizer = torch.optim.SGD(both.parameters(), lr=1.0)
    for _ in range(2):
        both.train()
        both(*waveforms).square().sum().backward()
        optimizer.step()
    assert both.head.weight.grad.abs().sum() > 0
    assert not both.frontend.training
    assert not any(module.training for module in both.frontend.model.modules())
    for parameter, weight in zip(both.frontend.model.parameters(), weights, strict=True):
        assert parameter.grad is None and not parameter.requires_grad and torch.equal(parameter, weight)
    features, _ = both.frontend(*waveforms)
    assert not features.requires_grad and torch.equal(features, before)  # dropout and layer drop are 0.3 and 0.5 here
    assert set(both.state_dict()) == {"head.weight", "head.bias"}


def test_the_model_is_loaded_only_when_needed(whisper, monkeypatch):
    from transformers import AutoModel

    monkeypatch.setattr(AutoModel, "from_pretrained", None)
    frontend = PretrainedEncoder(whisper)
    assert (frontend.layers, frontend.size) == (4, 32)
    assert json.dumps(frontend.identity)


def test_identity_tells_models_and_switches_apart(whisper, waveform_model, tmp_path):
    import shutil

    other = shutil.copytree(whisper, tmp_path / "other")
    content = bytearray((other / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (other / "model.safetensors").write_bytes(content)
    fronts = [(whisper,), (whisper, "frames"), (whisper, "embeddings", "native"), (other,), (waveform_model,)]
    identities = [PretrainedEncoder(*front).identity for front in fronts]
    assert all(one != two for i, one in enumerate(identities) for two in identities[:i])
    moved = shutil.copytree(whisper, tmp_path / "moved")
    assert PretrainedEncoder(moved).identity == identities[0]


def test_every_fault_is_told_in_one_line(whisper, waveform_model, tmp_path, monkeypatch):
    def told(match, *arguments, **options):
        with pytest.raises(XserError, match=match) as error:
            frontend = PretrainedEncoder(*arguments, **options)
            frontend.model  # noqa: B018 (loads it)
        assert len(str(error.value)) < 600

    told("no folder", tmp_path / "nowhere")
    told("no folder", "../some/where")
    empty = tmp_path / "empty"
    empty.mkdir()
    told("config.json", empty)
    (empty / "config.json").write_text('{"model_type": "bert"}')
    told("no weights", empty)
    (empty / "model.safetensors").write_bytes(b"nothing")
    told("'bert'.*whisper", empty)
    (empty / "config.json").write_text((whisper / "config.json").read_text())
    told("cannot be loaded", empty)
    told("native", waveform_model, window="native")
    told("keep is", whisper, keep="all")
    told("window is", whisper, window="half")


def test_weights_that_lack_tensors_are_refused(whisper, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(whisper, tmp_path / "lacking")
    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layers.1.fc1.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(XserError, match="lack 1 tensors"):
        PretrainedEncoder(folder).model  # noqa: B018


def test_hub_name_that_cannot_be_had(monkeypatch):
    import huggingface_hub

    def refuse(*arguments, **options):
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(XserError, match="openai/whisper-tiny.en is neither a folder.*network"):
        PretrainedEncoder("openai/whisper-tiny.en")


def test_hub_name_is_taken_from_the_hub(whisper, monkeypatch):
    import huggingface_hub

    asked = []

    def give(name, revision, allow_patterns):
        asked.append((name, revision))
        return str(whisper)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", give)
    frontend = PretrainedEncoder("someone/whisper", revision="v2")
    assert asked == [("someone/whisper", "v2")]
    assert frontend.identity == PretrainedEncoder(whisper).identity


@pytest.mark.parametrize("window", ["own", "native"])
def test_the_real_whisper_alone_equals_in_a_batch(shared, window):
    frontend = PretrainedEncoder(shared / "models" / "whisper_tiny_en", "embeddings", window)
    waveforms, lengths = made_waveforms([40000, 16000, 3000])
    features, _ = frontend(waveforms, lengths)
    assert features.shape == (3, 1, 5, 384) and features.dtype == torch.float32
    for row, length in enumerate(lengths):
        alone, _ = frontend(waveforms[row : row + 1, :length], lengths[row : row + 1])
        assert (alone[0] - features[row]).abs().max() < 1e-5
