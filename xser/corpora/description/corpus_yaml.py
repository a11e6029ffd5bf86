"""The keys of a corpus.yaml, each read and checked by itself.

What it is, for people
    ``title``, ``licence``, ``licence_note``, ``url``, ``citation``, ``obtain`` (how to get it)
``download``
    The files that make it, where everybody may fetch them without a form or an account, each with ``urls`` (addresses
    of the same file, the mirrors last), and where they are published ``size`` (bytes) and ``md5`` or ``sha256``. A file
    called as an archive (``name``, by default the address's) is unpacked, ``into`` a folder below the corpus's, without
    the members that match ``leave_out``; archives ``inside`` it are unpacked where they lie.
``language``
    An ISO 639-3 code, or a list of them.
``files``, ``example``, ``ignore``
    Patterns of the recordings (see `xser.corpora.description.file_patterns`), the path of one, and patterns of known
    clutter.
``tables``
    Tables with more fields: ``files`` (patterns; the fields of a name belong to every row), ``columns`` (field:
    heading) and ``join`` (the fields that tell which row is which recording's, of a name or of an earlier table). A
    ``delimiter`` where it is not the comma of ``.csv`` or the tab of ``.tsv``. A file that has no columns has ``rows``
    instead: a pattern of the lines that are rows, or, of a ``.json``, ``.jsonl`` or ``.yaml`` file, of the paths of the
    objects that are rows (of ``.jsonl`` the numbers of the lines from 0); ``columns`` then name values below such an
    object. With ``segments: true`` every row is an utterance: the stretch of the recording from its field ``start`` to
    its field ``end``, in seconds.
``columns``
    How the columns of the rows are made that are not simply the field of that name: a template, or ``from`` a template
    by a ``map`` of regular expressions to templates, of which the first that matches the whole value counts; a named
    group of it is a field of its template.
    ``emotion`` is the native label, ``utterance`` the id (by default the file's name), ``official_part`` maps to train,
    valid and test. They are made in the order in which they stand; a later one may use an earlier one.
``labels``, ``counts``
    For every native label its canonical emotion or ``drop``, and the number of recordings in the official release:
    of each label, or of all where nobody publishes more.
``speakers``
    How many the names or tables tell apart; 0 where they do not say who speaks.
``faults``
    Files that are left out: ``utterance``, ``what`` it is known to be, and ``counted: false`` where the counts leave it
    out too. With a ``part`` it is one of that part's utterances in ``stratified``: it is left out only where it cannot
    be read, some copies having it repaired, and the part has one utterance fewer where it is not there.
``repeated_files``, ``same_recording``
    True where the same name at a second path is known to be the same file; lists of utterances known to be one
    recording.
``repairs``
    What stage 0 repairs of every recording before it resamples: ``dc`` subtracts its DC offset, ``digital_silence``
    trims constant samples at its ends (see `xser.corpora.audio.repairs`). For a corpus whose emotions these tell apart.
``scheme``
    The scheme within this corpus when the user names none: `four` unless it lacks one of the four emotions.
``stratified``
    Exact sizes of the parts train, valid and test in the scheme ``four``, for each language: the published ones.
``speaker_loss``
    ``masked: true`` and ``why``, where the speaker adversary must not look at the corpus.
"""

import dataclasses
import re

import yaml

from xser.core.errors import XserError
from xser.corpora.description.emotions import CANONICAL, SCHEMES
from xser.corpora.description.file_patterns import FILE_FIELDS, Column, FilePattern, field_names, nfc
from xser.corpora.description.label_tables import LabelTable
from xser.corpora.description.languages import is_language, language_code
from xser.corpora.download.download_files import read_download_files

COLUMNS = (  # of the rows, as corpus.yaml calls them: `emotion` is the native label
    "utterance", "language", "speaker", "gender", "age", "text", "transcript", "intensity", "take", "emotion",
    "official_part",
)  # fmt: skip
PARTS = ("train", "valid", "test")
REPAIRS = {  # name: what it is, for people; made by `xser.corpora.audio.repairs`
    "dc": "DC offset removed",
    "digital_silence": "digital silence trimmed",
}
TABLE_KEYS = ("files", "columns", "join", "delimiter", "rows", "segments")

KEYS = {  # key: (types, required)
    "title": (str, True),
    "language": ((str, list), True),
    "licence": (str, True),
    "licence_note": (str, False),
    "url": (str, True),
    "citation": (str, True),
    "obtain": (str, True),
    "download": (list, False),
    "example": (str, True),
    "files": (list, True),
    "ignore": (list, False),
    "tables": (list, False),
    "columns": (dict, False),
    "labels": (dict, True),
    "counts": ((dict, int), True),
    "speakers": (int, False),
    "faults": (list, False),
    "repeated_files": (bool, False),
    "same_recording": (list, False),
    "repairs": (list, False),
    "scheme": (str, False),
    "stratified": (dict, False),
    "speaker_loss": (dict, False),
}


@dataclasses.dataclass(frozen=True)
class Fault:
    """A file that is known not to be usable: it is left out, and said.

    `counted` tells whether the expected counts include it; `part`, when not empty, that the published sizes do, and
    that it is left out only where it cannot be read.
    """

    utterance: str
    what: str
    counted: bool
    part: str = ""


class OnceLoader(yaml.SafeLoader):
    """YAML's safe loader, refusing a key that stands twice in a mapping."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for at, key in enumerate(keys):
            if key in keys[:at]:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_values(content, corpus):
    """Read and check the keys of a corpus.yaml.

    Parameters
    ----------
    content : object
        What the YAML loader made of the file.
    corpus : str
        The corpus id.

    Returns
    -------
    dict
        The attributes of a `xser.corpora.description.corpus.Corpus` but ``id`` and ``yaml``.

    Raises
    ------
    XserError
        For unknown, missing and mistyped keys, and values that cannot be.
    """
    _check_keys(content)
    languages = _languages(content["language"])
    files = _patterns("files", content["files"])
    return {
        **{key: content[key].strip() for key in ("title", "licence", "url", "citation", "obtain")},
        "licence_note": content.get("licence_note", "").strip(),
        "download": read_download_files(content.get("download", [])),
        "language": languages[0],
        "languages": languages,
        "example": nfc(content["example"]),
        "files": files,
        "ignore": _patterns("ignore", content.get("ignore", [])),
        "tables": _tables(content.get("tables", []), field_names(files) | set(FILE_FIELDS)),
        "columns": _columns(content.get("columns", {})),
        "labels": _labels(content["labels"]),
        "counts": _counts(content["counts"], content["labels"]),
        "speakers": _whole("speakers", "all", content.get("speakers", 0)),
        "faults": tuple(_fault(corpus, fault) for fault in content.get("faults", [])),
        "repeated_files": content.get("repeated_files", False),
        "same_recording": tuple(_same(corpus, names) for names in content.get("same_recording", [])),
        "repairs": _repairs(content.get("repairs", [])),
        "scheme": _scheme(content.get("scheme", "four")),
        "stratified": _stratified(content.get("stratified")),
        "speaker_loss": _speaker_loss(content.get("speaker_loss")),
    }


def _check_keys(content):
    if not isinstance(content, dict):
        raise XserError("it must hold keys and values")
    for key, value in content.items():
        if key not in KEYS:
            raise XserError(f"unknown key {key!r}; known are {', '.join(KEYS)}")
        if not isinstance(value, KEYS[key][0]):
            types = KEYS[key][0]
            names = " or ".join(kind.__name__ for kind in (types if isinstance(types, tuple) else (types,)))
            raise XserError(f"`{key}` must be a {names}, not {value!r}")
    for key, (_, required) in KEYS.items():
        if required and not content.get(key):
            raise XserError(f"`{key}` is missing")


def _languages(value):
    languages = tuple([value] if isinstance(value, str) else value)
    for language in languages:
        if not isinstance(language, str) or not is_language(language) or language_code(language) != language:
            code = f": write {language_code(language)}" if is_language(str(language)) else ", such as deu (German)"
            raise XserError(f"`language` {language!r} is no ISO 639-3 code{code}")
    return languages


def _patterns(key, values):
    if not all(isinstance(value, str) for value in values):
        raise XserError(f"`{key}` must list patterns (text)")
    patterns = tuple(FilePattern(value) for value in values)
    field_names(patterns)  # a pattern that cannot be understood speaks up now
    return patterns


def _tables(values, known):
    """Read the tables in their order; `known` are the fields of a recording before the first."""
    tables = []
    for value in values:
        tables.append(_table(value, known))
        known = known | tables[-1].fields
    return tuple(tables)


def _table(value, known):
    if not isinstance(value, dict) or not {"files", "join"} <= set(value) <= {*TABLE_KEYS} or len(value) < 3:
        raise XserError(
            "each of `tables` needs `files` (patterns), `join` (fields) and `columns` (field: heading) or `rows` (a "
            "pattern), perhaps a `delimiter` and `segments: true`"
        )
    if not isinstance(value["files"], list) or not isinstance(value["join"], list):
        raise XserError("`tables: files` and `tables: join` must be lists")
    columns, delimiter, rows = value.get("columns", {}), value.get("delimiter", ""), value.get("rows")
    _check_texts("tables: columns", columns)
    if not isinstance(delimiter, str) or len(delimiter) > 1:
        raise XserError(f"`tables: delimiter` must be one character, not {delimiter!r}")
    rows = None if rows is None else _patterns("tables: rows", [rows])[0]
    segments = value.get("segments", False)
    files, join = _patterns("tables: files", value["files"]), tuple(value["join"])
    table = LabelTable(files, columns, join, delimiter, rows, segments)
    if not isinstance(segments, bool) or segments and not {"start", "end"} <= table.fields:
        raise XserError("`tables: segments` must be true or false, and with it the fields `start` and `end` are needed")
    for field in table.join:
        if field not in known:
            raise XserError(f"`tables: join` names {field!r}, which no pattern of `files` and no earlier table has")
        if field not in table.fields:
            raise XserError(f"`tables: join` names {field!r}, which the table does not have")
    return table


def _check_texts(key, mapping):
    if not isinstance(mapping, dict):
        raise XserError(f"`{key}` must be a dict")
    for name, value in mapping.items():
        for text in (name, value):
            if not isinstance(text, str):
                raise XserError(f"`{key}` has {text!r}, which YAML does not read as text: put it in quotes")


def _columns(values):
    columns = {}
    for name, value in values.items():
        if name not in COLUMNS:
            raise XserError(f"`columns` has {name!r}; known are {', '.join(COLUMNS)}")
        if isinstance(value, str):
            columns[name] = Column(value)
        elif isinstance(value, dict) and set(value) == {"from", "map"} and isinstance(value["from"], str):
            columns[name] = Column(value["from"], _map(f"columns: {name}: map", value["map"]))
        else:
            raise XserError(f"`columns: {name}` must be a template, or have `from` (a template) and `map`")
    return columns


def _map(key, values):
    _check_texts(key, values)
    for expression in values:
        try:
            re.compile(expression)
        except re.error as error:
            raise XserError(f"`{key}` has {expression!r}, which is no regular expression ({error})") from error
    return tuple((nfc(expression), nfc(value)) for expression, value in values.items())


def _labels(values):
    _check_texts("labels", values)
    for label, emotion in values.items():
        if emotion != "drop" and emotion not in CANONICAL:
            raise XserError(f"`labels: {label}` is {emotion!r}; it must be `drop` or one of {', '.join(CANONICAL)}")
    return {nfc(label): None if emotion == "drop" else emotion for label, emotion in values.items()}


def _counts(values, labels):
    if not isinstance(values, dict):
        return _whole("counts", "all", values)
    if set(values) != set(labels):
        differing = sorted(map(str, set(values) ^ set(labels)))
        raise XserError(f"`counts` and `labels` must name the same labels; they differ in {', '.join(differing)}")
    return {nfc(label): _whole("counts", label, count) for label, count in values.items()}


def _whole(key, name, number):
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise XserError(f"`{key}: {name}` must be a whole number, not {number!r}")
    return number


def _fault(corpus, value):
    needed = {"utterance", "what"}
    if not isinstance(value, dict) or not needed <= set(value) <= needed | {"counted", "part"}:
        raise XserError("each of `faults` needs `utterance` and `what`, and perhaps `counted: false` and `part`")
    utterance, what, counted, part = value["utterance"], value["what"], value.get("counted", True), value.get("part")
    if not isinstance(utterance, str) or not isinstance(what, str) or not isinstance(counted, bool):
        raise XserError(f"`faults: {utterance}` must have text as `utterance` and `what`, true or false as `counted`")
    if part is not None and part not in PARTS:
        raise XserError(f"`faults: {utterance}: part` must be one of {', '.join(PARTS)}, not {part!r}")
    return Fault(f"{corpus}-{nfc(utterance)}", what, counted, part or "")


def _same(corpus, names):
    if not isinstance(names, list) or len(names) < 2 or not all(isinstance(name, str) for name in names):
        raise XserError("each of `same_recording` must list two utterances or more (text)")
    return tuple(f"{corpus}-{nfc(name)}" for name in names)


def _repairs(names):
    for name in names:
        if name not in REPAIRS:
            raise XserError(f"`repairs` has {name!r}; known are {', '.join(REPAIRS)}")
    return tuple(name for name in REPAIRS if name in names)


def _scheme(name):
    if name not in SCHEMES:
        raise XserError(f"`scheme` must be one of {', '.join(SCHEMES)}, not {name!r}")
    return name


def _stratified(value):
    if value is None:
        return None
    if set(value) != set(PARTS):
        raise XserError(f"`stratified` must have {', '.join(PARTS)}")
    return {part: _whole("stratified", part, value[part]) for part in PARTS}


def _speaker_loss(value):
    if value is None:
        return {"masked": False, "why": ""}
    if set(value) != {"masked", "why"} or not isinstance(value["masked"], bool) or not isinstance(value["why"], str):
        raise XserError("`speaker_loss` must have `masked` (true or false) and `why` (text)")
    return {"masked": value["masked"], "why": " ".join(value["why"].split())}
