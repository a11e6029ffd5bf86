"""A frozen pretrained encoder as a front end: all its hidden layers, to be kept on disk."""

import threading

import torch

from xser.errors import XserError
from xser.model.encoders.model_folder import extractor_settings, find_model, model_identity
from xser.model.encoders.wav2vec2 import Wav2Vec2Frames
from xser.model.encoders.whisper import WhisperFrames

WAVEFORM_MODELS = ("hubert", "wav2vec2", "wavlm")
RATE = 16000
_LOADING = threading.Lock()  # several threads may want the model at once; it is loaded by one


class PretrainedEncoder(torch.nn.Module):
    """A pretrained encoder that never changes: always in evaluation mode, without a gradient.

    Each utterance is encoded by itself, so that none depends on its neighbours in a batch: models with group
    normalisation (wav2vec2-base-960h, HuBERT base) would, padding being part of what they normalise over, and masked
    attention does in the last bits.

    The model is loaded when it is first needed: where all features are kept already, it is not loaded at all. It is no
    submodule, so no optimiser, checkpoint or ``train()`` reaches it.

    Parameters
    ----------
    source : str or Path
        A folder in Hugging Face's format, or a name on the hub. Whisper, wav2vec 2.0, HuBERT and WavLM are known.
    keep : str
        ``embeddings``: each layer's mean over the real frames. ``frames``: every frame.
    window : str
        For Whisper: ``own`` (the utterance's length) or ``native`` (padded to 30 s), see `xser.model.encoders.whisper`.
    revision : str, optional
        Branch, tag or commit on the hub.

    Attributes
    ----------
    identity : dict
        Everything that the output depends on.
    layers, size : int
        Hidden layers (the transformer's input included) and their size.

    Raises
    ------
    XserError
        When the model is not there or not of a known type, or `keep` or `window` is unknown.
    """

    def __init__(self, source, keep="embeddings", window="own", revision=None):
        super().__init__()
        if keep not in ("embeddings", "frames"):
            raise XserError(f"keep is embeddings or frames, not {keep!r}")
        if window not in ("own", "native"):
            raise XserError(f"window is own or native, not {window!r}")
        self.folder = find_model(source, revision)
        self.keep, self.window = keep, window
        model = model_identity(self.folder)
        self.model_type = model["model_type"]
        if self.model_type == "whisper":
            self.layers, self.size = model["config"]["encoder_layers"] + 1, model["config"]["d_model"]
        elif self.model_type in WAVEFORM_MODELS:
            self.layers, self.size = model["config"]["num_hidden_layers"] + 1, model["config"]["hidden_size"]
            if window == "native":
                raise XserError(f"window native is for Whisper, not for {self.folder} ({self.model_type}): use own")
        else:
            known = ", ".join(("whisper", *WAVEFORM_MODELS))
            raise XserError(f"{self.folder} holds a model of type {self.model_type!r}: use one of {known}")
        if model["extractor"].get("sampling_rate", RATE) != RATE:
            raise XserError(f"{self.folder} wants {model['extractor']['sampling_rate']} Hz: use a model for {RATE} Hz")
        self.identity = {"kind": "pretrained", "version": 1, "keep": keep, "window": window, **model}
        self._frames_of = None
        self.eval()

    def train(self, mode=True):
        """Stay in evaluation mode, whatever is asked."""
        return super().train(False)

    @property
    def model(self):
        """The frozen transformers model."""
        with _LOADING:
            if self._frames_of is None:
                self._frames_of = _load(self.folder, self.model_type, self.window)
        return self._frames_of.encoder if self.model_type == "whisper" else self._frames_of.model

    @torch.no_grad()
    def forward(self, waveforms, lengths):
        """Compute the hidden layers.

        Parameters
        ----------
        waveforms : Tensor
            Shape (batch, samples), 16 kHz.
        lengths : Tensor
            Real samples of each utterance (batch,).

        Returns
        -------
        (Tensor, Tensor)
            Features (batch, time, layers, size), zero where padded, and lengths (batch,); time is 1 when embeddings are
            kept.
        """
        self.model.to(waveforms.device)
        features = [self._frames_of(row[:length]) for row, length in zip(waveforms, lengths.tolist(), strict=True)]
        if self.keep == "embeddings":
            features = [frames.mean(dim=0, keepdim=True) for frames in features]
        frame_lengths = torch.tensor([len(frames) for frames in features], device=waveforms.device)
        return torch.nn.utils.rnn.pad_sequence(features, batch_first=True), frame_lengths


def _load(folder, model_type, window):
    """Load the encoder in float32 (stored in half precision or not), frozen."""
    from transformers import AutoModel, WhisperFeatureExtractor

    try:
        model, report = AutoModel.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
        )
    except Exception as error:  # transformers' errors are of many kinds, and all mean that the files are no such model
        raise XserError(f"the model in {folder} cannot be loaded ({error}): download it again") from error
    prefix = "encoder." if model_type == "whisper" else ""
    missing = [name for name in report["missing_keys"] if name.startswith(prefix) and name != "masked_spec_embed"]
    if missing:
        raise XserError(f"the weights in {folder} lack {len(missing)} tensors ({missing[0]} ...): download them again")
    model = model.eval().requires_grad_(False)
    if model_type == "whisper":
        settings = extractor_settings(folder) or {"feature_size": model.config.num_mel_bins}
        return WhisperFrames(model.get_encoder(), WhisperFeatureExtractor.from_dict(settings), window)
    return Wav2Vec2Frames(model, extractor_settings(folder).get("do_normalize", True))
