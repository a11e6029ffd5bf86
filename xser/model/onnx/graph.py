"""The ONNX graph of a model: written, checked against the network, and made smaller with whole numbers of 8 bits."""

import contextlib
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xser.core.errors import XserError
from xser.core.extras import optional
from xser.core.files import write_text
from xser.model.comparison import largest_difference
from xser.model.exported import Member, ModelConfig
from xser.model.onnx.network import MemberGraph, ModelGraph
from xser.model.recognition import Model

GRAPH, SMALL_GRAPH, SCRIPT = "model.onnx", "model.int8.onnx", "use_onnx.py"
OPSET = 18
EXTERNAL = 1_800_000_000  # bytes of weights from which they stand in a file of their own: the format ends at 2 GB
_EXAMPLE = 24_000  # samples with which the exporter goes through the network
_PURPOSE = "an ONNX graph"
TOLERANCE = 1e-4  # of a probability, between the graph and the network


def write_onnx(folder: Path, config: ModelConfig, members: Sequence[Member], int8: bool = False) -> None:
    """Write model.onnx, checked, and the script that uses it into a model's folder; with `int8`, model.int8.onnx too.

    Raises
    ------
    XserError
        As `write_graph` and `check_graph`.
    """
    path = folder / GRAPH
    write_graph(path, members, config.emotions)
    check_graph(path, Model(config, members, "cpu"))
    if int8:
        write_int8(path, folder / SMALL_GRAPH)
    script = Path(__file__).with_name(SCRIPT)
    write_text(folder / SCRIPT, script.read_text(encoding="utf-8"))


def write_graph(path: Path, members: Sequence[Member], emotions: Sequence[str]) -> None:
    """Write one graph from ``waveform`` (1, samples), float32, 16 kHz mono, to ``probabilities`` and ``embedding``.

    Parameters
    ----------
    path
        The file; weights of more than 2 GB stand beside it in ``<name>.data``.
    members
        Networks whose log-probabilities are averaged.
    emotions
        Kept in the graph's metadata, with the sampling rate and the longest recording that it takes.

    Raises
    ------
    XserError
        When a member has no graph, or a library of the extra ``onnx`` is missing.
    """
    optional("onnxscript", _PURPOSE)
    module = ModelGraph(members)
    model = _exported(module)
    _fill_up(model, _parts(module))
    _name_outputs(model)
    longest = [member.longest for member in _parts(module) if member.longest is not None]
    model.metadata_props.update(
        {
            "emotions": json.dumps(list(emotions), ensure_ascii=False),
            "sampling_rate": "16000",
            "longest_samples": str(min(longest)) if longest else "",
        }
    )
    _save(model, path)


def check_graph(path: Path, model: Model) -> None:
    """Compare a graph with the network that it was made of.

    Raises
    ------
    XserError
        When a probability differs by more than `TOLERANCE`.
    """
    session = optional("onnxruntime", _PURPOSE).InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = largest_difference(model, lambda each: session.run(["probabilities"], {"waveform": each[None]})[0][0])
    if not found <= TOLERANCE:
        raise XserError(
            f"the ONNX graph and the network differ by {found:.1g} in a probability: leave --onnx out, "
            "and please report this line"
        )


def write_int8(path: Path, smaller: Path) -> None:
    """Write a graph with matrices of whole numbers of 8 bits, with a scale for each column.

    What they are multiplied by is rounded as it comes. The convolutions and the log-mel front end stay as they are:
    rounding these costs most and saves least.

    Parameters
    ----------
    path
        What `write_graph` wrote.
    smaller
        The file to write.
    """
    optional("onnxruntime", _PURPOSE)
    onnx = optional("onnx", _PURPOSE)
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load(str(path), load_external_data=False).graph
    precise = {each.name for each in graph.initializer if each.data_type == onnx.TensorProto.DOUBLE}
    with _quietly():
        quantize_dynamic(
            path,
            smaller,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QUInt8,  # with a sign, processors without VNNI add products in 16 bits: they overflow
            nodes_to_exclude=[node.name for node in graph.node if precise & set(node.input)],
            use_external_data_format=path.with_name(f"{path.name}.data").exists(),
        )


def _parts(module: ModelGraph) -> list[MemberGraph]:
    return [part for part in module.members if isinstance(part, MemberGraph)]


def _exported(module: ModelGraph) -> Any:
    """The network's graph, whose inputs are what `ModelGraph.forward` takes."""
    signals, sizes = [], []
    for at, member in enumerate(_parts(module)):
        fixed = member.shortest == member.longest
        signals.append(torch.zeros(1, member.shortest if fixed else _EXAMPLE))
        dimension = torch.export.Dim(f"samples_{at}", min=4000, max=member.longest)
        sizes.append({} if fixed else {1: dimension})
    with _quietly():
        program = torch.onnx.export(
            module,
            (signals, torch.tensor([_EXAMPLE])),
            dynamo=True,
            dynamic_shapes=(sizes, {}),
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    return program.model


def _fill_up(model: Any, members: Sequence[MemberGraph]) -> None:
    """Put one input, ``waveform``, in the place of the network's: filled up with zeros, and its number of samples.

    Where the network was followed at one length alone, a longer waveform fails: it would be cut without a word.
    """
    import onnx_ir as ir
    from onnx_ir import tape

    graph = model.graph
    *signals, samples = list(graph.inputs)
    before = tape.Tape()
    waveform = ir.Value(name="waveform", type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape([1, "samples"]))

    def whole_numbers(*values: int) -> Any:
        return before.op("Constant", [], {"value": ir.tensor(np.array(values, dtype=np.int64))})

    count = before.op("Shape", [waveform], {"start": 1, "end": 2})
    for signal, member in zip(signals, members, strict=True):
        missing = before.op("Max", [before.op("Sub", [whole_numbers(member.shortest), count]), whole_numbers(0)])
        pads = before.op("Concat", [whole_numbers(0, 0, 0), missing], {"axis": 0})
        filled = before.op("Pad", [waveform, pads])
        if member.shortest == member.longest:
            filled = before.op("Reshape", [filled, whole_numbers(1, member.shortest)])
        ir.convenience.replace_all_uses_with(signal, filled)
    ir.convenience.replace_all_uses_with(samples, count)
    graph.insert_before(graph[0], before.nodes)
    graph.inputs.clear()
    graph.inputs.append(waveform)


def _name_outputs(model: Any) -> None:
    """Call the outputs what they are; a value inside that has such a name gets another."""
    wanted = ("probabilities", "embedding")
    for node in model.graph:
        for value in node.outputs:
            if value.name in wanted:
                value.name = f"{value.name}_inside"
    for value, name in zip(model.graph.outputs, wanted, strict=True):
        value.name = name


def _save(model: Any, path: Path) -> None:
    import onnx_ir as ir

    size = sum(value.const_value.nbytes for value in model.graph.initializers.values())
    ir.save(model, path, external_data=f"{path.name}.data" if size > EXTERNAL else None)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the exporter from telling of libraries that are not there, and onnxruntime of what might be done first."""
    loggers = [logging.getLogger(name) for name in ("", "torch.onnx", "onnxscript", "onnx_ir")]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)
