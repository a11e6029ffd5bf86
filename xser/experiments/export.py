"""From finished runs to a folder that anybody can use."""

import dataclasses
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from xser.core.errors import UsageError, XserError
from xser.core.files import folder_of, write_text
from xser.core.run_records import TRAINED
from xser.experiments.finished import joint_calibration, joint_predictions, read_finished
from xser.experiments.model_card import CARD, SOUND, Card, write_card
from xser.experiments.space import write_space
from xser.model.exported import Member, ModelConfig, is_exported, is_for_transformers, write_model
from xser.model.loading import of_run
from xser.model.recognition import Model


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
    name
        What its card calls it: a name on the hub; that of the folder by default.
    layout
        ``xser``; or ``transformers``, for its pipeline, without a card.
    onnx, int8
        Write the graph for use without xser, and a smaller one.
    space
        Add what a Hugging Face Space needs.
    """

    runs: tuple[Path, ...]
    output: Path
    with_encoder: bool = True
    overwrite: bool = False
    name: str = ""
    layout: Literal["xser", "transformers"] = "xser"
    onnx: bool = False
    int8: bool = False
    space: bool = False

    def __post_init__(self) -> None:
        if self.int8 and not self.onnx:
            raise UsageError("--int8 makes the ONNX graph smaller: give --onnx too")
        if self.layout == "transformers" and (self.onnx or self.name or self.space or not self.with_encoder):
            raise UsageError("--format transformers goes with none of --onnx, --space, --without-encoder and --push")


def export(asked: Export) -> ModelConfig:
    """Write a model's folder, whole or not at all.

    Raises
    ------
    XserError
        When a run is not trained, runs do not go together, or the folder is there.
    """
    output = folder_of(asked.output)
    _refuse_what_is_there(output, asked.overwrite)
    folders = [folder_of(run) for run in asked.runs]
    runs = [read_finished(folder) for folder in folders]
    config, members = join([of_run(folder, asked.with_encoder) for folder in folders])
    calibration = joint_calibration(runs)
    if calibration is not None:
        config = config.model_copy(update={"temperature": calibration.temperature})
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name[:40]}-", suffix=".part", dir=output.parent) as part:
        whole = Path(part, "model")
        whole.mkdir()
        if asked.layout == "transformers":
            _for_transformers(whole, config, members)
        else:
            write_model(whole, config, members)
            size = sum(each.stat().st_size for each in whole.iterdir())
            told = (size, calibration, joint_predictions(runs), _seconds(config, members))
            write_card(Card(asked.name or output.name, config, runs, *told), whole / CARD)
        if asked.space:
            write_space(whole, asked.name or output.name, (whole / CARD).read_text(encoding="utf-8"))
        if asked.onnx:
            _add_graph(whole, config, members, asked.int8)
        if output.exists():
            output.rename(Path(part, "before"))
        whole.rename(output)
    return config


def _for_transformers(folder: Path, config: ModelConfig, members: Sequence[Member]) -> None:
    from xser.model.for_transformers import write_for_transformers

    write_for_transformers(folder, config, members)


def _add_graph(folder: Path, config: ModelConfig, members: Sequence[Member], int8: bool) -> None:
    """Write the graph and the script that uses it, and show that in the card."""
    from xser.model.onnx.graph import GRAPH, SCRIPT, write_onnx

    write_onnx(folder, config, members, int8)
    card, script = ((folder / name).read_text(encoding="utf-8") for name in (CARD, SCRIPT))
    told = f"`{GRAPH}` goes from a 16 kHz mono waveform to probabilities and an embedding. `{SCRIPT}`:"
    write_text(folder / CARD, f"{card.rstrip()}\n\n## Without xser\n\n{told}\n\n```python\n{script}```\n")


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
    told = {
        "members": tuple(member.record for member in members),
        "temperature": statistics.fmean(config.temperature for config, _ in models),
    }
    return first.model_copy(update=told), members


def _seconds(config: ModelConfig, members: Sequence[Member]) -> float | None:
    """What an ensemble takes for `SOUND` seconds of sound on this machine's CPU; None where that cannot be told."""
    model = Model(config, members, "cpu")
    if len(members) == 1 or model.wants_statistics:
        return None
    noise = np.random.default_rng(0).normal(0, 0.1, int(SOUND * config.sampling_rate))
    took = []
    for _ in range(3):
        start = time.perf_counter()
        model.predict((noise, config.sampling_rate))
        took.append(time.perf_counter() - start)
    return statistics.median(took)


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
