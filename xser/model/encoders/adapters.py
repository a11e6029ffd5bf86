"""What is added to a frozen layer so that it learns: LoRA, bottleneck adapters, and a gate on each of them.

The branches are SpeechBrain's; the gates, the start at exactly the pretrained model, and the freezing are ours.
`peft` would bring LoRA alone.
"""

import copy
from typing import Any

import torch
from speechbrain.nnet.adapters import HoulsbyAdapterLinear, LoRA, replace_module
from torch import Tensor

from xser.core.errors import XserError
from xser.model.encoders.base import SpeechModel


class GatedLoRA(LoRA):
    """A linear layer W with a learned branch of low rank: W x + gate (alpha / rank) B A x.

    B starts at zero, the gate at one: at first the layer gives what it gave before.

    Parameters
    ----------
    linear
        Frozen from now on.
    rank
        Rows of A (Hu et al. 2022, arXiv:2106.09685).
    alpha
        Scale of the branch, divided by `rank`.

    Examples
    --------
    >>> linear = torch.nn.Linear(6, 4)
    >>> frames = torch.randn(2, 5, 6)
    >>> torch.equal(GatedLoRA(linear, rank=2, alpha=4.0)(frames), linear(frames))
    True
    """

    def __init__(self, linear: torch.nn.Linear, rank: int, alpha: float) -> None:
        super().__init__(linear, rank, alpha)
        self.gate = torch.nn.Parameter(torch.ones(()))

    def forward(self, frames: Tensor) -> Tensor:
        """Compute (..., size_out) from `frames` (..., size_in)."""
        hidden = self.gate * self.scaling * self.adapter_down_proj(frames)
        return _add_product(self.pretrained_module(frames), hidden, self.adapter_up_proj.weight)

    @torch.no_grad()
    def merged(self) -> torch.nn.Linear:
        """One linear layer that gives the same, but for rounding."""
        linear = copy.deepcopy(self.pretrained_module)
        linear.weight += self.gate * self.scaling * self.adapter_up_proj.weight @ self.adapter_down_proj.weight
        return linear


class GatedAdapter(HoulsbyAdapterLinear):
    """A linear layer followed by a bottleneck: y + gate U s(D y), with y = W x and s = Swish.

    U starts at zero, the gate at one: at first the layer gives what it gave before.

    Parameters
    ----------
    linear
        The last layer of a feed-forward block, frozen from now on.
    size
        Width of the bottleneck (Houlsby et al. 2019, arXiv:1902.00751).

    Examples
    --------
    >>> linear = torch.nn.Linear(6, 4)
    >>> frames = torch.randn(2, 5, 6)
    >>> torch.equal(GatedAdapter(linear, size=2)(frames), linear(frames))
    True
    """

    def __init__(self, linear: torch.nn.Linear, size: int) -> None:
        super().__init__(linear, size)
        linear.requires_grad_(False)
        torch.nn.init.zeros_(self.adapter_up_proj.weight)
        self.gate = torch.nn.Parameter(torch.ones(()))

    def forward(self, frames: Tensor) -> Tensor:
        """Compute (..., size_out) from `frames` (..., size_in)."""
        output = self.pretrained_linear(frames)
        hidden = self.gate * self.activation(self.adapter_down_proj(output))
        branch_bias = self.gate * self.adapter_up_proj.bias
        return _add_product(output, hidden, self.adapter_up_proj.weight) + branch_bias


def _add_product(frames: Tensor, hidden: Tensor, weight: Tensor) -> Tensor:
    """Compute ``frames + hidden weight^T``, (..., size), in one matrix product.

    The gate is already in `hidden` (..., rank): at full size it would cost two passes over the frames, and one more
    that is kept for the way back.
    """
    return torch.addmm(frames.flatten(0, -2), hidden.flatten(0, -2), weight.T).view_as(frames)


def add_adapters(model: SpeechModel, first: int, lora_rank: int, lora_alpha: float, adapter_size: int) -> None:
    """Put LoRA on the attention projections and an adapter after every feed-forward block, in the layers from `first`.

    Everything else of `model` is frozen.

    Parameters
    ----------
    model
        Changed in place.
    first
        The lowest layer that learns.
    lora_rank, adapter_size
        0 leaves that kind of branch out.
    lora_alpha
        Scale of LoRA, divided by its rank.

    Raises
    ------
    XserError
        When both kinds are left out, or a size is negative.
    """
    if lora_rank < 0 or adapter_size < 0 or lora_rank + adapter_size == 0:
        raise XserError("--lora_rank and --adapter_size are at least 0, and not both 0: or use --finetune frozen")
    model.requires_grad_(False)
    layer: Any
    for layer in model.layers[first:]:
        for name in model.attention_projections if lora_rank else ():
            replace_module(layer, name, GatedLoRA(layer.get_submodule(name), lora_rank, lora_alpha))
        for name in model.feed_forward_outputs if adapter_size else ():
            replace_module(layer, name, GatedAdapter(layer.get_submodule(name), adapter_size))


def merge_lora(module: torch.nn.Module) -> None:
    """Put one linear layer (`GatedLoRA.merged`) in the place of every LoRA below `module`, for use without training."""
    for name, part in list(module.named_modules()):
        if isinstance(part, GatedLoRA):
            replace_module(module, name, part.merged())
