"""A pretrained model of the Hugging Face hub: downloaded once, found in the hub's own cache after that.

What is in the cache whole is taken from there, without a word to the network where the revision is a commit. A hub that
does not answer is given up after seconds (``HF_HUB_ETAG_TIMEOUT``, 10 by default); a download that broke off goes on
where it stopped.
"""

import functools
import logging
import os
import re
from pathlib import Path

from xser.errors import XserError
from xser.model.encoders.weights import choose_weights, missing_weights

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
JSON_FILES = ("config.json", "preprocessor_config.json", "model.safetensors.index.json", "pytorch_model.bin.index.json")
INSTEAD = "or download the model elsewhere and give its folder"

logger = logging.getLogger(__name__)


@functools.cache
def hub_folder(name, revision=None):
    """The local folder of a model of the hub.

    Parameters
    ----------
    name : str
        Such as ``openai/whisper-tiny.en``.
    revision : str, optional
        Branch, tag or commit; the branch ``main`` by default.

    Returns
    -------
    Path
        A snapshot in the hub's cache, named after its commit: config.json, weights and what else there is of
        `JSON_FILES`.

    Raises
    ------
    XserError
        When the hub cannot be reached, has no such model or revision, refuses it, or the download breaks off.
    """
    from huggingface_hub import hf_hub_download

    try:
        folder = Path(hf_hub_download(name, "config.json", revision=revision)).parent
        if not choose_weights(file.name for file in folder.iterdir()) or missing_weights(folder):
            _fill(folder, name)
    except Exception as error:  # the hub's errors are of many kinds, some of them Python's and requests' own
        line = _one_line(error, name, revision)
        if line is None:
            raise
        raise XserError(line) from error
    return folder


def _fill(folder, name):
    """Download what `folder`, the snapshot of a commit, lacks: the smaller files first, the weights last."""
    from huggingface_hub import HfApi, constants, hf_hub_download

    info = HfApi().model_info(name, revision=folder.name, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    names = {file.rfilename for file in info.siblings or ()}
    weights = choose_weights(names)
    logger.info("downloading %s at commit %s: %s", name, folder.name[:12], ", ".join(weights) or "no weights")
    for file in [*(file for file in JSON_FILES if file in names), *weights]:
        hf_hub_download(name, file, revision=folder.name)


def _one_line(error, name, revision):
    """What went wrong and the remedy; None for what has a better word elsewhere (a full disk, missing permission)."""
    from huggingface_hub import constants
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from requests import exceptions

    login = "log in with `hf auth login` or set HF_TOKEN"
    if isinstance(error, RevisionNotFoundError):
        return (
            f"{name} has no revision {revision!r} on the Hugging Face hub: give a branch, tag or commit of "
            f"{constants.ENDPOINT}/{name}/commits/main"
        )
    if isinstance(error, GatedRepoError):
        return (
            f"{name} is gated: accept its terms at {constants.ENDPOINT}/{name} and {login}, {INSTEAD}"
        )  # fmt: skip
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"{name} is neither a folder here nor a model that the Hugging Face hub shows to you: check the name; if it "
            f"is private, {login}; {INSTEAD}"
        )
    if isinstance(error, (LocalEntryNotFoundError, OfflineModeIsEnabled)):
        cause = error.__cause__ or error
        if os.environ.get("HF_HUB_OFFLINE") or isinstance(cause, OfflineModeIsEnabled):
            return f"{name} is not in {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE is set: unset it, {INSTEAD}"
        return _unreachable(name, cause)
    if isinstance(error, EntryNotFoundError):
        return f"{name} has no config.json: {_format_of(name)}"
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        why = f"{login}" if status in (401, 403) else "try again later"
        return f"the Hugging Face hub refuses {name} (HTTP {status}): {why}, {INSTEAD}"
    if isinstance(error, exceptions.ChunkedEncodingError) or "Consistency check failed" in str(error):
        return f"the download of {name} broke off: run the same command again, it goes on where it stopped"
    if isinstance(error, (exceptions.ConnectionError, exceptions.Timeout)):
        return _unreachable(name, error)
    return None


def _unreachable(name, cause):
    from huggingface_hub import constants

    return (
        f"{name} is not in {constants.HF_HUB_CACHE} as a whole, and the Hugging Face hub cannot be reached "
        f"({type(cause).__name__}): check the network and run the same command again, {INSTEAD}"
    )


def _format_of(name):
    if "emotion2vec" in name.lower():
        return "emotion2vec is a model of FunASR's, not of transformers': take another encoder, or a converted folder"
    return "give a model in the format of Hugging Face's transformers"
