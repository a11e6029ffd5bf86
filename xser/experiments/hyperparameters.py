"""How the files of ``recipes/hparams`` and the command line become one HyperPyYAML text.

Later ones win: ``train.yaml`` < ``encoders/<encoder>.yaml`` < ``finetuning/<finetuning>.yaml`` <
``systems/<system>.yaml`` < ``--key value``. A pretrained encoder's yaml says which model it is, and the finetuning's
yaml what of it learns; an encoder that is trained from scratch says all of it in its own yaml and has no finetuning.
What can be asked of the files without building anything (names, keys, defaults) needs neither torch nor HyperPyYAML,
so that options are checked before a run starts.
"""

import itertools
import re
from pathlib import Path

import yaml

from xser.core.errors import XserError

SYSTEM_ONLY = ("description", "trained_on")  # keys of a system's yaml that say what it is, not how it is trained


def yaml_names(folder):
    """Names of the YAML files of `folder`, sorted: the systems, encoders or finetunings there are."""
    return sorted(path.stem for path in Path(folder).glob("*.yaml"))


def encoder_yaml(hparams, encoder):
    """Path of an encoder's yaml; pretrained.yaml when `encoder` is None: a model that ``--encoder`` names by itself."""
    return Path(hparams) / "pretrained.yaml" if encoder is None else Path(hparams) / "encoders" / f"{encoder}.yaml"


def first_comment(path):
    """The first sentence of the comment that a YAML file begins with: what the file is, in one line."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), _read(path).splitlines())
    return re.split(r"\.(?: |$)", " ".join(line.strip("# ") for line in lines))[0]


def encoder_is_pretrained(hparams, encoder):
    """Whether an encoder's yaml leaves its ``network`` to a finetuning's yaml."""
    node = yaml.compose(_read(encoder_yaml(hparams, encoder)), Loader=yaml.SafeLoader)
    return "network" not in {key.value for key, _ in (node.value if node is not None else ())}


def learns_from_waveforms(hparams, encoder, finetuning=None):
    """Whether a run has no front end that never learns (``frontend: null``): its features are the recordings."""
    found = None
    for path in _files(hparams, encoder, finetuning):
        node = yaml.compose(_read(path), Loader=yaml.SafeLoader)
        found = next((value for key, value in (node.value if node else ()) if key.value == "frontend"), found)
    return found is not None and found.tag.endswith(":null")


def hyperparameter_keys(hparams, encoder, finetuning=None):
    """Keys that ``--key value`` may set, with their defaults.

    Parameters
    ----------
    hparams : Path
        The folder with train.yaml, encoders/, finetuning/ and systems/.
    encoder : str or None
        The name of the encoder's yaml; None for a pretrained encoder without one.
    finetuning : str, optional
        What of a pretrained encoder learns.

    Returns
    -------
    dict of str to (str, int, float, bool or None)
        Top-level scalars of the files that are plain values: neither objects nor references.
    """
    keys = {}
    for path in _files(hparams, encoder, finetuning):
        keys.update(_plain_scalars(path))
    return keys


def choices(hparams, encoder, finetuning=None):
    """Keys whose value is one of a few words: a comment of the form ``# one | other: what it means`` says which.

    Returns
    -------
    dict of str to tuple of str
    """
    found = {}
    for path in _files(hparams, encoder, finetuning):
        for key, words in re.findall(r"^(\w+):[^#\n]*#\s*(\w+(?: \| \w+)+)", _read(path), flags=re.MULTILINE):
            found[key] = tuple(words.split(" | "))
    return found


def _files(hparams, encoder, finetuning):
    """The HyperPyYAML files of a run but for the system's, the first being overridden by all others."""
    finetuned = [Path(hparams) / "finetuning" / f"{finetuning}.yaml"] if finetuning else []
    return [Path(hparams) / "train.yaml", encoder_yaml(hparams, encoder), *finetuned]


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


def read_run_values(path, hparams):
    """Read the values of train.yaml's ``!PLACEHOLDER`` keys back from a run's ``hyperparameters.yaml``."""
    values = _plain_scalars(path)
    return {key: values[key] for key in _placeholders(hparams)}


def _read(path):
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise XserError(
            f"{path} cannot be read ({error.strerror}): give --recipes those of a whole checkout"
        ) from error


def describe_hyperparameters(hparams, encoder, finetuning=None):
    """List (key, default, comment) of every key that ``--key value`` may set, in the order of the files."""
    comments = {}
    for path in _files(hparams, encoder, finetuning):
        for key, comment in re.findall(r"^(\w+):[^#\n]*#\s*(.*)$", _read(path), flags=re.MULTILINE):
            comments[key] = comment
    keys = hyperparameter_keys(hparams, encoder, finetuning)
    return [(key, _written(default), comments.get(key, "")) for key, default in keys.items()]


def _written(value):
    return "null" if value is None else str(value)


def check_value(key, text, default, allowed=()):
    """Read the value of ``--key value`` and check that it is of the default's kind.

    Parameters
    ----------
    key, text : str
        As typed.
    default : str, int, float, bool or None
        The key's default (`hyperparameter_keys`).
    allowed : sequence of str
        The only values there are (`choices`); empty where any will do.

    Returns
    -------
    str, int, float, bool or None

    Raises
    ------
    XserError
        When the kinds differ, as in ``--epochs many``, or the value is none of those allowed.

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
    if allowed and str(value) not in allowed:
        raise XserError(f"--{key} is {' or '.join(allowed)} (default {_written(default)}), not {text!r}")
    return value


def _scalar(text):
    try:
        return float(text) if re.fullmatch(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", text) else yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def compose(hparams, encoder, finetuning, system, overrides, run_values):
    """Put the files and overrides together as one HyperPyYAML text, references resolved.

    Parameters
    ----------
    hparams : Path
        The folder with train.yaml, encoders/, finetuning/ and systems/.
    encoder : str or None
        The name of the encoder's yaml; None for a pretrained encoder without one.
    finetuning : str or None
        What of a pretrained encoder learns; None for an encoder trained from scratch.
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
        When the system sets a key that none of the files has.
    """
    from hyperpyyaml import resolve_references
    from ruamel.yaml import YAML

    unknown = sorted(set(system) - set(hyperparameter_keys(hparams, encoder, finetuning)) - set(SYSTEM_ONLY))
    if unknown:
        raise XserError(f"the system's yaml sets {unknown[0]!r}, which {Path(hparams) / 'train.yaml'} does not have")
    first, *others = _files(hparams, encoder, finetuning)
    merged = {}
    for path in others:
        merged.update(YAML().load(_read(path)) or {})
    merged.update({key: value for key, value in system.items() if key not in SYSTEM_ONLY})
    merged.update(overrides)
    merged.update(dict.fromkeys(_placeholders(hparams), 0) if run_values is None else run_values)
    return resolve_references(_read(first), merged, overrides_must_match=False).getvalue()
