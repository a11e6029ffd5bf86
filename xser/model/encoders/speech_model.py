"""Pretrained speech encoders of five kinds: loaded, checked, and behind one interface (`base.SpeechModel`)."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from xser.core.errors import XserError, is_exhausted_memory
from xser.model.choices import refuse_unknown
from xser.model.encoders.base import SpeechModel
from xser.model.encoders.model_folder import extractor_settings, model_config, model_type
from xser.model.encoders.recordings import RATE

WINDOWS = ("own", "native")


def load_speech_model(folder: Path, window: str = "own") -> SpeechModel:
    """Load a pretrained encoder in float32, frozen and in evaluation mode.

    Parameters
    ----------
    folder
        In Hugging Face's format (`xser.model.encoders.model_folder.find_model`).
    window
        For Whisper: ``own`` or ``native``, see `xser.model.encoders.whisper`.

    Raises
    ------
    XserError
        When the files are damaged or lack tensors, the model is of no known kind, or `window` is unknown.
    """
    refuse_unknown("window", window, WINDOWS)
    kind = kinds()[_checked_type(folder)]
    return kind(_load(folder), extractor_settings(folder), window).eval().requires_grad_(False)


def model_shape(folder: Path) -> tuple[int, int]:
    """Number of layers and size of the frames of the model in `folder`, without loading its weights."""
    _checked_type(folder)
    return shape_of(model_config(folder), folder / "config.json")


def shape_of(config: Mapping[str, Any], where: str | Path) -> tuple[int, int]:
    """Number of layers and size of the frames that a config.json tells.

    Raises
    ------
    XserError
        When it does not; `where` names the file.
    """
    keys = ("encoder_layers", "d_model") if config["model_type"] == "whisper" else ("num_hidden_layers", "hidden_size")
    layers, size = (config.get(key) for key in keys)
    if not isinstance(layers, int) or not isinstance(size, int):
        raise XserError(f"{where} does not say {' and '.join(keys)}: download the model again")
    return layers, size


def kinds() -> dict[str, Any]:
    """Class of each model type of config.json (`xser.model.encoders.model_folder.MODEL_TYPES`)."""
    from xser.model.encoders.hubert import HubertSpeechModel
    from xser.model.encoders.w2v_bert import W2vBertSpeechModel
    from xser.model.encoders.wav2vec2 import Wav2Vec2SpeechModel
    from xser.model.encoders.wavlm import WavLMSpeechModel
    from xser.model.encoders.whisper import WhisperSpeechModel

    return {
        "wav2vec2": Wav2Vec2SpeechModel,
        "hubert": HubertSpeechModel,
        "wavlm": WavLMSpeechModel,
        "wav2vec2-bert": W2vBertSpeechModel,
        "whisper": WhisperSpeechModel,
    }


def _checked_type(folder: Path) -> str:
    found = model_type(folder)
    rate = extractor_settings(folder).get("sampling_rate", RATE)
    if rate != RATE:
        raise XserError(f"{folder} wants {rate} Hz: use a model for {RATE} Hz")
    return found


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep transformers from saying that a head is not used and the model should be trained: what lacks is checked.

    Transformers 5 shows a bar while it loads, too.
    """
    from transformers.utils import logging

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def _load(folder: Path) -> Any:
    """Load transformers' own model; attention by torch's fused function where transformers knows it."""
    from transformers import AutoModel

    try:
        with _quietly():
            model, report = AutoModel.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
            )
    except Exception as error:  # transformers' errors are of many kinds, nearly all of them faults of the files
        if is_exhausted_memory(error):
            raise
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise XserError(f"the model in {folder} cannot be loaded ({why}): download it again") from error
    encoder = model.get_encoder() if model.config.model_type == "whisper" else None
    prefix = "" if encoder is None else "encoder."
    missing = [name for name in report["missing_keys"] if name.startswith(prefix) and name != "masked_spec_embed"]
    if missing:
        raise XserError(f"the weights in {folder} lack {len(missing)} tensors ({missing[0]} ...): download them again")
    return model if encoder is None else encoder
