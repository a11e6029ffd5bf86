"""A pretrained model's files in Hugging Face's format: found, checked and fingerprinted without loading them."""

import hashlib
import os
import re
from pathlib import Path

from xser.errors import XserError
from xser.files import read_json

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_JSON = ["config.json", "preprocessor_config.json", "*.index.json"]


def find_model(source, revision=None):
    """The local folder of a pretrained model.

    Parameters
    ----------
    source : str or Path
        A folder, or a name on the Hugging Face hub such as ``openai/whisper-tiny.en`` (downloaded once and kept in the
        hub's own cache).
    revision : str, optional
        Branch, tag or commit on the hub.

    Returns
    -------
    Path
        Holds config.json and weights.

    Raises
    ------
    XserError
        When there is no such folder, it lacks config.json or weights, or the hub does not give the model.
    """
    folder = Path(source).expanduser()
    if not folder.is_dir():
        if not _HUB_NAME.fullmatch(str(source)):
            raise XserError(f"no folder {source}: give the folder of a model in Hugging Face's format, or its hub name")
        folder = _download(str(source), revision)
    if not (folder / "config.json").is_file():
        raise XserError(f"{folder} has no config.json: give the folder of a model in Hugging Face's format")
    if not weight_files(folder):
        raise XserError(f"{folder} has no weights (model*.safetensors or pytorch_model*.bin): download the model again")
    return folder


def weight_files(folder):
    """Files that hold a model's weights, sorted: safetensors where there are any."""
    return sorted(Path(folder).glob("model*.safetensors")) or sorted(Path(folder).glob("pytorch_model*.bin"))


def model_identity(folder):
    """What tells a model from every other: its type, its settings and the SHA-256 of its weights.

    Returns
    -------
    dict
        Keys ``model_type``, ``config``, ``extractor`` (settings of its feature extractor) and ``weights``.
    """
    config = read_json(folder / "config.json")
    return {
        "model_type": config.get("model_type", ""),
        "config": {key: value for key, value in config.items() if key not in ("_name_or_path", "transformers_version")},
        "extractor": extractor_settings(folder),
        "weights": {path.name: _sha256(path) for path in weight_files(folder)},
    }


def extractor_settings(folder):
    """Content of preprocessor_config.json; empty when the model has none."""
    path = Path(folder) / "preprocessor_config.json"
    return read_json(path) if path.is_file() else {}


def _download(name, revision):
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=[*_JSON, "model*.safetensors"]))
        if not weight_files(folder):
            folder = Path(snapshot_download(name, revision=revision, allow_patterns=[*_JSON, "pytorch_model*.bin"]))
    except Exception as error:  # the hub's errors are of many kinds, and all mean the same here
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
        raise XserError(
            f"{name} is neither a folder here nor to be had from the Hugging Face hub{offline} "
            f"({type(error).__name__}): check the name, the revision and the network, or download the model elsewhere "
            "and give its folder"
        ) from error
    return folder


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**22):
            digest.update(block)
    return digest.hexdigest()
