"""Upload an exported model to the Hugging Face hub."""

from pathlib import Path

from xser.core.errors import UsageError, XserError
from xser.experiments.space import SPACE
from xser.model.encoders.hub import HUB_NAME, is_unreachable

LOGIN = "log in with `hf auth login`, or set HF_TOKEN to a token that may write"


def check_name(name: str) -> None:
    """Refuse what cannot be a model's name on the hub.

    Raises
    ------
    UsageError
        Naming the form.

    Examples
    --------
    >>> check_name("model")
    Traceback (most recent call last):
    ...
    xser.core.errors.UsageError: --push model: give a name on the hub such as USER/NAME
    """
    if not HUB_NAME.fullmatch(name):
        raise UsageError(f"--push {name}: give a name on the hub such as USER/NAME")


def push(folder: Path, name: str) -> tuple[str, str]:
    """Upload a model's folder in one commit; a repository that is not there is made, for its owner alone.

    Returns
    -------
    url, commit : str
        Where it is, and the revision to load it by.

    Raises
    ------
    XserError
        When the hub cannot be reached or does not let the user write there.
    """
    from huggingface_hub import HfApi

    try:
        api = HfApi()
        url = api.create_repo(name, private=True, exist_ok=True)
        done = api.upload_folder(
            repo_id=name, folder_path=folder, commit_message="Upload a model of xser", ignore_patterns=f"{SPACE}/*"
        )
    except Exception as error:  # the hub's errors are of many kinds, some of them Python's and requests' own
        line = _one_line(error, name)
        if line is None:
            raise
        raise XserError(f"{line}; the model is in {folder}, and nothing of it on the hub has changed") from error
    return str(url), str(done.oid)


def _one_line(error: Exception, name: str) -> str | None:
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return f"{name} cannot be uploaded while HF_HUB_OFFLINE is set: unset it"
    status = error.response.status_code if isinstance(error, HfHubHTTPError) and error.response is not None else None
    if isinstance(error, LocalTokenNotFoundError) or status == 401:
        return f"the Hugging Face hub does not know who you are: {LOGIN}"
    if status == 403:
        return f"the Hugging Face hub does not let you write {name}: give a name of your own, or {LOGIN}"
    if status is not None:
        return f"the Hugging Face hub refuses {name} (HTTP {status}): try again later"
    if is_unreachable(error):
        kind = type(error).__name__
        return f"{constants.ENDPOINT} cannot be reached ({kind}): check the network and run the same command again"
    return None
