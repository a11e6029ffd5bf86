"""The YAML file beside a table or folder: what the table itself does not say, in the words of corpus.yaml.

    language: deu
    labels: {W: angry, F: happy, x: drop}
    columns: {path: file, label: majority_vote}

``mine.yaml`` stands beside ``mine.csv``, ``mine.parquet`` or the folder ``mine``. Every key may be missing.
"""

import yaml

from xser.core.errors import XserError
from xser.corpora.description.corpus_yaml import OnceLoader
from xser.corpora.tables.columns import USUAL

OF_CORPUS_YAML = (
    "title", "licence", "licence_note", "url", "citation", "obtain", "labels", "scheme", "speaker_loss",
    "repairs",
)  # fmt: skip
KEYS = ("language", "columns", "tables", "root", "made_up", *OF_CORPUS_YAML)


def sidecar_of(path):
    """Return the path of the YAML file beside a table or folder, be it there or not; ``.yml`` where it is called so."""
    beside = path.with_name(f"{path.name if path.is_dir() else path.stem}.yaml")
    short = beside.with_name(f"{beside.name[:-5]}.yml")
    return short if short.is_file() and not beside.exists() else beside


def read_sidecar(path):
    """Read what the file beside a table says.

    Parameters
    ----------
    path : Path
        The YAML file; where there is none, nothing is said.

    Returns
    -------
    dict
        Those of `KEYS` that it has. Those `OF_CORPUS_YAML` are not checked further.

    Raises
    ------
    XserError
        Naming the file and the key, for whatever cannot be understood.
    """
    if not path.is_file():
        return {}
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=OnceLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise XserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    try:
        return _checked(content or {})
    except XserError as error:
        raise XserError(f"{path}: {error}") from error


def _checked(content):
    if not isinstance(content, dict):
        raise XserError("it must hold keys and values")
    for key, value in content.items():
        if key not in KEYS:
            raise XserError(f"unknown key {key!r}; known are {', '.join(KEYS)}")
        if key in ("language", "root") and not (isinstance(value, str) and value.strip()):
            raise XserError(f"`{key}` must be text, not {value!r}")
    if not isinstance(content.get("made_up", False), bool):
        raise XserError("`made_up` must be true or false")
    tables = content.get("tables", [])
    if not isinstance(tables, list) or not all(isinstance(name, str) for name in tables):
        raise XserError("`tables` must list names of tables")
    columns = content.get("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(name, str) for name in columns.values()):
        raise XserError("`columns` must map fields to names of columns")
    for field in columns:
        if field not in USUAL:
            raise XserError(f"`columns` has the unknown field {field!r}; the fields are {', '.join(USUAL)}")
    labels = content.get("labels", {})
    if not isinstance(labels, dict) or not all(isinstance(emotion, str) for emotion in labels.values()):
        raise XserError("`labels` must map labels of the table to emotions, or to drop")
    numbers = {label: str(label) for label in labels if type(label) in (int, float)}  # a table of numbers, from 0 on
    return {**content, "labels": {numbers.get(label, label): emotion for label, emotion in labels.items()}}
