"""Hyperparameters: one typed table of them, and how the files of ``recipes/hparams`` and the command line resolve to
values.

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

Plain = bool | int | float | str | None

NOT_HYPERPARAMETERS = ("description", "trained_on", "order", "compared_with")  # what a file says of itself
OBJECTS = ("frontend",)  # what may be null, and is an object all the same
WHERE_THE_MODEL_LIES = ("encoder_source", "encoder_revision")  # which model it is counts, wherever it lies
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


@dataclasses.dataclass(frozen=True)
class Hyperparameter:
    """A hyperparameter.

    Attributes
    ----------
    key
        Its name in the files and, as ``--key``, on the command line.
    type
        Of its value.
    help
        One line.
    set_by
        Who usually sets it: ``train``, ``encoder``, ``finetuning``, ``system`` (a file of hparams), ``data`` (known
        when the data are) or ``option`` (an option of its own).
    choices
        The only words there are; empty where any value will do.
    least, most
        The range, both ends included.
    null
        Whether it may be null.
    number_too
        Whether a whole number from 0 may stand for one of the choices.
    """

    key: str
    type: type
    help: str
    set_by: str = "train"
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    null: bool = False
    number_too: bool = False

    def parse(self, text: str, where: str) -> Plain:
        """Read a value.

        Parameters
        ----------
        text
            As it was written.
        where
            The option, or the file and line, for the message.

        Raises
        ------
        XserError
            When it is of another type, none of the choices, or out of the range.

        Examples
        --------
        >>> TABLE["learning_rate"].parse("1e-3", "--learning_rate")
        0.001
        >>> TABLE["batches"].parse("shufled", "--batches")
        Traceback (most recent call last):
        ...
        xser.core.errors.XserError: --batches is shuffled or hierarchical, not 'shufled' (did you mean shuffled?)
        """
        if self.null and text in ("null", "~", ""):
            return None
        if self.choices:
            if self.number_too and re.fullmatch(r"\d+", text):
                return int(text)
            if text not in self.choices:
                also = " or a whole number" if self.number_too else ""
                raise XserError(
                    f"{where} is {' or '.join(self.choices)}{also}, not {text!r}{close_match(text, self.choices)}"
                )
            return text
        value = _read(text, self.type)
        if value is None:
            raise XserError(f"{where} takes {_KINDS[self.type]}, not {text!r}")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self._refuse_out_of_range(value, where)
        return value

    def _refuse_out_of_range(self, value: float, where: str) -> None:
        if self.least is not None and not value >= self.least:
            raise XserError(f"{where} is {self.least:g} or more, not {value:g}")
        if self.most is not None and not value <= self.most:
            raise XserError(f"{where} is {self.most:g} or less, not {value:g}")

    @property
    def allowed(self) -> str:
        """The values there are, for people."""
        if self.choices:
            return " | ".join(self.choices) + (" | number" if self.number_too else "")
        ends = {(False, False): "", (True, False): f" from {self.least}", (False, True): f" up to {self.most}"}
        both = f" from {self.least} to {self.most}"
        return _KINDS[self.type] + ends.get((self.least is not None, self.most is not None), both)


_H = Hyperparameter
_ALL = (
    _H("seed", int, "of new weights, batches, crops and dropout", "data", least=0),
    _H("number_of_emotions", int, "classes of the scheme", "data", least=1),
    _H("number_of_speakers", int, "speakers of the training rows that the adversary tells apart", "data", least=1),
    _H("number_of_languages", int, "languages of the training rows", "data", least=1),
    _H(
        "batches",
        str,
        "shuffled, or hierarchical: languages x emotions x utterances",
        "system",
        ("shuffled", "hierarchical"),
    ),
    _H("languages_per_batch", int, "languages in a hierarchical batch", least=1),
    _H("utterances_per_cell", int, "utterances of each language and emotion in a hierarchical batch", least=1),
    _H("batch_size", int, "utterances in a shuffled batch", least=1),
    _H("crop_seconds", float, "a longer utterance is cut to this at a random place while training; 0: never", least=0),
    _H("like_durations", bool, "put utterances of like duration together and cut a batch to its shortest"),
    _H("shortest_crop_seconds", float, "... but no shorter than this: the shorter ones are padded", least=0),
    _H(
        "balance_classes", bool, "weigh the cross-entropy of shuffled batches so that every emotion counts the same"
    ),
    _H(
        "target_statistics",
        str,
        "label-free statistics that recordings have in common",
        "option",
        ("none", "corpus", "speaker"),
    ),
    _H("steps", int, "optimiser steps at the least; training ends with the epoch that reaches them", least=1),
    _H("learning_rate", float, "falls linearly to a twentieth", least=0),
    _H("network_learning_rate", float, "of the encoder's weights; 0: learning_rate", least=0),
    _H("accumulated_batches", int, "batches whose gradients are added up before a step", least=1),
    _H("precision", str, "what layers compute in while training; losses are in float32", choices=("fp32", "bf16",
    "fp16")),
    _H("weight_decay", float, "of AdamW", least=0),
    _H("max_grad_norm", float, "gradients are clipped to this norm", least=0),
    _H("dropout", float, "of what is trained from scratch; a pretrained encoder keeps its own", least=0, most=1),
    _H("supcon_weight", float, "alpha: weight of SupCon in the loss", "system", least=0),
    _H("cross_language_weight", float, "lambda: weight of a positive of another language", least=0),
    _H("temperature", float, "tau of SupCon", least=1e-6),
    _H("speaker_weight", float, "beta: weight of the speaker adversary in the loss", "system", least=0),
    _H("reversal_gamma", float, "steepness of the reversal's ramp (Ganin et al. 2016)", least=0),
    _H("mask_speaker_loss", bool, "leave corpora out of the speaker loss whose corpus.yaml says so"),
    _H("remove_band_mean", bool, "subtract each mel band's mean over the utterance", "encoder"),
    _H("embedding_size", int, "units of the embedding", "encoder", least=1),
    _H("blocks", int, "residual blocks of the compact encoder", "encoder", least=1),
    _H("encoder_source", str, "a model's folder in Hugging Face's format, or its name on the hub", "encoder",
    null=True),
    _H("encoder_revision", str, "branch, tag or commit on the hub", "encoder", null=True),
    _H("trained_layers", int, "layers that learn, from the top; 0: all", "finetuning", least=0),
    _H("lora_rank", int, "rank of LoRA; 0: no LoRA", "finetuning", least=0),
    _H("lora_alpha", float, "scale of LoRA, divided by its rank", "finetuning", least=0),
    _H("adapter_size", int, "width of the bottleneck adapters; 0: none", "finetuning", least=0),
    _H("layer", str, "the last layer, or a learned mix", "finetuning", ("last", "mix"), number_too=True),
    _H(
        "keep",
        str,
        "each layer's mean over the utterance, or every frame",
        "finetuning",
        choices=("embeddings", "frames"),
    ),
    _H(
        "window",
        str,
        "Whisper at the utterance's own length, or padded to 30 s as it was trained",
        "finetuning",
        choices=("own", "native"),
    ),
)  # fmt: skip
TABLE = {each.key: each for each in _ALL}


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
        return "frontend" in self.objects and _canonical(self.objects["frontend"]) is None

    @property
    def identity(self) -> list[Any]:
        """What tells one training from another: values, class paths and their arguments, as plain data.

        The place of a pretrained model is no part of it; the model's content is, which the caller adds.
        """
        values = {key: value for key, value in self.values.items() if key not in WHERE_THE_MODEL_LIES}
        return [values, {key: _canonical(node) for key, node in self.objects.items()}]

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
            values[key] = TABLE[key].parse(node.value, where) if key in TABLE else _canonical(node)
            if key not in TABLE:
                unknown.setdefault(key, f"{path}, line {node.start_mark.line + 1}")
    _refuse_idle(unknown, objects.values())
    return Hyperparameters({**values, **overrides}, objects)


def describe_file(path: Path) -> str:
    """What a file of hparams says of itself: its key ``description``; empty without one."""
    return str(_canonical(read_nodes(path)["description"]) or "") if "description" in read_nodes(path) else ""


def read_nodes(path: Path) -> dict[str, yaml.Node]:
    """Read the top-level keys of a HyperPyYAML file as YAML nodes, without building anything.

    Raises
    ------
    XserError
        When it cannot be read, or a key stands twice.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise XserError(f"{path} cannot be read ({error}): give --recipes those of a whole checkout") from error
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


def _canonical(node: yaml.Node) -> Any:
    """A YAML node as plain data, its tag with it where it has one."""
    content: Any
    if isinstance(node, yaml.ScalarNode):
        content = _scalar(node.value) if node.style is None else node.value
    elif isinstance(node, yaml.SequenceNode):
        content = [_canonical(each) for each in node.value]
    else:
        content = {key.value: _canonical(value) for key, value in node.value}
    return [node.tag, content] if node.tag.startswith("!") else content


def _scalar(text: str) -> Plain:
    """Read an untyped value, whatever a YAML library would make of it."""
    if text in ("null", "~", ""):
        return None
    for kind in (bool, int, float):
        value = _read(text, kind)
        if value is not None:
            return value
    return text


def _read(text: str, kind: type) -> Plain:
    """Read a value of a type; None when it is none.

    Examples
    --------
    >>> _read("True", bool), _read("30", int), _read("1e-3", float), _read("1.5", int)
    (True, 30, 0.001, None)
    """
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower())
    if kind is str:
        return text
    pattern = r"[+-]?\d+" if kind is int else r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
    return kind(text) if re.fullmatch(pattern, text) else None
