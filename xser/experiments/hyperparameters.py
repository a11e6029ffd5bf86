"""How the files of ``recipes/hparams`` and the command line resolve to the hyperparameters of a training.

Later ones win: ``train.yaml`` < ``encoders/<encoder>.yaml`` < ``finetuning/<finetuning>.yaml`` <
``systems/<system>.yaml`` < ``--key value``. The files are HyperPyYAML, in which SupCon, the adversary and the encoder
are built. Every plain value in them is checked against `TABLE`; comments are for people alone. A key that the table
does not know must be one that an object of the files refers to (``!ref <key>``): a misspelt one is refused.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from xser.core.errors import UsageError, XserError
from xser.core.words import close_match
from xser.experiments.hyperparameter_table import TABLE, Plain, read_plain

NOT_HYPERPARAMETERS = ("description", "trained_on", "order", "compared_with")  # what a file says of itself
OBJECTS = ("frontend",)  # what may be null, and is an object all the same
WHERE_THE_MODEL_LIES = ("encoder_source", "encoder_revision")  # which model it is counts, wherever it lies


@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """What a training is told: plain values, and objects that HyperPyYAML builds from them.

    Attributes
    ----------
    values
        Plain values by key.
    objects
        Everything else of the files, as YAML nodes by key.
    """

    values: Mapping[str, Plain]
    objects: Mapping[str, yaml.Node]

    @property
    def run_keys(self) -> tuple[str, ...]:
        """The keys whose values are known only when the data are (``!PLACEHOLDER``)."""
        return tuple(key for key, node in self.objects.items() if node.tag == "!PLACEHOLDER")

    @property
    def learns_from_waveforms(self) -> bool:
        """Whether there is no front end that never learns (``frontend: null``): features are the recordings."""
        return "frontend" in self.objects and canonical(self.objects["frontend"]) is None

    @property
    def identity(self) -> list[Any]:
        """What tells one training from another: values, class paths and their arguments, as plain data.

        The place of a pretrained model is no part of it; the model's content is, which the caller adds.
        """
        values = {key: value for key, value in self.values.items() if key not in WHERE_THE_MODEL_LIES}
        return [values, {key: canonical(node) for key, node in self.objects.items()}]

    def text(self, run_values: Mapping[str, int]) -> str:
        """The HyperPyYAML text that ``hyperpyyaml.load_hyperpyyaml`` builds, kept as ``hyperparameters.yaml``.

        Parameters
        ----------
        run_values
            Values of `run_keys`.

        Raises
        ------
        XserError
            When one has no value.
        """
        missing = [key for key in self.run_keys if key not in run_values]
        if missing:
            raise XserError(f"nobody sets {missing[0]}, a !PLACEHOLDER of hparams: give it a value")
        representer = yaml.representer.SafeRepresenter()
        plain = {**{key: run_values[key] for key in self.run_keys}, **self.values}
        nodes = {key: representer.represent_data(value) for key, value in plain.items()}
        nodes |= {key: node for key, node in self.objects.items() if key not in nodes}
        pairs = [(representer.represent_data(key), node) for key, node in nodes.items()]
        return yaml.serialize(yaml.MappingNode("tag:yaml.org,2002:map", pairs), allow_unicode=True)


def resolve(files: Sequence[Path], overrides: Mapping[str, Plain]) -> Hyperparameters:
    """Resolve files of hparams and what the command line sets.

    Parameters
    ----------
    files
        A later one wins.
    overrides
        Values by key, typed (`read_options`).

    Raises
    ------
    XserError
        For a file that cannot be read, and a key or value that cannot be: with the file and the line.
    """
    values: dict[str, Plain] = {}
    objects: dict[str, yaml.Node] = {}
    unknown: dict[str, str] = {}
    for path in files:
        for key, node in read_nodes(path).items():
            if key in NOT_HYPERPARAMETERS:
                continue
            where = f"{path}, line {node.start_mark.line + 1}: `{key}`"
            plain = _is_plain(node) and key not in OBJECTS
            if key in TABLE and not plain and node.tag != "!PLACEHOLDER" and node.tag != "!ref":
                raise XserError(f"{where} takes {TABLE[key].allowed}")
            if not plain:
                objects[key] = node
                values.pop(key, None)
                continue
            objects.pop(key, None)
            values[key] = TABLE[key].parse(node.value, where) if key in TABLE else canonical(node)
            if key not in TABLE:
                unknown.setdefault(key, f"{path}, line {node.start_mark.line + 1}")
    _refuse_idle(unknown, objects.values())
    return Hyperparameters({**values, **overrides}, objects)


def describe_file(path: Path) -> str:
    """What a file of hparams says of itself: its key ``description``; empty without one."""
    return str(canonical(read_nodes(path)["description"]) or "") if "description" in read_nodes(path) else ""


def read_nodes(path: Path) -> dict[str, yaml.Node]:
    """Read the top-level keys of a HyperPyYAML file as YAML nodes, without building anything.

    Raises
    ------
    XserError
        When it cannot be read, or a key stands twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise XserError(f"{path} cannot be read ({error}): give --recipes those of a whole checkout") from error
    return nodes_of(text, path)


def nodes_of(text: str, path: Path) -> dict[str, yaml.Node]:
    """Do as `read_nodes` does with a text; `path` is for messages."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise XserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise XserError(f"{path}: it must hold lines `key: value`")
    nodes: dict[str, yaml.Node] = {}
    for key, node in root.value:
        if key.value in nodes:
            raise XserError(f"{path}, line {key.start_mark.line + 1}: the key `{key.value}` stands twice")
        nodes[key.value] = node
    return nodes


def read_options(words: Sequence[str], resolved: Hyperparameters, others: Sequence[str] = ()) -> dict[str, Plain]:
    """Read ``--key value`` and ``--key=value``.

    Parameters
    ----------
    words
        As typed; ``-`` may stand for ``_`` in a key.
    resolved
        The hyperparameters that there are.
    others
        Names of other options, which an unknown one may be meant to be.

    Raises
    ------
    UsageError
        For a word that is no option, and an unknown key.
    XserError
        For a value that cannot be.
    """
    values: dict[str, Plain] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            raise UsageError(f"stray word {word!r}")
        name, equals, text = word[2:].partition("=")
        key = name.replace("-", "_")
        if key not in resolved.values:
            raise UsageError(_unknown_option(key, resolved, others))
        if not equals:
            if not left or left[0].startswith("--"):
                raise UsageError(f"option --{key} needs a value")
            text = left.pop(0)
        known = TABLE.get(key)
        values[key] = known.parse(text, f"--{key}") if known else _scalar(text)
    return values


def _unknown_option(key: str, resolved: Hyperparameters, others: Sequence[str]) -> str:
    if key in TABLE and TABLE[key].set_by != "data":
        return f"--{key} ({TABLE[key].help}) means nothing to this --encoder and --finetune: leave it out"
    return f"unknown option --{key}{close_match(key, [*resolved.values, *others], '--')}"


def _refuse_idle(unknown: Mapping[str, str], nodes: Iterable[yaml.Node]) -> None:
    """Refuse keys that neither the table knows nor an object refers to."""
    referred = {key for node in nodes for key in re.findall(r"<\s*(\w+)", yaml.serialize(node))}
    for key, where in unknown.items():
        if key not in referred:
            raise XserError(f"{where}: unknown key `{key}`{close_match(key, TABLE)}, and nothing refers to it")


def _is_plain(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.tag.startswith("!")


def canonical(node: yaml.Node) -> Any:
    """A YAML node as plain data, its tag with it where it has one."""
    content: Any
    if isinstance(node, yaml.ScalarNode):
        plain = node.style is None or (not node.value and node.tag.startswith("!"))  # `!new:A` and `!new:A ''` are one
        content = _scalar(node.value) if plain else node.value
    elif isinstance(node, yaml.SequenceNode):
        content = [canonical(each) for each in node.value]
    else:
        content = {key.value: canonical(value) for key, value in node.value}
    return [node.tag, content] if node.tag.startswith("!") else content


def _scalar(text: str) -> Plain:
    """Read an untyped value, whatever a YAML library would make of it."""
    if text in ("null", "~", ""):
        return None
    for kind in (bool, int, float):
        value = read_plain(text, kind)
        if value is not None:
            return value
    return text
