"""How train.yaml, an encoder's yaml, a system's yaml and the command line become one HyperPyYAML text.

Later ones win: ``train.yaml`` < ``encoders/<encoder>.yaml`` < ``systems/<system>.yaml`` < ``--key value``. What can be
asked of the files without building anything (names, keys, defaults) needs neither torch nor HyperPyYAML, so that
options are checked before a run starts.
"""

import re
from pathlib import Path

import yaml

from xser.errors import XserError

SYSTEM_ONLY = ("description", "trained_on")  # keys of a system's yaml that say what it is, not how it is trained


def yaml_names(folder):
    """Names of the YAML files of `folder`, sorted: the systems or encoders there are."""
    return sorted(path.stem for path in Path(folder).glob("*.yaml"))


def encoder_yaml(hparams, encoder):
    """Path of an encoder's yaml."""
    return Path(hparams) / "encoders" / f"{encoder}.yaml"


def hyperparameter_keys(hparams, encoder):
    """Keys that ``--key value`` may set, with their defaults.

    Parameters
    ----------
    hparams : Path
        The folder with train.yaml, encoders/ and systems/.
    encoder : str
        The encoder's name.

    Returns
    -------
    dict of str to (str, int, float, bool or None)
        Top-level scalars of train.yaml and the encoder's yaml that are plain values: neither objects nor references.
    """
    keys = {}
    for path in (Path(hparams) / "train.yaml", encoder_yaml(hparams, encoder)):
        keys.update(_plain_scalars(path))
    return keys


def _plain_scalars(path):
    node = yaml.compose(_read(path), Loader=yaml.SafeLoader)
    plain = {}
    for key, value in node.value if node is not None else ():
        if isinstance(value, yaml.ScalarNode) and not value.tag.startswith("!"):
            plain[key.value] = yaml.safe_load(value.value) if value.style is None else value.value
    return plain


def _placeholders(hparams):
    node = yaml.compose(_read(Path(hparams) / "train.yaml"), Loader=yaml.SafeLoader)
    return [key.value for key, value in node.value if value.tag == "!PLACEHOLDER"]


def _read(path):
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise XserError(
            f"{path} cannot be read ({error.strerror}): give --recipes those of a whole checkout"
        ) from error


def describe_hyperparameters(hparams, encoder):
    """List (key, default, comment) of every key that ``--key value`` may set, in the order of the files."""
    comments = {}
    for path in (Path(hparams) / "train.yaml", encoder_yaml(hparams, encoder)):
        for key, comment in re.findall(r"^(\w+):[^#\n]*#\s*(.*)$", _read(path), flags=re.MULTILINE):
            comments.setdefault(key, comment)
    keys = hyperparameter_keys(hparams, encoder)
    return [(key, _written(default), comments.get(key, "")) for key, default in keys.items()]


def _written(value):
    return "null" if value is None else str(value)


def check_value(key, text, default):
    """Read the value of ``--key value`` and check that it is of the default's kind.

    Returns
    -------
    str, int, float, bool or None

    Raises
    ------
    XserError
        When the kinds differ, as in ``--epochs many``.

    Examples
    --------
    >>> check_value("epochs", "30", 10)
    30
    >>> check_value("learning_rate", "1e-3", 0.1)
    0.001
    """
    value = _scalar(text)
    kinds = {bool: "true or false", int: "a whole number", float: "a number"}
    if isinstance(default, bool):
        fits = isinstance(value, bool)
    elif isinstance(default, int):
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif isinstance(default, float):
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        value = float(value) if fits else value
    else:
        fits = True
    if not fits:
        raise XserError(f"--{key} takes {kinds[type(default)]} (default {_written(default)}), not {text!r}")
    return value


def _scalar(text):
    try:
        return float(text) if re.fullmatch(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", text) else yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def compose(hparams, encoder, system, overrides, run_values):
    """Put the files and overrides together as one HyperPyYAML text, references resolved.

    Parameters
    ----------
    hparams : Path
        The folder with train.yaml, encoders/ and systems/.
    encoder : str
        The encoder's name.
    system : dict
        Hyperparameters of the system (`xser.protocol.systems.System.hyperparameters`).
    overrides : dict
        What the command line sets, values already read (`check_value`).
    run_values : dict or None
        Values for the ``!PLACEHOLDER`` keys, known only once the data are; None puts 0 for each, which is enough to
        tell one set of hyperparameters from another.

    Returns
    -------
    str
        What ``hyperpyyaml.load_hyperpyyaml`` builds, and what the run folder keeps as ``hyperparameters.yaml``.

    Raises
    ------
    XserError
        When the system sets a key that neither train.yaml nor the encoder's yaml has.
    """
    from hyperpyyaml import resolve_references
    from ruamel.yaml import YAML

    known = hyperparameter_keys(hparams, encoder)
    unknown = sorted(set(system) - set(known) - set(SYSTEM_ONLY))
    if unknown:
        raise XserError(f"the system's yaml sets {unknown[0]!r}, which {Path(hparams) / 'train.yaml'} does not have")
    merged = YAML().load(_read(encoder_yaml(hparams, encoder))) or {}
    merged.update({key: value for key, value in system.items() if key not in SYSTEM_ONLY})
    merged.update(overrides)
    merged.update(dict.fromkeys(_placeholders(hparams), 0) if run_values is None else run_values)
    return resolve_references(_read(Path(hparams) / "train.yaml"), merged, overrides_must_match=False).getvalue()
