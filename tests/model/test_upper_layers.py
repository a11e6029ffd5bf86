"""The trained part of a pretrained encoder: the same function as the whole model, and nothing learns in vain."""

import pytest
import torch

from tests.support.tiny_encoders import KINDS, tiny_encoder
from xser.core.errors import XserError
from xser.model.encoders.pooling import MaskedMean
from xser.model.encoders.pretrained import PretrainedEncoder
from xser.model.encoders.speech_model import load_speech_model
from xser.model.encoders.upper_layers import UpperLayers

LENGTHS = [9000, 16000, 5013]


@pytest.fixture(params=KINDS)
def folder(request, tmp_path_factory):
    return tiny_encoder(request.param, tmp_path_factory)


def made_waveforms():
    generator = torch.Generator().manual_seed(0)
    return 0.1 * torch.randn(len(LENGTHS), max(LENGTHS), generator=generator), torch.tensor(LENGTHS)


def moved(module):
    """Give all that learns another value, far from the start at the pretrained model."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return module


def last_frames(folder):
    """What the whole model gives of each utterance by itself."""
    model = load_speech_model(folder)
    waveforms, lengths = made_waveforms()
    with torch.no_grad():
        return [
            model.hidden_states(*model.embed(waveforms[row : row + 1, :length], lengths[row : row + 1]))[-1][0]
            for row, length in enumerate(LENGTHS)
        ]


@pytest.mark.parametrize("trained_layers", [0, 1])
def test_lower_and_upper_part_are_the_whole_at_first(folder, trained_layers):
    lower = PretrainedEncoder(folder, keep="input", trained_layers=trained_layers)
    upper = UpperLayers(folder, first=lower.depth).eval()
    assert upper.size == lower.size
    with torch.no_grad():
        frames, lengths = upper(*lower(*made_waveforms()))
    for row, wanted in enumerate(last_frames(folder)):
        assert lengths[row] == len(wanted)
        assert (frames[row, : lengths[row]] - wanted).abs().max() < 1e-4


@pytest.mark.parametrize("tuning", ["adapters", "all"])
@pytest.mark.parametrize("layer", ["last", "mix"])
def test_alone_equals_in_a_batch_after_training(folder, tuning, layer):
    lower = PretrainedEncoder(folder, keep="input")
    upper = moved(UpperLayers(folder, first=0, tuning=tuning, layer=layer)).eval()
    features, lengths = lower(*made_waveforms())
    with torch.no_grad():
        together = MaskedMean()(*upper(features, lengths))
        for row, length in enumerate(lengths):
            alone = MaskedMean()(*upper(features[row : row + 1, :length], lengths[row : row + 1]))
            assert (alone[0] - together[row]).abs().max() < 1e-4


def test_a_whole_model_on_waveforms_alone_equals_in_a_batch(folder):
    whole = moved(UpperLayers(folder, first=None, tuning="all")).eval()
    waveforms, lengths = made_waveforms()
    with torch.no_grad():
        together = MaskedMean()(*whole(waveforms, lengths))
        for row, length in enumerate(LENGTHS):
            alone = MaskedMean()(*whole(waveforms[row : row + 1, :length], lengths[row : row + 1]))
            assert (alone[0] - together[row]).abs().max() < 1e-4


def test_no_gradient_reaches_what_does_not_learn(folder):
    """Neither a node of the convolutional front end nor a frozen weight's gradient is in the graph."""
    lower = PretrainedEncoder(folder, keep="input", trained_layers=1)
    upper = UpperLayers(folder, first=lower.depth).train()
    features, lengths = lower(*made_waveforms())
    assert not features.requires_grad
    loss = MaskedMean()(*upper(features, lengths)).square().sum()
    leaves = leaves_of(loss.grad_fn)
    learning = {id(parameter) for parameter in upper.parameters() if parameter.requires_grad}
    assert {id(leaf) for leaf in leaves} == learning
    assert "feature_extractor" not in "".join(name for name, _ in upper.named_parameters())
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(tensor.shape) or tensor, lambda x: x):
        upper(features, lengths)
    assert saved
    longest = max(shape[-1] if len(shape) else 0 for shape in saved)
    assert longest < 1600  # 100 ms of samples: nothing at the rate of waveforms or of the first convolutions


def leaves_of(node):
    """Parameters whose gradient a backward pass computes."""
    found, seen, waiting = [], set(), [node]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        waiting.extend(following for following, _ in node.next_functions)
    return found


def test_everything_learns_when_all_is_asked(folder):
    whole = UpperLayers(folder, first=None, tuning="all").train()
    MaskedMean()(*whole(*made_waveforms())).square().sum().backward()
    without = [
        name for name, parameter in whole.named_parameters() if parameter.requires_grad and parameter.grad is None
    ]
    assert without == []
    learning = sum(parameter.requires_grad for parameter in whole.parameters())
    assert learning >= 0.9 * len(list(whole.parameters()))


def test_a_whole_model_in_bf16_gives_nearly_the_same(folder):
    """The waveforms' own arithmetic (log-mel frames, norms over time) is not done in half precision."""
    whole = UpperLayers(folder, first=None, tuning="all").eval()
    with torch.no_grad():
        exact, _ = whole(*made_waveforms())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            lower, _ = whole(*made_waveforms())
    assert 0 < (lower - exact).norm() / exact.norm() < 0.02


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("tuning", ["adapters", "all"])
def test_a_checkpoint_holds_what_learns_and_brings_it_back(folder, tuning, first, tmp_path):
    trained = moved(UpperLayers(folder, first=first, tuning=tuning, layer="mix")).eval()
    torch.save(trained.state_dict(), tmp_path / "network.ckpt")
    kept = torch.load(tmp_path / "network.ckpt", weights_only=True)
    learning = {name for name, parameter in trained.named_parameters() if parameter.requires_grad}
    assert set(kept) == learning | {"_extra_state"}
    again = UpperLayers(folder, first=first, tuning=tuning, layer="mix").eval()
    again.load_state_dict(kept, strict=True)
    lower = PretrainedEncoder(folder, keep="input", trained_layers=again.model.number_of_layers - first)
    features, lengths = lower(*made_waveforms())
    with torch.no_grad():
        assert torch.equal(again(features, lengths)[0], trained(features, lengths)[0])


def test_the_checkpoint_of_another_encoder_is_refused(tmp_path_factory):
    one, other = (
        tiny_encoder("wav2vec2-layer", tmp_path_factory),
        tiny_encoder("wav2vec2-layer", tmp_path_factory, seed=1),
    )
    state = UpperLayers(one).state_dict()
    with pytest.raises(XserError, match="another pretrained encoder"):
        UpperLayers(other).load_state_dict(state)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"tuning": "some"}, "tuning is"), ({"layer": "3"}, "--layer is"), ({"layer": 1}, "--layer")],
)
def test_unknown_words_are_refused(options, message, tmp_path_factory):
    with pytest.raises(XserError, match=message):
        UpperLayers(tiny_encoder("whisper", tmp_path_factory), **options)


@pytest.mark.parametrize("trained_layers", [-1, 99])
def test_more_layers_than_there_are_is_refused(trained_layers, tmp_path_factory):
    with pytest.raises(XserError, match="--trained_layers"):
        PretrainedEncoder(tiny_encoder("whisper", tmp_path_factory), keep="input", trained_layers=trained_layers)
