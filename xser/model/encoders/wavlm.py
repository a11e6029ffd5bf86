"""WavLM: wav2vec 2.0 with a gated relative position bias in the attention of every layer."""

from typing import Any

from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from xser.model.encoders.masks import attention_mask
from xser.model.encoders.wav2vec2 import Wav2Vec2SpeechModel


class WavLMSpeechModel(Wav2Vec2SpeechModel):
    """WavLM, from `transformers.WavLMModel`.

    transformers hands the projections' weights to one function and never calls the projections, so that an adapter in
    their place would be passed by. Here they are called, and attention is torch's fused one.
    """

    def __init__(self, model: Any, extractor: dict[str, Any], window: str) -> None:
        super().__init__(model, extractor, window)
        self.position_bias: Any = None  # the first layer's attention holds it for all; here when that layer is dropped

    def context(self, frames: Tensor, lengths: Tensor | None) -> tuple[Tensor | None, Tensor]:
        """The attention mask, and the position bias (heads, time, time) that every layer gates in its own way."""
        time = frames.shape[1]
        holder: Any = self.layers[0].attention if self.position_bias is None else self.position_bias
        return attention_mask(lengths, frames), holder.compute_bias(time, time)

    def run_layer(self, index: int, frames: Tensor, context: Any) -> Tensor:
        """Output of layer `index`, (batch, time, size)."""
        layer: Any = self.layers[index]
        attended = layer.layer_norm(frames) if self.norm_first else frames
        frames = frames + layer.dropout(_attend(layer.attention, attended, *context))
        if self.norm_first:
            return frames + layer.feed_forward(layer.final_layer_norm(frames))
        frames = layer.layer_norm(frames)
        return layer.final_layer_norm(frames + layer.feed_forward(frames))

    def keep_layers_from(self, first: int) -> None:
        """Drop the convolutions and the layers below `first`, but for the position bias of the first."""
        if first > 0:
            self.position_bias = self.layers[0].attention
            for name in ("q_proj", "k_proj", "v_proj", "out_proj", "gru_rel_pos_linear"):
                delattr(self.position_bias, name)
            self.position_bias.gru_rel_pos_const = None
        super().keep_layers_from(first)


def _attend(attention: Any, frames: Tensor, mask: Tensor | None, bias: Tensor) -> Tensor:
    """Self-attention of `frames` (batch, time, size) with the gated `bias`, by the layer's own projections."""
    batch, time, _ = frames.shape
    heads = (batch, time, attention.num_heads, attention.head_dim)
    query, key, value = (
        projection(frames).view(heads).transpose(1, 2)
        for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    bias = (_gate(attention, frames.view(heads).transpose(1, 2)) * bias).to(query.dtype)
    if mask is not None:
        bias = bias.masked_fill(~mask, float("-inf"))
    dropout = attention.dropout if attention.training else 0.0
    attended = scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout)
    return attention.out_proj(attended.transpose(1, 2).reshape(batch, time, -1))


def _gate(attention: Any, frames: Tensor) -> Tensor:
    """How much of the position bias each frame takes, from `frames` (batch, heads, time, size): (..., time, 1)."""
    gates = attention.gru_rel_pos_linear(frames).unflatten(-1, (2, 4)).sum(dim=-1).sigmoid()
    update, reset = gates.chunk(2, dim=-1)
    return update * (reset * attention.gru_rel_pos_const - 1.0) + 2.0
