"""Adapters start at the pretrained model, learn alone, and do what their equations say."""

import pytest
import torch

from xser.core.errors import XserError
from xser.model.encoders.adapters import GatedAdapter, GatedLoRA, add_adapters


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = torch.nn.ModuleDict({name: torch.nn.Linear(6, 6) for name in ("q", "k", "v", "out")})
        self.output = torch.nn.Linear(6, 6)


class Model(torch.nn.Module):
    attention_projections = ("attention.q", "attention.k", "attention.v", "attention.out")
    feed_forward_outputs = ("output",)

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList([Layer() for _ in range(3)])


def moved(module, seed=0):
    """Give all that learns a value of its own."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return module


def test_lora_is_its_equation():
    linear, frames = torch.nn.Linear(6, 4), torch.randn(2, 3, 6)
    lora = moved(GatedLoRA(linear, rank=2, alpha=8.0))
    product = lora.adapter_up_proj.weight @ lora.adapter_down_proj.weight
    wanted = frames @ (linear.weight + lora.gate * 8.0 / 2 * product).T + linear.bias
    assert torch.allclose(lora(frames), wanted, atol=1e-5)


def test_adapter_is_its_equation():
    linear, frames = torch.nn.Linear(6, 4), torch.randn(2, 3, 6)
    adapter = moved(GatedAdapter(linear, size=5))
    output = linear(frames)
    hidden = adapter.adapter_down_proj(output)
    wanted = output + adapter.gate * adapter.adapter_up_proj(hidden * hidden.sigmoid())
    assert torch.allclose(adapter(frames), wanted, atol=1e-5)


def test_only_branches_and_gates_learn_and_only_in_the_upper_layers():
    model = Model()
    add_adapters(model, first=1, lora_rank=2, lora_alpha=4.0, adapter_size=3)
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert not any(name.startswith("layers.0") for name in learning)
    for layer in (1, 2):
        here = {name.removeprefix(f"layers.{layer}.") for name in learning if name.startswith(f"layers.{layer}.")}
        lora = {f"attention.{name}.{part}" for name in ("q", "k", "v", "out") for part in (
            "adapter_down_proj.weight", "adapter_up_proj.weight", "gate")}  # fmt: skip
        down_and_up = {f"output.adapter_{way}_proj.{part}" for way in ("down", "up") for part in ("weight", "bias")}
        assert here == lora | down_and_up | {"output.gate"}


@pytest.mark.parametrize(("lora_rank", "adapter_size"), [(0, 3), (2, 0)])
def test_zero_leaves_a_kind_out(lora_rank, adapter_size):
    model = Model()
    add_adapters(model, first=0, lora_rank=lora_rank, lora_alpha=4.0, adapter_size=adapter_size)
    assert isinstance(model.layers[0].attention["q"], GatedLoRA) == (lora_rank > 0)
    assert isinstance(model.layers[0].output, GatedAdapter) == (adapter_size > 0)


@pytest.mark.parametrize("sizes", [(0, 0), (-1, 4), (4, -1)])
def test_nothing_to_learn_is_refused(sizes):
    with pytest.raises(XserError, match="--lora_rank"):
        add_adapters(Model(), first=0, lora_rank=sizes[0], lora_alpha=4.0, adapter_size=sizes[1])
