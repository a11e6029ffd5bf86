"""The encoder of a Whisper model, at the utterance's own length or at the 30 s it was trained with.

Whisper takes 30 s of log-mel frames, shorter speech padded with silence. ``native`` does just that and keeps the real
frames. ``own`` takes the frames that there are and cuts the positional embeddings: it costs a tenth for short
utterances, and gives other numbers. An utterance longer than 30 s is encoded in pieces of 30 s that do not see each
other, and their frames stand in a row.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import gelu, pad
from torch.nn.utils.rnn import pad_sequence

from xser.model.encoders.base import SpeechModel, frames_from
from xser.model.encoders.masks import attention_mask, zero_padding
from xser.model.encoders.recordings import RATE

SHORTEST = 400  # samples; shorter utterances and pieces are filled up with zeros to one window


class WhisperSpeechModel(SpeechModel):
    """Whisper's encoder.

    Parameters
    ----------
    encoder
        `transformers.models.whisper.modeling_whisper.WhisperEncoder`. Its parts become parts of this module.
    extractor
        Settings of its feature extractor: mel filters, and a normalisation by the loudest value of the piece alone.
    window
        ``own`` or ``native``.
    """

    attention_projections = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj")
    feed_forward_outputs = ("fc2",)

    def __init__(self, encoder: Any, extractor: dict[str, Any], window: str) -> None:
        from transformers import WhisperFeatureExtractor

        super().__init__()
        self.size, self.window = encoder.config.d_model, window
        self.extractor = WhisperFeatureExtractor.from_dict(extractor or {"feature_size": encoder.num_mel_bins})
        self.piece = encoder.max_source_positions  # frames of 30 s
        self.conv1: Any = encoder.conv1
        self.conv2: Any = encoder.conv2
        self.positions: Any = encoder.embed_positions
        self.layers, self.norm = encoder.layers, encoder.layer_norm

    def embed(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the transformer's input (`SpeechModel.embed`).

        With window ``native`` the frames of the silence up to 30 s stand behind the real ones, which `lengths` counts.
        """
        utterances = [row[:length] for row, length in zip(waveforms, lengths.tolist(), strict=True)]
        pieces = [utterance.split(self.extractor.n_samples) for utterance in utterances]
        mels = [self._log_mel(piece) for split in pieces for piece in split]
        frames = self._convolve(pad_sequence(mels, batch_first=True).to(waveforms.device), [len(mel) for mel in mels])
        real = [_frames(max(len(piece), SHORTEST), self.extractor.hop_length) for split in pieces for piece in split]
        kept = [self.piece if self.window == "native" else number for number in real]
        encoded, counts = iter([row[:number] for row, number in zip(frames, kept, strict=True)]), iter(real)
        rows = [torch.cat([next(encoded) for _ in split]) for split in pieces]
        lengths = torch.tensor([sum(next(counts) for _ in split) for split in pieces], device=lengths.device)
        return pad_sequence(rows, batch_first=True), lengths

    def _log_mel(self, piece: Tensor) -> Tensor:
        """Log-mel frames (time, bands) of at most 30 s, in float32: NumPy, which they pass through, has no bfloat16."""
        with torch.autocast("cpu", enabled=False):
            return self.extractor(
                pad(piece, (0, max(0, SHORTEST - len(piece)))).cpu().numpy(),
                sampling_rate=RATE,
                padding="max_length" if self.window == "native" else "do_not_pad",
                truncation=False,
                return_tensors="pt",
            )["input_features"][0].T

    def _convolve(self, mels: Tensor, lengths: Sequence[int]) -> Tensor:
        """Frames (pieces, time / 2, size) of log-mel frames; each convolution sees zeros beyond a piece's end."""
        frames = gelu(self.conv1(mels.transpose(1, 2))).transpose(1, 2)
        frames = zero_padding(frames, torch.tensor(lengths))
        frames = gelu(self.conv2(frames.transpose(1, 2))).transpose(1, 2)
        return frames + self.positions.weight[: frames.shape[1]]

    def context(self, frames: Tensor, lengths: Tensor | None) -> Any:
        """The attention mask: real frames (native: silence too), and those of the same 30 s alone."""
        time = frames.shape[1]
        mask = None if self.window == "native" else attention_mask(lengths, frames)
        if time <= self.piece:
            return mask
        piece = torch.arange(time, device=frames.device) // self.piece
        together = (piece[:, None] == piece)[None, None]
        # The frames that fill a batch up see themselves, so that no row of the mask is empty.
        itself = torch.eye(time, dtype=torch.bool, device=frames.device)
        return together if mask is None else (together & mask) | itself

    def run_layer(self, index: int, frames: Tensor, context: Any) -> Tensor:
        """Output of layer `index`, (batch, time, size)."""
        return frames_from(self.layers[index](frames, context, layer_head_mask=None))

    def finish(self, frames: Tensor) -> Tensor:
        """The last layer's output, normalised."""
        return self.norm(frames)

    def keep_layers_from(self, first: int) -> None:
        """Drop the convolutions and the layers below `first`; the others keep their index."""
        self.conv1 = self.conv2 = self.positions = None
        super().keep_layers_from(first)


def _frames(samples: int, hop: int) -> int:
    """Frames of a piece of `samples`: half as many as log-mel frames, the last one begun."""
    return (samples // hop + 1) // 2
