"""A pretrained model of the Hugging Face hub: downloaded once, found in the hub's own cache after that.

What is in the cache whole is taken from there, without a word to the network where the revision is a commit. A hub that
does not answer is given up after seconds (``HF_HUB_ETAG_TIMEOUT``, 10 by default); a download that broke off goes on
where it stopped.
"""

import functools
import logging
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from xser.core.errors import XserError
from xser.model.encoders.weights import choose_weights, missing_weights

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
JSON_FILES = ("config.json", "preprocessor_config.json", "model.safetensors.index.json", "pytorch_model.bin.index.json")
MAIN = "main"
ATTEMPTS = 5
UNREACHABLE = ("ConnectionError", "Timeout")
BROKEN_OFF = ("ChunkedEncodingError",)
INSTEAD = "or download the model elsewhere and give its folder"

logger = logging.getLogger(__name__)


@functools.cache
def hub_folder(name: str, revision: str | None = None, refuse: Callable[[Path], None] | None = None) -> Path:
    """The local folder of a model of the hub.

    Parameters
    ----------
    name
        Such as ``openai/whisper-tiny.en``.
    revision
        Branch, tag or commit; the branch ``main`` by default.
    refuse
        Is called with the snapshot's folder when config.json is in it, and may raise before the weights are fetched.

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
    cached = _cached(name, revision or MAIN)
    if cached is not None and cached.name == revision:
        return cached
    try:
        return _from_hub(name, revision or MAIN, cached, refuse)
    except XserError:
        raise
    except Exception as error:  # the hub's errors are of many kinds, some of them Python's and requests' own
        line = _one_line(error, name, revision)
        if line is None:
            raise
        raise XserError(line) from error


def _cached(name: str, revision: str) -> Path | None:
    """The snapshot in the cache when it is there as a whole, else None."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(name, "config.json", revision=revision)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    return folder if choose_weights(os.listdir(folder)) and not missing_weights(folder) else None


def _from_hub(name: str, revision: str, cached: Path | None, refuse: Callable[[Path], None] | None) -> Path:
    """Ask the hub which commit a revision is, and download what the cache lacks of it, the weights last."""
    from huggingface_hub import HfApi, constants, hf_hub_download

    try:
        # Of the hub's functions the one that neither waits for ever nor tries again for minutes.
        info = HfApi().model_info(name, revision=revision, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except Exception as error:  # all but an unreachable hub, for which the cache may stand in, is raised again
        if cached is None or not _is_one_of(error, UNREACHABLE):
            raise
        logger.info("%s as it is in the cache, commit %s (%s)", name, cached.name[:12], type(error).__name__)
        return cached
    if cached is not None and cached.name == info.sha:
        return cached
    names = {file.rfilename for file in info.siblings or ()}
    weights = choose_weights(names)
    logger.info("downloading %s, commit %s: %s", name, str(info.sha)[:12], ", ".join(weights) or "no weights")
    config = hf_hub_download(name, "config.json", revision=revision)  # by its name, so that the cache knows the name
    if refuse is not None:
        refuse(Path(config).parent)
    for file in [*(file for file in JSON_FILES if file in names), *weights]:
        _download(name, file, Path(config).parent.name)
    return Path(config).parent


def _download(name: str, file: str, commit: str) -> None:
    """Download a file; where it breaks off it goes on from there, some times."""
    from huggingface_hub import hf_hub_download

    for attempt in range(1, ATTEMPTS + 1):
        try:
            hf_hub_download(name, file, revision=commit)
            return
        except Exception as error:  # all but a download that broke off is raised again
            if attempt == ATTEMPTS or not _broke_off(error):
                raise


def _broke_off(error: BaseException) -> bool:
    return _is_one_of(error, BROKEN_OFF) or "Consistency check failed" in str(error)


def is_unreachable(error: BaseException) -> bool:
    """Whether an error says that the hub does not answer."""
    return _is_one_of(error, UNREACHABLE)


def _is_one_of(error: BaseException, names: Sequence[str]) -> bool:
    """Whether an error is of a class of one of `names`: requests' classes, which the hub's client lets through."""
    return any(kind.__name__ in names for kind in type(error).__mro__)


def _one_line(error: BaseException, name: str, revision: str | None) -> str | None:
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

    login = "log in with `hf auth login` or set HF_TOKEN"
    if isinstance(error, RevisionNotFoundError):
        return (
            f"{name} has no revision {revision!r} on the Hugging Face hub: give a branch, tag or commit of "
            f"{constants.ENDPOINT}/{name}/commits/main"
        )
    if isinstance(error, GatedRepoError):
        return f"{name} is gated: accept its terms at {constants.ENDPOINT}/{name} and {login}, {INSTEAD}"
    status = error.response.status_code if isinstance(error, HfHubHTTPError) and error.response is not None else None
    if isinstance(error, RepositoryNotFoundError) or status == 401:
        return (
            f"{name} is neither a folder here nor a model that the Hugging Face hub shows to you: check the name; if "
            f"it is private, {login}; {INSTEAD}"
        )
    if isinstance(error, OfflineModeIsEnabled):
        return f"{name} is not in {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE is set: unset it, {INSTEAD}"
    if isinstance(error, LocalEntryNotFoundError):
        return _unreachable(name, error.__cause__ or error)
    if isinstance(error, EntryNotFoundError):
        return f"{name} has no config.json: give a model in the format of Hugging Face's transformers, or its folder"
    if status is not None:
        remedy = login if status == 403 else "try again later"
        return f"the Hugging Face hub refuses {name} (HTTP {status}): {remedy}, {INSTEAD}"
    if _broke_off(error):
        return f"the download of {name} broke off: run the same command again, it goes on where it stopped"
    if _is_one_of(error, UNREACHABLE):
        return _unreachable(name, error)
    return None


def _unreachable(name: str, cause: BaseException) -> str:
    from huggingface_hub import constants

    return (
        f"{name} is not in {constants.HF_HUB_CACHE} as a whole, and the Hugging Face hub cannot be reached "
        f"({type(cause).__name__}): check the network and run the same command again, {INSTEAD}"
    )
