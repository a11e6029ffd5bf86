"""The files of a new recipe, as text: corpus.yaml, run.sh, README.md, and a test."""

import collections
import filecmp
import re
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from xser.core.errors import XserError
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.emotions import SCHEMES
from xser.corpora.description.file_patterns import Column, split_fields
from xser.corpora.description.languages import language_name
from xser.corpora.folders import File, real_path
from xser.corpora.proposal import Layout, is_gender
from xser.corpora.tables.words import gender_of, part_of

TO_DO = "TO DO"  # what only a person knows; the tests of recipes refuse it
RUN_SH = """#!/usr/bin/env bash
# Train and evaluate within this corpus, described by corpus.yaml; --help lists the stages and options.
exec bash "$(dirname -- "$(readlink -f -- "$0")")/../../tools/xser.sh" run {id} "$@"
"""


def corpus_entries(folder: Path, layout: Layout, labels: dict[str, str]) -> dict[str, Any]:
    """The keys of a corpus.yaml that a layout and the meanings of its labels decide.

    Raises
    ------
    XserError
        When two different recordings would be one utterance, and when there are not two emotions.
    """
    known = sorted({emotion for emotion in labels.values() if emotion not in ("", "drop", "other")})
    if len(known) < 2:
        raise XserError(_too_few(labels, known))
    template, repeated = _utterance(folder, layout)
    columns = _columns(layout) | ({"utterance": template} if template else {})
    entries = {
        "example": layout.matched[0][0].path,
        "files": list(layout.patterns),
        "tables": [layout.table] if layout.table else [],
        "columns": columns,
        "repeated_files": repeated,
        "scheme": _scheme(known),
        "labels": {label: emotion or "other" for label, emotion in labels.items()},
    }
    return {key: value for key, value in entries.items() if value and value != "four"}


def _too_few(labels: dict[str, str], known: list[str]) -> str:
    unknown = [label for label, emotion in labels.items() if not emotion]
    words = ", ".join(list(labels)[:12])
    there = f"of the labels {words} only {known[0]} is known" if known else f"the labels {words} are no known words"
    remedy = f"say what they mean, --labels {unknown[0]}=angry,..." if unknown else "give --from the folder above"
    return f"{there}, and telling emotions apart needs two: {remedy}"


def _columns(layout: Layout) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    genders = sorted(set(layout.values("gender")))
    if any(gender_of(value) != value for value in genders):
        mapped = {re.escape(value): gender_of(value) if is_gender(value) else "" for value in genders}
        columns["gender"] = {"from": "{gender}", "map": {**mapped, ".*": ""}}
    for field in ("part", "official_part"):
        values = sorted(set(layout.values(field)))
        if values:
            mapped = {re.escape(value): part_of(value) or "" for value in values}
            columns["official_part"] = {"from": f"{{{field}}}", "map": {**mapped, ".*": ""}}
    return columns


def _utterance(folder: Path, layout: Layout) -> tuple[str, bool]:
    """The template of utterances where names repeat in several folders, and whether the same file lies twice."""
    folders: list[str] = []
    for pattern in layout.patterns:
        level: list[str] = []
        for field, text in split_fields(pattern):
            if field is not None:
                level.append(field)
            elif "/" in text:
                folders, level = folders + level, []
    for template in ("{stem}", "_".join(f"{{{field}}}" for field in (*dict.fromkeys(folders), "stem"))):
        same = collections.defaultdict(list)
        for file, fields in layout.matched:
            same[Column(template).value(fields)].append(file)
        different = [files for files in same.values() if not all(_are_copies(folder, files[0], it) for it in files[1:])]
        if not different:
            return "" if template == "{stem}" else template, len(same) < len(layout.matched)
    one, two = different[0][:2]
    raise XserError(f"{one.path} and {two.path} would be one utterance: let --pattern name the folders, {{folder}}/...")


def _are_copies(folder: Path, file: File, other: File) -> bool:
    one, two = real_path(folder, file.source), real_path(folder, other.source)
    return 0 < one.stat().st_size == two.stat().st_size and filecmp.cmp(one, two, shallow=False)


def _scheme(emotions: list[str]) -> str:
    """The scheme of which the corpus has most classes; the usual four where there are all."""
    fits = {}
    for name, scheme in SCHEMES.items():
        classes = {scheme.emotion_of(emotion) for emotion in emotions} - {None}
        fits[name] = (len(classes), classes == set(scheme.emotions))
    return "four" if fits["four"][1] else max(fits, key=lambda name: fits[name])


def corpus_yaml(
    title: str,
    language: str,
    entries: dict[str, Any],
    counts: dict[str, int],
    speakers: int,
    checks: list[tuple[str, str]],
) -> str:
    """Write a corpus.yaml.

    Parameters
    ----------
    title
        Of the corpus.
    language
        ISO 639-3 code.
    entries
        Of `corpus_entries`.
    counts
        Native label -> recordings found.
    speakers
        0 where nobody knows.
    checks
        Of `xser.corpora.proposal.checks`: comments at their keys.
    """
    to_do = {
        "licence": f"{TO_DO}: the licence, as its publisher calls it",
        "url": f"{TO_DO}: where the corpus is published",
        "citation": f"{TO_DO}: authors, title, where and when it appeared",
        "obtain": f"{TO_DO}: how somebody else gets it",
    }
    blocks = [
        {"title": title, "language": language} | to_do,
        {key: value for key, value in entries.items() if key != "labels"},
        {"labels": entries["labels"]},
        {"counts": counts},
        {"speakers": speakers},
    ]
    comments = {"counts": ["as found; better the official numbers, so that an incomplete copy is noticed"]}
    for key, what in checks:
        comments.setdefault(key, []).append(f"check: {what}")
    lines = ["# yaml-language-server: $schema=../schemas/corpus.json"]
    lines += ["# Written by `xser new-recipe` from the files that were found; look at what is marked `check`."]
    for block in blocks:
        for key, value in block.items():
            lines += [f"# {comment}" for comment in comments.pop(key, [])]
            lines.append(_dump({key: value}))
        lines += [""] if block is blocks[0] or block is blocks[1] else []
    lines += [f"# {comment}" for rest in comments.values() for comment in rest]
    return "\n".join(lines) + "\n"


def _dump(content: dict[str, Any]) -> str:
    """Write one key as YAML: what is deep in one line, what is flat in several."""
    deep = None if next(iter(content)) in ("tables", "columns", "counts") else False
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, default_flow_style=deep, width=10**6).rstrip()


def readme(corpus: Corpus, counts: dict[str, int], checks: list[tuple[str, str]]) -> str:
    """Write the README of a new recipe."""
    labels = ", ".join(f"{label} {emotion} {counts[label]}" for label, emotion in corpus.labels.items() if emotion)
    dropped = ", ".join(f"{label} {counts[label]}" for label, emotion in corpus.labels.items() if not emotion)
    to_check = "\n".join(f"- `{key}`: {what}" for key, what in checks) or f"- nothing but the {TO_DO} of corpus.yaml"
    return f"""# {corpus.title} ({language_name(corpus.language)})

{TO_DO}: who speaks, what is said, how it was recorded. {sum(counts.values())} recordings.

- **Licence.** {TO_DO}.
- **Get it.** {TO_DO}. The recordings are called like `{corpus.example}`.

```bash
xser run {corpus.id} --data-root ~/corpora            # the recordings somewhere below ~/corpora/{corpus.id}
```

- **Native labels**: {labels}.{f" Dropped: {dropped}." if dropped else ""}
- **Splits.** {_splits(corpus.speakers)}
- **Known faults.** {TO_DO}: none were looked for.

To check (then delete this list):

{to_check}

```bibtex
@misc{{{corpus.id},
  title = {{{TO_DO}}}
}}
```
"""


def _splits(speakers: int) -> str:
    if speakers == 0:
        return (
            "Who speaks is not known, so a figure from `--split stratified`, the only split, may be of voices "
            "that were heard in training. Use the corpus as a source, or as a target."
        )
    if speakers < 3:
        return (
            "`speaker` needs three speakers: `--split stratified` shares them between its parts. Use the corpus as a "
            "source, or as a target."
        )
    return f"`speaker`, `folds:K` and `loso` share none of the {speakers} speakers."


def recipe_test(id: str, rows: pd.DataFrame, with_table: bool) -> str:
    """Write a test: a few names of the corpus are read as they were when the recipe was made.

    Parameters
    ----------
    id
        The recipe's name.
    rows
        Of a scan.
    with_table
        A table says the labels: names are only asked which utterance they are.
    """
    chosen = rows.groupby("native_label", sort=True).head(2)
    columns = ["source", "utterance"] if with_table else ["source", "native_label", "speaker"]
    listed = "\n".join(f"    {row!r}," for row in chosen[columns].itertuples(index=False, name=None))
    what, module, body = _TEST_OF_TABLE if with_table else _TEST_OF_NAMES
    return f'''"""Names of the corpus {id} are read as they were when its recipe was made."""

from pathlib import Path

from xser.corpora.description.corpus import read_corpus
from xser.corpora.scanning import {module}

RECIPE = Path(__file__).parents[2] / "recipes" / "{id}"
ROWS = [  # {what}
{listed}
]


{body}'''


_TEST_OF_NAMES = (
    "path, native label, speaker",
    "scan",
    """def test_names_are_read_as_they_were(tmp_path):
    for path, _, _ in ROWS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    rows = scan(read_corpus(RECIPE / "corpus.yaml"), tmp_path, allow_incomplete=True).rows
    found = zip(rows["source"], rows["native_label"], rows["speaker"], strict=True)
    assert sorted(found) == sorted(ROWS)
""",
)
_TEST_OF_TABLE = (
    "path, utterance",
    "utterance_at",
    """def test_names_are_read_as_they_were():
    corpus = read_corpus(RECIPE / "corpus.yaml")
    assert [(path, utterance_at(corpus, path)) for path, _ in ROWS] == ROWS
""",
)
