"""A pretrained model's files in Hugging Face's format: found, checked and fingerprinted without loading them."""

import functools
import hashlib
from pathlib import Path
from typing import Any

from xser.core.errors import XserError
from xser.core.files import at_home, read_json
from xser.model.encoders.hub import HUB_NAME, hub_folder
from xser.model.encoders.weights import missing_weights, refuse_damaged, weight_files

MODEL_TYPES = ("wav2vec2", "hubert", "wavlm", "wav2vec2-bert", "whisper")
_FORMAT = "give the folder of a model in Hugging Face's format"


def find_model(source: str | Path, revision: str | None = None) -> Path:
    """The local folder of a pretrained model.

    Parameters
    ----------
    source
        A folder, or a name on the Hugging Face hub such as ``openai/whisper-tiny.en`` (downloaded once and kept in the
        hub's own cache).
    revision
        Branch, tag or commit on the hub.

    Returns
    -------
    Path
        Holds config.json and weights.

    Raises
    ------
    XserError
        When there is no such folder, the hub does not give the model, or `check_model` refuses it.
    """
    folder = at_home(source)
    if not folder.is_dir():
        if not HUB_NAME.fullmatch(str(source)):
            raise XserError(f"no folder {source}: {_FORMAT}, or its hub name")
        folder = hub_folder(str(source), revision)
    check_model(folder)
    return folder


def check_model(folder: str | Path) -> None:
    """Refuse a folder that holds no model that xser can load, as far as can be seen without loading it.

    Raises
    ------
    XserError
        When config.json is missing, of no use or of an unknown model type, or weights are missing or cut short.
    """
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        emotion2vec = any(folder.glob("*emotion2vec*")) or "emotion2vec" in folder.name.lower()
        remark = " (emotion2vec is a model of FunASR's, not of transformers')" if emotion2vec else ""
        raise XserError(f"{folder} has no config.json{remark}: {_FORMAT}")
    model_type(folder)
    if not weight_files(folder):
        raise XserError(f"{folder} has no weights (model.safetensors or pytorch_model.bin): download the model again")
    missing = missing_weights(folder)
    if missing:
        raise XserError(f"{folder} lacks {missing[0]}, one of {len(missing)} missing files: download the model again")
    for path in weight_files(folder):
        refuse_damaged(path)


def model_type(folder: Path) -> str:
    """The model type of config.json, one of `MODEL_TYPES`.

    Raises
    ------
    XserError
        When it is another.
    """
    found = model_config(folder).get("model_type", "")
    if found not in MODEL_TYPES:
        raise XserError(f"{folder} holds a model of type {found!r}: use one of {', '.join(MODEL_TYPES)}")
    return found


def model_config(folder: str | Path) -> dict[str, Any]:
    """Content of config.json.

    Raises
    ------
    XserError
        When it is no JSON object.
    """
    config = _read(Path(folder) / "config.json")
    if not isinstance(config, dict):
        raise XserError(f"{folder}/config.json is no description of a model: {_FORMAT}")
    return config


def model_identity(folder: Path) -> dict[str, Any]:
    """What tells a model from every other: its type, its settings and the SHA-256 of its weights.

    Returns
    -------
    dict
        Keys ``model_type``, ``config``, ``extractor`` (settings of its feature extractor) and ``weights``.
    """
    config = model_config(folder)
    return {
        "model_type": config.get("model_type", ""),
        "config": {key: value for key, value in config.items() if key not in ("_name_or_path", "transformers_version")},
        "extractor": extractor_settings(folder),
        "weights": {path.name: _sha256(path) for path in weight_files(folder)},
    }


def refuse_another_encoder(trained_on: str, encoder: str) -> None:
    """Refuse a checkpoint that was trained on another encoder; both by the fingerprint of `model_identity`.

    Raises
    ------
    XserError
        When they differ.
    """
    if trained_on != encoder:
        raise XserError(
            "the checkpoint was trained on another pretrained encoder (its weights or settings differ): give the "
            "encoder of the run, or train again"
        )


def extractor_settings(folder: Path) -> dict[str, Any]:
    """Content of preprocessor_config.json; empty when the model has none."""
    path = Path(folder) / "preprocessor_config.json"
    return _read(path) if path.is_file() else {}


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except XserError as error:
        raise XserError(f"{path} is not valid JSON: download the model again") from error


def _sha256(path: Path) -> str:
    """Hash a file; a process hashes it once, however often it asks (about 1 s a gigabyte)."""
    stat = path.stat()
    return _hash_of(path, stat.st_size, stat.st_mtime_ns)


@functools.cache
def _hash_of(path: Path, size: int, modified: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**22):
            digest.update(block)
    return digest.hexdigest()
