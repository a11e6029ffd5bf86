"""A trained model as a folder of transformers', for `pipeline("audio-classification", FOLDER)`.

transformers' classification heads of wav2vec 2.0, HuBERT, WavLM and w2v-BERT are a linear projection of every frame of
the last layer, or of a learned mix of layers, the mean over the frames, and a linear layer. With a projection that
changes nothing this is a network of ours whose layers learned themselves (fine-tuning ``last_layers``, ``full``, and
``peft`` without bottleneck adapters, LoRA merged). Whisper's head averages over 30 s, of which most is silence.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import xser
from xser.core.errors import XserError
from xser.model.comparison import largest_difference
from xser.model.encoders.adapters import GatedAdapter, merge_lora
from xser.model.encoders.upper_layers import UpperLayers
from xser.model.encoders.w2v_bert import W2vBertSpeechModel
from xser.model.encoders.whisper import WhisperSpeechModel
from xser.model.exported import EncoderRecord, Member, ModelConfig
from xser.model.recognition import Model

TOLERANCE = 1e-5  # of a probability
_LEFT_OUT = -1e4  # weight of a layer that is no part of the mix: its softmax is 0


def write_for_transformers(folder: Path, config: ModelConfig, members: Sequence[Member]) -> None:
    """Write config.json, model.safetensors and preprocessor_config.json, compared with the network first.

    Raises
    ------
    XserError
        When transformers has no such network, or the two differ.
    """
    record = _encoder_of(members)
    network: Any = members[0].network.network
    head = _new_model(record, config, network.layer == "mix")
    _fill(head, members[0])
    extractor = _extractor(record)
    _check(head, extractor, Model(config, members, "cpu"))
    head.save_pretrained(folder, safe_serialization=True)
    extractor.save_pretrained(folder)


def _encoder_of(members: Sequence[Member]) -> EncoderRecord:
    """The encoder of a model that transformers can hold.

    Raises
    ------
    XserError
        With the reason, when it cannot.
    """
    why = _what_is_in_the_way(members)
    encoder = members[0].record.encoder
    if why or encoder is None:
        raise XserError(f"--format transformers: {why}; leave it out, or export --onnx")
    return encoder


def _what_is_in_the_way(members: Sequence[Member]) -> str:
    if len(members) > 1:
        return "an ensemble is several networks, and transformers takes one"
    member, network = members[0], members[0].network.network
    if not isinstance(network, UpperLayers):
        return "transformers has no such network (only one whose encoder was fine-tuned)"
    if isinstance(network.model, WhisperSpeechModel):
        return "transformers averages over Whisper's whole 30 s, this network over the recording's own frames"
    if any(isinstance(part, GatedAdapter) for part in network.modules()):
        return "transformers has no bottleneck adapters (train with --adapter_size 0)"
    if member.record.network.pooling != "mean":
        return "transformers pools by the mean alone"
    if member.record.target_statistics != "none":
        return "transformers knows no statistics of recordings together"
    if _has_bias_of_its_own(member):
        return "the upper layers learned a position bias of their own, and transformers keeps one for all"
    return ""


def _has_bias_of_its_own(member: Member) -> bool:
    """Whether WavLM's position bias, which all layers share, learned in the upper ones and not in those below."""
    frontend, network = member.network.frontend, member.network.network
    own = getattr(getattr(network, "model", None), "position_bias", None)
    if own is None:
        return False
    below: Any = frontend
    return not torch.equal(own.rel_attn_embed.weight, below.needed_model().layers[0].attention.rel_attn_embed.weight)


def _new_model(record: EncoderRecord, config: ModelConfig, mix: bool) -> Any:
    from transformers import AutoConfig, AutoModelForAudioClassification

    settings = {key: value for key, value in record.config.items() if key not in ("model_type", "auto_map")}
    names = dict(enumerate(config.emotions))
    told = {
        "id2label": names,
        "label2id": {name: number for number, name in names.items()},
        "use_weighted_layer_sum": mix,
        "add_adapter": False,  # what an adapter on top would give is not what was learned on
        "xser_version": xser.__version__,
    }
    description = AutoConfig.for_model(record.config["model_type"], **{**settings, **told})
    description.classifier_proj_size = description.hidden_size
    return AutoModelForAudioClassification.from_config(description).eval()


@torch.no_grad()
def _fill(head: Any, member: Member) -> None:
    """Put a network's weights in, part by part."""
    upper: Any = member.network.network
    frontend: Any = member.network.frontend
    start: Any = upper.model if frontend is None else frontend.needed_model()
    body = head.base_model
    body.feature_projection.load_state_dict(start.projection.state_dict())
    if isinstance(start, W2vBertSpeechModel):
        parts: list[tuple[Any, Any]] = [(body.encoder.embed_positions, start.positions)]
    else:
        parts = [
            (body.feature_extractor.conv_layers, start.convolutions),
            (body.encoder.pos_conv_embed, start.positions),
            (body.encoder.layer_norm, upper.model.norm if start.norm_first else start.norm),
        ]
    first = upper.first or 0
    for index, layer in enumerate(body.encoder.layers):
        source = (upper.model if index >= first else start).layers[index]
        parts.append((layer, _merged(source)))
    for into, source in parts:
        if source is not None:
            into.load_state_dict(source.state_dict())
    if upper.layer == "mix":
        head.layer_weights.fill_(_LEFT_OUT)
        head.layer_weights[first:] = upper.layer_weights
    head.projector.weight.copy_(torch.eye(len(head.projector.weight)))
    head.projector.bias.zero_()
    head.classifier.load_state_dict(member.network.emotion_head.state_dict())


def _merged(layer: torch.nn.Module) -> torch.nn.Module:
    layer = copy.deepcopy(layer)
    merge_lora(layer)
    return layer


def _extractor(record: EncoderRecord) -> Any:
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2FeatureExtractor

    if record.config["model_type"] == "wav2vec2-bert":
        return SeamlessM4TFeatureExtractor.from_dict(dict(record.extractor))
    settings = {"do_normalize": True, "return_attention_mask": False, **record.extractor}
    return Wav2Vec2FeatureExtractor.from_dict(settings)


def _check(head: Any, extractor: Any, model: Model) -> None:
    """Compare with the network, by what transformers' pipeline does.

    Raises
    ------
    XserError
        When a probability differs by more than `TOLERANCE`.
    """

    @torch.inference_mode()
    def probabilities_of(waveform: np.ndarray) -> np.ndarray:
        features = extractor(waveform, sampling_rate=16000, return_tensors="pt")
        return head(**features).logits[0].softmax(dim=-1).numpy()

    found = largest_difference(model, probabilities_of)
    if not found <= TOLERANCE:
        raise XserError(
            f"transformers and the network differ by {found:.1g} in a probability: leave --format transformers out, "
            "and please report this line"
        )
