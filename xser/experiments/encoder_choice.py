"""Which encoder ``--encoder`` means: one of the recipes, a folder, a model of the hub, or the source language's.

Nothing here needs torch, and nothing is downloaded or hashed before a run asks for the model's folder or identity.
"""

import dataclasses
import functools
import re
from pathlib import Path

import yaml

from xser.core.errors import XserError
from xser.core.files import folder_of
from xser.core.fingerprints import fingerprint
from xser.core.words import close_match
from xser.corpora.description.languages import language_name
from xser.experiments.hyperparameters import (
    encoder_is_pretrained,
    first_comment,
    hyperparameter_keys,
    yaml_names,
)
from xser.model.encoders.hub import HUB_NAME
from xser.model.encoders.model_folder import check_model, find_model, model_config, model_identity

LANGUAGE_MATCHED = "language_matched"
KEY = 6  # hexadecimal digits of a model's identity in the short name of a folder
_EMOTIONAL_NAME = re.compile(r"emotion|(?<![a-z])s?er(?![a-z])|affect", re.IGNORECASE)
_EMOTIONAL_LABELS = re.compile(r"^(ang|hap|sad|fear|disg|neu|calm|surp)|arousal|valence|dominance", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class EncoderChoice:
    """An encoder, found by its name.

    Attributes
    ----------
    option : str
        What the user typed.
    yaml : str or None
        The name of its file in ``recipes/hparams/encoders``; None for a model that was named by itself.
    source : str or None
        The pretrained model: an absolute folder or a name on the hub. None when the encoder is trained from scratch.
    revision : str or None
        Branch, tag or commit on the hub.
    """

    option: str
    yaml: str | None
    source: str | None = None
    revision: str | None = None

    @property
    def is_folder(self):
        """Whether the model lies in a folder that the user named."""
        return self.source is not None and Path(self.source).is_absolute()

    @property
    def settings(self):
        """The hyperparameters that say which model it is; none when the encoder is trained from scratch."""
        return {} if self.source is None else {"encoder_source": self.source, "encoder_revision": self.revision}

    @functools.cached_property
    def name(self):
        """Short name for people and paths: letters, digits, ``_``, ``.`` and ``-``.

        A folder's name ends in some digits of the model's identity, so that two folders of one name do not meet.
        """
        if self.yaml:
            return self.yaml
        if self.is_folder:
            return f"{_path_safe(Path(self.source).name)}-{self.identity[:KEY]}"
        revision = self.revision or ""
        commit = re.fullmatch("[0-9a-f]{40}", revision)
        return _path_safe("-".join(filter(None, [self.source, revision[:8] if commit else revision])))

    @functools.cached_property
    def folder(self):
        """The model's folder, downloaded when it must be; None when the encoder is trained from scratch."""
        return None if self.source is None else find_model(self.source, self.revision)

    @functools.cached_property
    def identity(self):
        """Fingerprint of the model's settings and weights, wherever it lies; None when there is no model."""
        return None if self.source is None else fingerprint(model_identity(self.folder))

    @functools.cached_property
    def commit(self):
        """The commit that was taken from the hub; None for a folder."""
        return self.folder.name if self.folder and self.folder.parent.name == "snapshots" else None

    @functools.cached_property
    def note(self):
        """A sentence for the results when the model was trained on emotional speech, as far as it shows; else ""."""
        if self.source is None:
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


def choose_encoder(option, recipes, source, model_root=None):
    """Say which encoder a user means.

    Parameters
    ----------
    option : str
        As in ``--encoder``.
    recipes : Path
        The folder of recipes.
    source : Selection
        The first source of the task, for ``language_matched``.
    model_root : str or Path, optional
        As in ``--model-root``.

    Returns
    -------
    EncoderChoice

    Raises
    ------
    XserError
        When there is no such encoder, or a folder holds no model that xser can load.
    """
    hparams = recipes / "hparams"
    if model_root is not None and not folder_of(model_root).is_dir():
        raise XserError(f"--model-root {model_root} is no folder: give the folder that holds one for each encoder")
    name = _language_matched(hparams, source, recipes) if option == LANGUAGE_MATCHED else option
    if name in yaml_names(hparams / "encoders"):
        return _from_yaml(option, name, hparams, model_root)
    hub, _, revision = name.partition("@")
    folder = folder_of(name)
    if folder.is_dir():
        check_model(folder)
        return EncoderChoice(option, None, str(folder))
    if re.match(r"((emotion2vec|iic)/)?emotion2vec\w*$", hub, re.IGNORECASE):
        raise XserError(
            f"{name} is made for FunASR, and xser loads models of Hugging Face's transformers: take another encoder, "
            "or give a converted model's folder (its pretraining saw the test corpora, and the results will say so)"
        )
    if HUB_NAME.fullmatch(hub) and not name.endswith("@"):
        return EncoderChoice(option, None, hub, revision or None)
    raise XserError(_unknown(name, hparams))


def with_source(choice, hyperparameters):
    """`choice` with the model that ``--encoder_source`` and ``--encoder_revision`` name instead, when they are given.

    Parameters
    ----------
    choice : EncoderChoice
    hyperparameters : dict
        What ``--key value`` sets.

    Returns
    -------
    EncoderChoice

    Raises
    ------
    XserError
        When `choice` is a model named by itself already, or the folder holds no model that xser can load.
    """
    given = [key for key in ("encoder_source", "encoder_revision") if key in hyperparameters]
    if not given:
        return choice
    if choice.yaml is None:
        raise XserError(f"--encoder {choice.option} says which model it is: leave --{given[0]} out")
    source = _located(str(hyperparameters.get("encoder_source", choice.source)))
    kept = choice.revision if "encoder_source" not in given else None
    revision = hyperparameters.get("encoder_revision", kept)
    return dataclasses.replace(choice, source=source, revision=None if revision is None else str(revision))


def describe_encoders(recipes):
    """List (name, description) of what ``--encoder`` may be.

    Parameters
    ----------
    recipes : Path
        The folder of recipes.

    Returns
    -------
    list of (str, str)
    """
    hparams = recipes / "hparams"
    listed = [(name, first_comment(hparams / "encoders" / f"{name}.yaml")) for name in yaml_names(hparams / "encoders")]
    matched = ", ".join(f"{language_name(code)} {name}" for code, name in _matched(hparams).items())
    return [
        *listed,
        (LANGUAGE_MATCHED, f"that of the source's language: {matched}"),
        ("FOLDER", "a model in Hugging Face's format: wav2vec 2.0, HuBERT, WavLM, w2v-BERT 2, Whisper"),
        ("HUB/NAME@REVISION", "such a model of the Hugging Face hub, downloaded once"),
    ]


def _from_yaml(option, name, hparams, model_root):
    if not encoder_is_pretrained(hparams, name):
        return EncoderChoice(option, name)
    if model_root is not None and (folder_of(model_root) / name).is_dir():
        return EncoderChoice(option, name, _located(str(folder_of(model_root) / name)))
    keys = hyperparameter_keys(hparams, name)
    return EncoderChoice(option, name, _located(str(keys["encoder_source"])), keys.get("encoder_revision"))


def _located(source):
    """A folder's absolute path, checked; a hub name as it is."""
    if folder_of(source).is_dir():
        check_model(folder_of(source))
        return str(folder_of(source))
    if not HUB_NAME.fullmatch(source):
        raise XserError(
            f"no folder {source}: the source of an encoder is a folder in Hugging Face's format, or a hub name"
        )
    return source


def _matched(hparams):
    """ISO 639-3 code of a language: its encoder."""
    path = hparams / f"{LANGUAGE_MATCHED}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise XserError(f"{path} cannot be read ({error}): give --recipes those of a whole checkout") from error
    return content if isinstance(content, dict) else {}


def _language_matched(hparams, source, recipes):
    languages, matched = source.languages(recipes), _matched(hparams)
    if len(languages) > 1:
        spoken = " and ".join(f"{language_name(code)} ({code})" for code in languages)
        one = " or ".join(f"{source.corpus}:{code}" for code in languages)
        raise XserError(
            f"--encoder {LANGUAGE_MATCHED}: {source} is {spoken}: take {one} as a source, or name an encoder"
        )
    if languages[0] not in matched:
        known = ", ".join(f"{code} {name}" for code, name in matched.items())
        raise XserError(
            f"--encoder {LANGUAGE_MATCHED}: {hparams / LANGUAGE_MATCHED}.yaml has no encoder of "
            f"{language_name(languages[0])} ({languages[0]}), the language of {source} ({known}): name an encoder, or "
            "add a line there"
        )
    return matched[languages[0]]


def _unknown(name, hparams):
    names = [*yaml_names(hparams / "encoders"), LANGUAGE_MATCHED]
    if re.match(r"[./~]|.*/.*/", name):
        return f"no folder {name}: give --encoder the folder of a model in Hugging Face's format"
    return (
        f"there is no encoder {name!r}{close_match(name, names)}; {hparams / 'encoders'} has {', '.join(names[:-1])}; "
        f"or give {LANGUAGE_MATCHED}, the folder of a model, or its hub name (organisation/name)"
    )


def _is_emotional(text):
    return bool(_EMOTIONAL_NAME.search(Path(text).name))


def _path_safe(text):
    """Letters, digits, ``_``, ``.`` and ``-`` alone.

    Examples
    --------
    >>> _path_safe("modèle à moi"), _path_safe("microsoft/wavlm-large")
    ('mod-le-moi', 'microsoft-wavlm-large')
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.") or "model"
