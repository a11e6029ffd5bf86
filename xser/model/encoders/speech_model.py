"""Pretrained speech encoders of many kinds behind one interface: waveforms to hidden layers, layer by layer.

Every kind (`KINDS`) is a module with

- ``embed(waveforms, lengths)``: the transformer's input, (batch, time, size), and the numbers of real frames;
- ``context(frames, lengths)``: what layers need besides frames (masks, position biases), from the frames alone;
- ``run_layer(index, frames, context)``: one layer; ``finish(frames)``: the norm after the last one, where there is one;
- ``layers``, ``size``, ``number_of_layers``; ``keep_layers_from(first)`` drops what only lower layers need;
- ``attention_projections`` and ``feed_forward_outputs``: names of the linear layers, inside a layer, that adapters
  attach to.

An utterance gives the same frames alone and in a batch, whatever stands where it is padded, and alone what
transformers' own model gives. Neither LayerDrop nor SpecAugment is ever applied.
"""

import contextlib

import torch

from xser.core.errors import XserError, is_exhausted_memory
from xser.model.encoders.model_folder import extractor_settings, model_config
from xser.model.encoders.recordings import RATE


def load_speech_model(folder, window="own"):
    """Load a pretrained encoder in float32, frozen and in evaluation mode.

    Parameters
    ----------
    folder : Path
        In Hugging Face's format (`xser.model.encoders.model_folder.find_model`).
    window : str
        For Whisper: ``own`` or ``native``, see `xser.model.encoders.whisper`.

    Returns
    -------
    torch.nn.Module
        See the module's text.

    Raises
    ------
    XserError
        When the files are damaged or lack tensors, or the model is of no known kind.
    """
    kind = _kind_of(folder)
    return kind(_load(folder), extractor_settings(folder), window).eval().requires_grad_(False)


def model_shape(folder):
    """Number of layers and size of the frames of the model in `folder`, without loading its weights."""
    _kind_of(folder)
    config = model_config(folder)
    keys = ("encoder_layers", "d_model") if config["model_type"] == "whisper" else ("num_hidden_layers", "hidden_size")
    if not all(isinstance(config.get(key), int) for key in keys):
        raise XserError(f"{folder}/config.json does not say {' and '.join(keys)}: download the model again")
    return tuple(config[key] for key in keys)


def hidden_states(model, frames, lengths, first=0):
    """Compute all hidden layers from the input of layer `first` on.

    Parameters
    ----------
    model : torch.nn.Module
        From `load_speech_model`.
    frames : Tensor
        Input of layer `first`, (batch, time, size).
    lengths : Tensor
        Real frames of each utterance (batch,).
    first : int
        Index of the lowest layer to run.

    Returns
    -------
    list of Tensor
        `frames`, and the output of each layer, the last one finished; all (batch, time, size).
    """
    context = model.context(frames, lengths)
    layers = [frames]
    for index in range(first, model.number_of_layers):
        layers.append(model.run_layer(index, layers[-1], context))
    return layers[:-1] + [model.finish(layers[-1])]


def _kinds():
    """Model type in config.json: its class."""
    from xser.model.encoders.w2v_bert import W2vBertModel
    from xser.model.encoders.wav2vec2 import WaveformModel
    from xser.model.encoders.wavlm import WavLMSpeechModel
    from xser.model.encoders.whisper import WhisperSpeechModel

    return {
        "wav2vec2": WaveformModel,
        "hubert": WaveformModel,
        "wavlm": WavLMSpeechModel,
        "wav2vec2-bert": W2vBertModel,
        "whisper": WhisperSpeechModel,
    }


def _kind_of(folder):
    kind, kinds = model_config(folder).get("model_type", ""), _kinds()
    if kind not in kinds:
        raise XserError(f"{folder} holds a model of type {kind!r}: use one of {', '.join(kinds)}")
    rate = extractor_settings(folder).get("sampling_rate", RATE)
    if rate != RATE:
        raise XserError(f"{folder} wants {rate} Hz: use a model for {RATE} Hz")
    return kinds[kind]


@contextlib.contextmanager
def _no_word_of_unused_weights():
    """Keep transformers from saying that a head is not used and the model should be trained: what lacks is checked."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _load(folder):
    """Load transformers' own model; attention by torch's fused function where transformers knows it."""
    from transformers import AutoModel

    try:
        with _no_word_of_unused_weights():
            model, report = AutoModel.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
            )
    except Exception as error:  # transformers' errors are of many kinds, nearly all of them faults of the files
        if is_exhausted_memory(error):
            raise
        raise XserError(f"the model in {folder} cannot be loaded ({error}): download it again") from error
    encoder = getattr(model, "get_encoder", lambda: None)() if model.config.model_type == "whisper" else None
    prefix = "" if encoder is None else "encoder."
    missing = [name for name in report["missing_keys"] if name.startswith(prefix) and name != "masked_spec_embed"]
    if missing:
        raise XserError(f"the weights in {folder} lack {len(missing)} tensors ({missing[0]} ...): download them again")
    return model if encoder is None else encoder
