"""w2v-BERT 2: a conformer on log-mel frames."""

from typing import Any

import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.model.encoders.base import SpeechModel, frames_from
from xser.model.encoders.masks import frame_mask, zero_padding
from xser.model.encoders.recordings import RATE

SHORTEST = 560  # samples of two log-mel windows, which make one frame


class W2vBertSpeechModel(SpeechModel):
    """w2v-BERT 2.

    Parameters
    ----------
    model
        `transformers.Wav2Vec2BertModel`. Its parts become parts of this module.
    extractor
        Settings of its feature extractor.
    window
        Of no meaning here.

    Raises
    ------
    XserError
        When the model has an adapter on top, which shortens time.
    """

    attention_projections = ("self_attn.linear_q", "self_attn.linear_k", "self_attn.linear_v", "self_attn.linear_out")
    feed_forward_outputs = ("ffn1.output_dense", "ffn2.output_dense")

    def __init__(self, model: Any, extractor: dict[str, Any], window: str) -> None:
        from transformers import SeamlessM4TFeatureExtractor

        super().__init__()
        if model.adapter is not None or model.intermediate_ffn is not None:
            raise XserError("a w2v-BERT model with an adapter on top is not known: use one without (add_adapter false)")
        self.size = model.config.hidden_size
        self.extractor = SeamlessM4TFeatureExtractor.from_dict(extractor)
        self.projection: Any = model.feature_projection
        self.positions: Any = model.encoder.embed_positions
        self.dropout = model.encoder.dropout
        self.layers = model.encoder.layers

    def embed(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the conformer's input (`SpeechModel.embed`)."""
        features = [self._log_mel(row[:length]) for row, length in zip(waveforms, lengths.tolist(), strict=True)]
        lengths = torch.tensor([len(each) for each in features], device=lengths.device)
        padded = torch.nn.utils.rnn.pad_sequence(features, batch_first=True).to(waveforms.device)
        frames, _ = self.projection(padded)
        return self.dropout(zero_padding(frames, lengths)), lengths

    def _log_mel(self, waveform: Tensor) -> Tensor:
        """Log-mel frames of an utterance, normalised by band, two side by side: (time, 2 * bands)."""
        waveform = torch.nn.functional.pad(waveform, (0, max(0, SHORTEST - len(waveform))))
        found = self.extractor(waveform.cpu().numpy(), sampling_rate=RATE, return_tensors="pt")
        return found["input_features"][0, : int(found["attention_mask"][0].sum())]

    def context(self, frames: Tensor, lengths: Tensor | None) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Masks of attention (added to the scores) and convolution, None where nothing is padded, and positions."""
        time = frames.shape[1]
        positions = None if self.positions is None else self.positions(frames)
        if lengths is None or int(lengths.min()) == time:
            return None, None, positions
        real = frame_mask(lengths, time, frames.device)
        scores = torch.zeros(real.shape, dtype=frames.dtype, device=frames.device)
        scores = scores.masked_fill(~real, torch.finfo(frames.dtype).min)
        return scores[:, None, None], real, positions

    def run_layer(self, index: int, frames: Tensor, context: Any) -> Tensor:
        """Output of layer `index`, (batch, time, size)."""
        scores, real, positions = context
        output = self.layers[index](
            frames, attention_mask=scores, relative_position_embeddings=positions, conv_attention_mask=real
        )
        return frames_from(output)

    def keep_layers_from(self, first: int) -> None:
        """Drop the projection and the layers below `first`; the others keep their index."""
        self.projection = None
        super().keep_layers_from(first)
