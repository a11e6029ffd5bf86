"""The encoder of a Whisper model: all hidden layers, at the utterance's own length or at the 30 s it was trained with.

Whisper takes 30 s of log-mel frames, shorter speech padded with silence. ``native`` does just that and keeps the real
frames. ``own`` takes the frames that there are and cuts the positional embeddings: it costs a tenth for short
utterances, and gives other numbers. An utterance longer than 30 s is encoded in pieces of 30 s, one after another, and
their frames are put in a row.
"""

import torch
from torch.nn.functional import gelu, pad

SHORTEST = 400  # samples; shorter utterances and pieces are filled up with zeros to one window


class WhisperFrames:
    """One waveform to hidden layers.

    Parameters
    ----------
    encoder : transformers.models.whisper.modeling_whisper.WhisperEncoder
        In evaluation mode, float32.
    extractor : transformers.WhisperFeatureExtractor
        The model's own: its mel filters, and a normalisation by the loudest value of the piece alone.
    window : str
        ``own`` or ``native``.
    """

    def __init__(self, encoder, extractor, window):
        self.encoder, self.extractor, self.window = encoder, extractor, window

    def __call__(self, waveform):
        """Compute hidden layers.

        Parameters
        ----------
        waveform : Tensor
            Shape (samples,), 16 kHz.

        Returns
        -------
        Tensor
            Frames (time, layers, size) at 50 a second. The first layer is the embedding (convolutions and positions),
            the last the encoder's output.
        """
        return torch.cat([self._encode(piece) for piece in waveform.split(self.extractor.n_samples)])

    def _encode(self, piece):
        """Hidden layers of at most 30 s."""
        piece = pad(piece, (0, max(0, SHORTEST - len(piece))))
        features = self.extractor(
            piece.cpu().numpy(),
            sampling_rate=16000,
            padding="max_length" if self.window == "native" else "do_not_pad",
            truncation=False,
            return_tensors="pt",
        )["input_features"].to(piece.device)
        encoder = self.encoder
        frames = gelu(encoder.conv2(gelu(encoder.conv1(features)))).transpose(1, 2)  # (1, time, size)
        frames = frames + encoder.embed_positions.weight[: frames.shape[1]]
        layers = []
        for layer in encoder.layers:
            layers.append(frames)
            frames = layer(frames, None, layer_head_mask=None)[0]
        layers.append(encoder.layer_norm(frames))
        real = (len(piece) // self.extractor.hop_length + 1) // 2
        return torch.stack(layers, dim=2)[0, :real]
