"""The table of hyperparameters: what each is, which values it takes, and who usually sets it."""

import dataclasses
import re

from xser.core.errors import XserError
from xser.core.words import close_match

Plain = bool | int | float | str | None

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
        value = read_plain(text, self.type)
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


def read_plain(text: str, kind: type) -> Plain:
    """Read a value of a type; None when it is none.

    Examples
    --------
    >>> read_plain("True", bool), read_plain("30", int), read_plain("1e-3", float), read_plain("1.5", int)
    (True, 30, 0.001, None)
    """
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower())
    if kind is str:
        return text
    pattern = r"[+-]?\d+" if kind is int else r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
    return kind(text) if re.fullmatch(pattern, text) else None
