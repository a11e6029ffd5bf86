"""The frozen part of a pretrained encoder: kept features are the model's own, and nothing ever changes them."""

import json
import shutil

import pytest
import torch

from tests.support.tiny_encoders import KINDS, tiny_encoder
from xser.core.errors import XserError
from xser.model.encoders.pretrained import PretrainedEncoder

LENGTHS = [30000, 16000, 9013, 1601, 399, 1]


@pytest.fixture
def whisper(tmp_path_factory):
    return tiny_encoder("whisper", tmp_path_factory)


@pytest.fixture(params=["wav2vec2-group", "wav2vec2-layer", "wavlm-layer"])
def waveform_model(request, tmp_path_factory):
    return tiny_encoder(request.param, tmp_path_factory)


def made_waveforms(lengths=LENGTHS, seed=0):
    """Speech-loud noise; what lies beyond an utterance is loud noise, not zeros."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(len(lengths), max(lengths), generator=generator), torch.tensor(lengths)


@pytest.mark.parametrize("keep", ["embeddings", "frames", "input"])
@pytest.mark.parametrize("kind", KINDS)
def test_alone_equals_in_a_batch(kind, keep, tmp_path_factory):
    frontend = PretrainedEncoder(tiny_encoder(kind, tmp_path_factory), keep=keep, trained_layers=1)
    waveforms, lengths = made_waveforms()
    features, feature_lengths = frontend(waveforms, lengths)
    assert torch.isfinite(features).all()
    assert features.shape[2:] == {"input": (32,)}.get(keep, (4, 32))
    for row, length in enumerate(lengths):
        alone, alone_lengths = frontend(waveforms[row : row + 1, :length], lengths[row : row + 1])
        assert alone_lengths[0] == feature_lengths[row] == alone.shape[1]
        assert (alone[0] - features[row, : alone.shape[1]]).abs().max() < 1e-4
        assert features[row, alone.shape[1] :].abs().sum() == 0


@pytest.mark.parametrize("trained_layers", [0, 1, 3])
def test_the_input_is_the_hidden_layer_below_the_trained_ones(whisper, trained_layers):
    frontend = PretrainedEncoder(whisper, keep="input", trained_layers=trained_layers)
    assert frontend.depth == {0: 0, 1: 2, 3: 0}[trained_layers]
    waveforms, lengths = made_waveforms([16000])
    frames, frame_lengths = frontend(waveforms, lengths)
    with torch.no_grad():
        wanted = frontend.model.hidden_states(*frontend.model.embed(waveforms, lengths))[frontend.depth]
    assert torch.equal(frames, wanted) and frame_lengths.tolist() == [50]


def test_embeddings_are_means_over_the_real_frames(whisper):
    waveforms, lengths = made_waveforms()
    frames, frame_lengths = PretrainedEncoder(whisper, keep="frames")(waveforms, lengths)
    embeddings, ones = PretrainedEncoder(whisper, keep="embeddings")(waveforms, lengths)
    assert embeddings.shape == (len(LENGTHS), 1, 4, 32) and ones.tolist() == [1] * len(LENGTHS)
    for row, length in enumerate(frame_lengths):
        assert torch.allclose(embeddings[row, 0], frames[row, :length].mean(dim=0), atol=1e-5)


def test_whisper_native_keeps_the_real_frames_alone(whisper):
    frames, lengths = PretrainedEncoder(whisper, keep="frames", window="native")(*made_waveforms([20000, 7000]))
    assert lengths.tolist() == [63, 22]  # 50 a second, the last one begun
    own, _ = PretrainedEncoder(whisper, keep="frames")(*made_waveforms([20000, 7000]))
    assert frames.shape == own.shape == (2, 63, 4, 32)
    assert not torch.allclose(frames, own, atol=1e-3)


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
    assert not features.requires_grad and torch.equal(features, before)
    assert set(both.state_dict()) == {"head.weight", "head.bias"}


def test_the_model_is_loaded_only_when_needed(whisper, monkeypatch):
    from transformers import AutoModel

    monkeypatch.setattr(AutoModel, "from_pretrained", None)
    frontend = PretrainedEncoder(whisper)
    assert (frontend.layers, frontend.size) == (4, 32)
    assert json.dumps(frontend.identity)


def test_identity_tells_models_and_switches_apart(whisper, waveform_model, tmp_path):
    other = shutil.copytree(whisper, tmp_path / "other")
    content = bytearray((other / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (other / "model.safetensors").write_bytes(content)
    fronts = [
        (whisper, {}), (whisper, {"keep": "frames"}), (whisper, {"window": "native"}), (whisper, {"keep": "input"}),
        (whisper, {"keep": "input", "trained_layers": 1}), (other, {}), (waveform_model, {}),
    ]  # fmt: skip
    identities = [PretrainedEncoder(folder, **options).identity for folder, options in fronts]
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
    (empty / "config.json").write_text("[]")
    told("no description of a model", empty)
    (empty / "config.json").write_text("{")
    told("config.json is not valid JSON: download the model again", empty)
    (empty / "config.json").write_text('{"model_type": "bert"}')
    told("'bert'.*whisper", empty)
    (empty / "config.json").write_text((whisper / "config.json").read_text())
    told("no weights", empty)
    (empty / "model.safetensors").write_bytes(b"nothing")
    told("model.safetensors is damaged or cut short: download", empty)
    whole = (whisper / "model.safetensors").read_bytes()
    (empty / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    told("cut short", empty)
    (empty / "model.safetensors").write_bytes(whole[:8] + b"]" + whole[9:])
    told("damaged", empty)
    other = json.loads((whisper / "config.json").read_text()) | {"d_model": 64}
    (empty / "config.json").write_text(json.dumps(other))
    (empty / "model.safetensors").write_bytes(whole)
    told("cannot be loaded", empty)
    (empty / "model.safetensors").unlink()
    (empty / "pytorch_model.bin").write_bytes(b"nothing")
    told("cannot be loaded", empty)
    (empty / "config.json").write_text('{"model_type": "whisper"}')
    told("does not say encoder_layers and d_model", empty)
    told("native", waveform_model, window="native")
    told("keep is", whisper, keep="all")
    told("window is", whisper, window="half")
    told("own, or --finetune frozen", whisper, keep="input", window="native")


def test_a_head_that_is_not_used_is_no_word_of_warning(waveform_model, tmp_path, capfd):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(waveform_model, tmp_path / "fine-tuned")
    tensors = load_file(folder / "model.safetensors")
    tensors.pop("masked_spec_embed", None)
    save_file({**tensors, "lm_head.weight": torch.zeros(3, 3)}, folder / "model.safetensors", {"format": "pt"})
    PretrainedEncoder(folder).model  # noqa: B018 (loads it)
    assert capfd.readouterr() == ("", "")


def test_weights_in_parts_must_all_be_there(whisper, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(whisper, tmp_path / "parts")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = [f"model-0000{part}-of-00002.safetensors" for part in (1, 2)]
    for part, name in enumerate(names):
        save_file({key: tensors[key] for key in sorted(tensors)[part::2]}, folder / name, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {key: names[at % 2] for at, key in enumerate(sorted(tensors))}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    waveforms = made_waveforms([16000])
    assert torch.equal(PretrainedEncoder(folder)(*waveforms)[0], PretrainedEncoder(whisper)(*waveforms)[0])
    (folder / names[1]).unlink()
    with pytest.raises(XserError, match=f"lacks {names[1]}.*download"):
        PretrainedEncoder(folder)


def test_weights_of_torch_are_read_as_tensors_alone(whisper, tmp_path):
    from safetensors.torch import load_file

    folder = shutil.copytree(whisper, tmp_path / "bin")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    waveforms = made_waveforms([16000])
    assert torch.equal(PretrainedEncoder(folder)(*waveforms)[0], PretrainedEncoder(whisper)(*waveforms)[0])

    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath("run").touch, ())

    torch.save({"conv1.weight": Evil()}, folder / "pytorch_model.bin")
    with pytest.raises(XserError, match="cannot be loaded"):
        PretrainedEncoder(folder).model  # noqa: B018 (loads it)
    assert not (tmp_path / "run").exists()


def test_exhausted_memory_is_not_taken_for_a_damaged_model(whisper, monkeypatch):
    from transformers import AutoModel

    def exhaust(*arguments, **options):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(AutoModel, "from_pretrained", exhaust)
    with pytest.raises(RuntimeError, match="allocate"):
        PretrainedEncoder(whisper).model  # noqa: B018 (loads it)


@pytest.mark.parametrize("window", ["own", "native"])
def test_the_real_whisper_alone_equals_in_a_batch(shared, window):
    frontend = PretrainedEncoder(shared / "models" / "whisper_tiny_en", window=window)
    waveforms, lengths = made_waveforms([40000, 16000, 3000])
    features, _ = frontend(waveforms, lengths)
    assert features.shape == (3, 1, 5, 384) and features.dtype == torch.float32
    for row, length in enumerate(lengths):
        alone, _ = frontend(waveforms[row : row + 1, :length], lengths[row : row + 1])
        assert (alone[0] - features[row]).abs().max() < 1e-4
