"""Files of weights in a model's folder: which of them count, whether they are there and whole."""

import json
import re
import struct
from collections.abc import Iterable
from pathlib import Path

from xser.core.errors import XserError
from xser.core.files import read_json


def choose_weights(names: Iterable[str]) -> list[str]:
    """Say which of a model's files hold the weights that transformers loads.

    Returns
    -------
    list of str
        ``model.safetensors``, or its parts, or ``pytorch_model.bin``, or its parts; empty when there is none.

    Examples
    --------
    >>> choose_weights(["model.safetensors", "model.fp32-00001-of-00002.safetensors", "pytorch_model.bin"])
    ['model.safetensors']
    >>> choose_weights(["pytorch_model-00002-of-00002.bin", "pytorch_model-00001-of-00002.bin"])
    ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin']
    """
    names = set(names)
    for stem, suffix in (("model", "safetensors"), ("pytorch_model", "bin")):
        if f"{stem}.{suffix}" in names:
            return [f"{stem}.{suffix}"]
        parts = sorted(name for name in names if re.fullmatch(rf"{stem}-\d+-of-\d+\.{suffix}", name))
        if parts:
            return parts
    return []


def weight_files(folder: str | Path) -> list[Path]:
    """Paths of the files that `choose_weights` names in a folder."""
    return [Path(folder) / name for name in choose_weights(path.name for path in Path(folder).iterdir())]


def missing_weights(folder: str | Path) -> list[str]:
    """Parts of a model's weights that its index lists and its folder lacks, sorted."""
    folder, there = Path(folder), weight_files(folder)
    if not there or "-of-" not in there[0].name:
        return []
    suffix = there[0].suffix
    index = folder / f"{'model' if suffix == '.safetensors' else 'pytorch_model'}{suffix}.index.json"
    if not index.is_file():
        return [index.name]
    wanted = set(read_json(index).get("weight_map", {}).values())
    return sorted(wanted - {path.name for path in there})


def refuse_damaged(path: str | Path) -> None:
    """Refuse a safetensors file whose header cannot be read or promises other bytes than there are.

    Only the header is read. Other files are left to whoever loads them.

    Raises
    ------
    XserError
        When the file is cut short or is not of this format.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        return
    try:
        with open(path, "rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            header = json.loads(file.read(min(size, 10**8)))
        end = max((entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"), default=0)
        whole = path.stat().st_size == 8 + size + end
    except (struct.error, ValueError, KeyError, TypeError, IndexError, AttributeError):
        whole = False
    if not whole:
        raise XserError(f"{path} is damaged or cut short: download the model again")
