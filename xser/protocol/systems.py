"""Systems: what is trained, on what, how. One plain YAML file each in ``recipes/hparams/systems``."""

import dataclasses
from pathlib import Path

import yaml

from xser.core.errors import XserError

TRAINED_ON = ("source", "sources", "target")


@dataclasses.dataclass(frozen=True)
class System:
    """A system.

    Attributes
    ----------
    name : str
        The name of its file, as in ``--system proposed``.
    trained_on : str
        ``sources`` (all sources together), ``source`` (each source by itself, a run each) or ``target`` (the target
        itself: what could be reached if it were known). Within one corpus every system is trained on that corpus.
    hyperparameters : dict
        What it sets differently from ``hparams/train.yaml``.
    description : str
        One line for people.
    """

    name: str
    trained_on: str
    hyperparameters: dict
    description: str = ""


def read_system(path):
    """Read a system's YAML file.

    Parameters
    ----------
    path : str or Path
        ``recipes/hparams/systems/<name>.yaml``.

    Returns
    -------
    System

    Raises
    ------
    XserError
        When the file is missing, is not plain YAML, or does not say what the system is trained on.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise XserError(f"there is no system {path.stem!r}; {path.parent} has {known}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise XserError(f"{path} is not plain YAML ({error})") from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise XserError(f"{path} should hold lines `key: value`")
    for key, value in content.items():
        if isinstance(value, (dict, list)):
            raise XserError(f"{path}: {key} should be one plain value, not a list or mapping")
    trained_on = content.pop("trained_on", None)
    if trained_on not in TRAINED_ON:
        raise XserError(f"{path}: trained_on should be one of {', '.join(TRAINED_ON)}, not {trained_on!r}")
    description = str(content.pop("description", "") or "")
    return System(path.stem, trained_on, content, description)
