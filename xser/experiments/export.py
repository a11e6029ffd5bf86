"""From finished runs to a folder that anybody can use."""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from xser.core.errors import UsageError, XserError
from xser.core.files import folder_of
from xser.core.run_records import TRAINED
from xser.model.exported import Member, ModelConfig, is_exported, is_for_transformers, write_model
from xser.model.loading import of_run


@dataclasses.dataclass(frozen=True)
class Export:
    """What a model's folder is made from.

    Attributes
    ----------
    runs
        Folders of trained runs; several make an ensemble.
    output
        The folder to write.
    with_encoder
        Whether the pretrained encoder's weights are in it.
    overwrite
        Replace a model that is there.
    layout
        ``xser``; or ``transformers``, for its pipeline.
    onnx, int8
        Write the graph for use without xser, and a smaller one.
    """

    runs: tuple[Path, ...]
    output: Path
    with_encoder: bool = True
    overwrite: bool = False
    layout: Literal["xser", "transformers"] = "xser"
    onnx: bool = False
    int8: bool = False

    def __post_init__(self) -> None:
        if self.int8 and not self.onnx:
            raise UsageError("--int8 makes the ONNX graph smaller: give --onnx too")
        if self.layout == "transformers" and (self.onnx or not self.with_encoder):
            raise UsageError("--format transformers is a whole model for transformers: leave --onnx and the like out")


def export(asked: Export) -> ModelConfig:
    """Write a model's folder, whole or not at all.

    Raises
    ------
    XserError
        When a run is not trained, runs do not go together, or the folder is there.
    """
    output = folder_of(asked.output)
    _refuse_what_is_there(output, asked.overwrite)
    config, members = join([of_run(folder_of(run), asked.with_encoder) for run in asked.runs])
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name[:40]}-", suffix=".part", dir=output.parent) as part:
        whole = Path(part, "model")
        whole.mkdir()
        _write(whole, asked, config, members)
        if output.exists():
            output.rename(Path(part, "before"))
        whole.rename(output)
    return config


def _write(folder: Path, asked: Export, config: ModelConfig, members: Sequence[Member]) -> None:
    if asked.layout == "transformers":
        from xser.model.for_transformers import write_for_transformers

        write_for_transformers(folder, config, members)
        return
    write_model(folder, config, members)
    if asked.onnx:
        from xser.model.onnx.graph import write_onnx

        write_onnx(folder, config, members, asked.int8)


def join(models: Sequence[tuple[ModelConfig, Sequence[Member]]]) -> tuple[ModelConfig, list[Member]]:
    """One model of several, whose log-probabilities are averaged.

    Raises
    ------
    XserError
        When they do not tell the same emotions apart.
    """
    first = models[0][0]
    for config, _ in models[1:]:
        if config.emotions != first.emotions:
            both = f"{', '.join(first.emotions)}; {', '.join(config.emotions)}"
            raise XserError(f"an ensemble is made of runs with the same emotions, and these differ: {both}")
    members = [member for _, several in models for member in several]
    return first.model_copy(update={"members": tuple(member.record for member in members)}), members


def find_runs(folders: Sequence[str]) -> tuple[Path, ...]:
    """The trained runs that a user named.

    Raises
    ------
    UsageError
        When a folder is not that of a trained run; the message names one below it, where there is one.
    """
    found = []
    for name in folders:
        folder = folder_of(name)
        if not (folder / TRAINED).is_file():
            below = sorted(folder.glob(f"*/**/{TRAINED}"))
            hint = f", such as {below[0].parent}" if below else ": stage 2 (train) makes them, below exp/runs"
            raise UsageError(f"{name} is not the folder of a trained run{hint}")
        found.append(folder)
    if len(set(found)) < len(found):
        raise UsageError("a run stands twice: name each once")
    return tuple(found)


def _refuse_what_is_there(output: Path, overwrite: bool) -> None:
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    if not (output.is_dir() and (is_exported(output) or is_for_transformers(output))):
        raise XserError(f"{output} is there and is no model of xser: choose another --output")
    if not overwrite:
        raise XserError(f"{output} is there: choose another --output, or replace it with --overwrite")
