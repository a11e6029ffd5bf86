"""Which encoder ``--encoder`` means: one of the recipes, a folder, a model of the hub, or the source language's.

Nothing here needs torch, and nothing is downloaded or hashed before a run asks for the model's folder or identity.
"""

import dataclasses
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic

from xser.core.errors import XserError
from xser.core.files import folder_of
from xser.core.fingerprints import fingerprint
from xser.core.records import read_yaml
from xser.core.words import close_match
from xser.corpora.description.languages import language_name
from xser.experiments.catalogue import Catalogue
from xser.experiments.hyperparameter_table import Plain
from xser.experiments.hyperparameters import describe_file, read_nodes, resolve
from xser.model.encoders.hub import HUB_NAME
from xser.model.encoders.model_folder import check_model, find_model, model_config, model_identity
from xser.protocol.tasks import Selection

LANGUAGE_MATCHED = "language_matched"
KEY = 6  # hexadecimal digits of a model's identity in the short name of a folder
_EMOTIONAL_NAME = re.compile(r"emotion|(?<![a-z])s?er(?![a-z])|affect", re.IGNORECASE)
_EMOTIONAL_LABELS = re.compile(r"^(ang|hap|sad|fear|disg|neu|calm|surp)|arousal|valence|dominance", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class EncoderChoice:
    """An encoder, found by its name.

    Attributes
    ----------
    option
        What the user typed.
    file
        Its file in ``recipes/hparams/encoders``; ``pretrained.yaml`` for a model that was named by itself.
    source
        The pretrained model: an absolute folder or a name on the hub. None when the encoder is trained from scratch.
    revision
        Branch, tag or commit on the hub.
    """

    option: str
    file: Path
    source: str | None = None
    revision: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether the model lies in a folder that the user named."""
        return self.source is not None and Path(self.source).is_absolute()

    @property
    def settings(self) -> dict[str, Plain]:
        """The hyperparameters that say which model it is; none when the encoder is trained from scratch."""
        return {} if self.source is None else {"encoder_source": self.source, "encoder_revision": self.revision}

    @functools.cached_property
    def name(self) -> str:
        """Short name for people and paths: letters, digits, ``_``, ``.`` and ``-``.

        A folder's name ends in some digits of the model's identity, so that two folders of one name do not meet.
        """
        if self.file.parent.name == "encoders":
            return self.file.stem
        if self.is_folder and self.source and self.identity:
            return f"{_path_safe(Path(self.source).name)}-{self.identity[:KEY]}"
        revision = self.revision or ""
        commit = re.fullmatch("[0-9a-f]{40}", revision)
        return _path_safe("-".join(filter(None, [self.source, revision[:8] if commit else revision])))

    @functools.cached_property
    def folder(self) -> Path | None:
        """The model's folder, downloaded when it must be; None when the encoder is trained from scratch."""
        return None if self.source is None else find_model(self.source, self.revision)

    @functools.cached_property
    def identity(self) -> str | None:
        """Fingerprint of the model's settings and weights, wherever it lies; None when there is no model."""
        return None if self.folder is None else fingerprint(model_identity(self.folder))

    @functools.cached_property
    def commit(self) -> str | None:
        """The commit that was taken from the hub; None for a folder."""
        return self.folder.name if self.folder and self.folder.parent.name == "snapshots" else None

    @functools.cached_property
    def note(self) -> str:
        """A sentence for the results when the model was trained on emotional speech, as far as it shows; else ""."""
        if self.source is None or self.folder is None:
            return ""
        config = model_config(self.folder)
        named = next((text for text in (self.source, str(config.get("_name_or_path"))) if _is_emotional(text)), None)
        labels = [str(label) for label in (config.get("id2label") or {}).values()]
        spoken = [label for label in labels if _EMOTIONAL_LABELS.search(label)]
        if named is None and len(spoken) < 2:
            return ""
        why = f"its labels are {', '.join(labels)}" if named is None else f"it is named {named}"
        return (
            f"The encoder {self.name} was trained on emotional speech ({why}): it saw recordings of the target, or may "
            "have, so that these figures are no zero-shot results."
        )


def choose_encoder(
    option: str, catalogue: Catalogue, source: Selection | None, model_root: str | Path | None = None
) -> EncoderChoice:
    """Say which encoder a user means.

    Parameters
    ----------
    option
        As in ``--encoder``.
    catalogue
        The recipes there are.
    source
        The first source of the task, for ``language_matched``; None without a task.
    model_root
        As in ``--model-root``.

    Raises
    ------
    XserError
        When there is no such encoder, or a folder holds no model that xser can load.
    """
    if model_root is not None and not folder_of(model_root).is_dir():
        raise XserError(f"--model-root {model_root} is no folder: give the folder that holds one for each encoder")
    name = _language_matched(catalogue, source) if source is not None and option == LANGUAGE_MATCHED else option
    if name in catalogue.names("hparams", "encoders"):
        return _from_file(option, catalogue.find("hparams", "encoders", f"{name}.yaml"), model_root)
    by_itself = catalogue.find("hparams", "pretrained.yaml")
    hub, _, revision = name.partition("@")
    folder = folder_of(name)
    if folder.is_dir():
        check_model(folder)
        return EncoderChoice(option, by_itself, str(folder))
    if re.match(r"((emotion2vec|iic)/)?emotion2vec\w*$", hub, re.IGNORECASE):
        raise XserError(
            f"{name} is made for FunASR, and xser loads models of Hugging Face's transformers: take another encoder, "
            "or give a converted model's folder (its pretraining saw the test corpora, and the results will say so)"
        )
    if HUB_NAME.fullmatch(hub) and not name.endswith("@"):
        return EncoderChoice(option, by_itself, hub, revision or None)
    raise XserError(_unknown(name, catalogue))


def with_source(choice: EncoderChoice, hyperparameters: Mapping[str, Plain]) -> EncoderChoice:
    """`choice` with the model that ``--encoder_source`` and ``--encoder_revision`` name instead, when they are given.

    Raises
    ------
    XserError
        When `choice` is a model named by itself already, or the folder holds no model that xser can load.
    """
    given = [key for key in ("encoder_source", "encoder_revision") if key in hyperparameters]
    if not given:
        return choice
    if choice.file.parent.name != "encoders":
        raise XserError(f"--encoder {choice.option} says which model it is: leave --{given[0]} out")
    source = _located(str(hyperparameters.get("encoder_source", choice.source)))
    kept = choice.revision if "encoder_source" not in given else None
    revision = hyperparameters.get("encoder_revision", kept)
    return dataclasses.replace(choice, source=source, revision=None if revision is None else str(revision))


def describe_encoders(catalogue: Catalogue) -> list[tuple[str, str]]:
    """List (name, description) of what ``--encoder`` may be."""
    names = catalogue.names("hparams", "encoders")
    listed = [(name, describe_file(catalogue.find("hparams", "encoders", f"{name}.yaml"))) for name in names]
    matched = ", ".join(f"{language_name(code)} {name}" for code, name in _matched(catalogue).items())
    return [
        *listed,
        (LANGUAGE_MATCHED, f"that of the source's language: {matched}"),
        ("FOLDER", "a model in Hugging Face's format: wav2vec 2.0, HuBERT, WavLM, w2v-BERT 2, Whisper"),
        ("HUB/NAME@REVISION", "such a model of the Hugging Face hub, downloaded once"),
    ]


def _from_file(option: str, file: Path, model_root: str | Path | None) -> EncoderChoice:
    if "network" in read_nodes(file):  # it is trained from scratch
        return EncoderChoice(option, file)
    if model_root is not None and (folder_of(model_root) / file.stem).is_dir():
        return EncoderChoice(option, file, _located(str(folder_of(model_root) / file.stem)))
    values = resolve([file], {}).values
    revision: Any = values.get("encoder_revision")
    return EncoderChoice(option, file, _located(str(values.get("encoder_source"))), revision)


def _located(source: str) -> str:
    """A folder's absolute path, checked; a hub name as it is."""
    if folder_of(source).is_dir():
        check_model(folder_of(source))
        return str(folder_of(source))
    if not HUB_NAME.fullmatch(source):
        raise XserError(
            f"no folder {source}: the source of an encoder is a folder in Hugging Face's format, or a hub name"
        )
    return source


class LanguageMatched(pydantic.RootModel[dict[str, str]]):
    """The file language_matched.yaml: ISO 639-3 code of a language -> its encoder."""


def _matched(catalogue: Catalogue) -> dict[str, str]:
    return read_yaml(catalogue.find("hparams", f"{LANGUAGE_MATCHED}.yaml"), LanguageMatched).root


def _language_matched(catalogue: Catalogue, source: Selection) -> str:
    languages, matched = source.languages, _matched(catalogue)
    if len(languages) > 1:
        spoken = " and ".join(f"{language_name(code)} ({code})" for code in languages)
        one = " or ".join(f"{source.corpus.id}:{code}" for code in languages)
        raise XserError(
            f"--encoder {LANGUAGE_MATCHED}: {source} is {spoken}: take {one} as a source, or name an encoder"
        )
    if languages[0] not in matched:
        known = ", ".join(f"{code} {name}" for code, name in matched.items())
        raise XserError(
            f"--encoder {LANGUAGE_MATCHED}: {catalogue.find('hparams', f'{LANGUAGE_MATCHED}.yaml')} has no encoder of "
            f"{language_name(languages[0])} ({languages[0]}), the language of {source} ({known}): name an encoder, or "
            "add a line there"
        )
    return matched[languages[0]]


def _unknown(name: str, catalogue: Catalogue) -> str:
    names = [*catalogue.names("hparams", "encoders"), LANGUAGE_MATCHED]
    if re.match(r"[./~]|.*/.*/", name):
        return f"no folder {name}: give --encoder the folder of a model in Hugging Face's format"
    return (
        f"there is no encoder {name!r}{close_match(name, names)}; {catalogue.folders[-1] / 'hparams' / 'encoders'} has "
        f"{', '.join(names[:-1])}; or give {LANGUAGE_MATCHED}, the folder of a model, or its hub name "
        "(organisation/name)"
    )


def _is_emotional(text: str) -> bool:
    return bool(_EMOTIONAL_NAME.search(Path(text).name))


def _path_safe(text: str) -> str:
    """Letters, digits, ``_``, ``.`` and ``-`` alone.

    Examples
    --------
    >>> _path_safe("modèle à moi"), _path_safe("microsoft/wavlm-large")
    ('mod-le-moi', 'microsoft-wavlm-large')
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.") or "model"
