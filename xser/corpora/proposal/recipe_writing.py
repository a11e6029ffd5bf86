"""The files of a new recipe, as text: corpus.yaml, run.sh, README.md, and a test."""

import collections

import yaml

from xser.corpora.description.languages import language_name

TO_DO = "TO DO"  # what nobody can guess; tests of recipes refuse it
RUN_SH = """#!/usr/bin/env bash
# Train and evaluate within this corpus, described by corpus.yaml; --help lists the stages and options.
exec bash "$(dirname -- "$(readlink -f -- "$0")")/../run_stages.sh" --corpus {id} "$@"
"""


def corpus_yaml(title, language, proposal, counts, speakers):
    """Write a corpus.yaml with a comment wherever something is to be checked.

    Parameters
    ----------
    title : str
    language : str
        ISO 639-3 code.
    proposal : Proposal
    counts : dict of str to int
        Native label -> recordings found.
    speakers : int
        0 where nobody knows.

    Returns
    -------
    str
    """
    checks = collections.defaultdict(list)
    for key, what in proposal.unsure:
        checks[key].append(what)
    lines = [
        "# Proposed by tools/new_recipe.sh from the files that were found. What is marked `check` is a guess.",
        f"title: {_text(title)}",
        f"language: {language}",
        f"licence: {_text(f'{TO_DO}: the licence, as its publisher calls it')}",
        f"url: {_text(f'{TO_DO}: where the corpus is published')}",
        f"citation: {_text(f'{TO_DO}: authors, title, where and when it appeared')}",
        f"obtain: {_text(f'{TO_DO}: how somebody else gets it')}",
        "",
        *_comments(checks["files"]),
        f"example: {_text(proposal.example)}",
        "files:",
        *(f"  - {_quoted(pattern)}" for pattern in proposal.files),
        *_tables(proposal.tables, checks["tables"]),
        *_columns(proposal.columns, checks["columns"]),
        "",
        "labels:",
    ]
    for label, emotion in proposal.labels.items():
        said = " ".join(checks[f"labels: {label}"])
        lines.append(f"  {_text(label)}: {emotion}" + (f" # check: {said}" if said else ""))
    lines += ["counts: # as found; better the official numbers, so that an incomplete copy is noticed"]
    lines += [f"  {_text(label)}: {counts[label]}" for label in proposal.labels]
    lines += [*_comments(checks["speakers"]), f"speakers: {speakers}"]
    if proposal.repeated_files:
        lines += [*_comments(checks["repeated_files"]), "repeated_files: true"]
    if proposal.scheme != "four":
        lines.append(f"scheme: {proposal.scheme} # it does not have all of angry, happy, neutral and sad")
    return "\n".join(lines) + "\n"


def _comments(checks):
    return [f"# check: {what}" for what in checks]


def _tables(tables, checks):
    if not tables:
        return []
    lines = [*_comments(checks), "tables:"]
    for table in tables:
        lines.append(f"  - files: [{', '.join(_quoted(name) for name in table['files'])}]")
        for key in ("delimiter", "rows"):
            if key in table:
                said = '"\\t"' if table[key] == "\t" else _quoted(table[key])
                lines.append(f"    {key}: {said}")
        if "columns" in table:
            pairs = (f"{field}: {_text(heading)}" for field, heading in table["columns"].items())
            lines.append(f"    columns: {{{', '.join(pairs)}}}")
        lines.append(f"    join: [{', '.join(table['join'])}]")
    return lines


def _columns(columns, checks):
    if not columns:
        return []
    lines = [*_comments(checks), "columns:"]
    for name, column in columns.items():
        if isinstance(column, str):
            lines.append(f"  {name}: {_quoted(column)}")
        else:
            pairs = (f"{_quoted(expression)}: {_quoted(value)}" for expression, value in column["map"].items())
            lines += [f"  {name}:", f"    from: {_quoted(column['from'])}", f"    map: {{{', '.join(pairs)}}}"]
    return lines


def _quoted(text):
    return "'" + text.replace("'", "''") + "'"


def _text(text):
    """Write text plainly where YAML reads it as it is, in flow and block alike."""
    try:
        if text and yaml.safe_load(f"[{text}]") == [text] and yaml.safe_load(f"{text}: 1") == {text: 1}:
            return text
    except (yaml.YAMLError, TypeError):
        pass
    return _quoted(text)


def readme(id, corpus, proposal, counts):
    """Write the README of a new recipe.

    Parameters
    ----------
    id : str
    corpus : Corpus
    proposal : Proposal
    counts : dict of str to int

    Returns
    -------
    str
    """
    labels = ", ".join(f"{label} {emotion} {counts[label]}" for label, emotion in corpus.labels.items() if emotion)
    dropped = ", ".join(f"{label} {counts[label]}" for label, emotion in corpus.labels.items() if not emotion)
    language, total = language_name(corpus.language), sum(counts.values())
    checks = (
        "\n".join(f"- `{key}`: {what}" for key, what in proposal.unsure) or "- nothing but the TO DO of corpus.yaml"
    )
    return f"""# {corpus.title} ({language})

{TO_DO}: who speaks, what is said, how it was recorded. {total} recordings.

- **Licence.** {TO_DO}.
- **Get it.** {TO_DO}. The recordings are called like `{corpus.example}`.

```bash
bash recipes/{id}/run.sh --data-root ~/corpora            # the recordings somewhere below ~/corpora/{id}
```

- **Native labels**: {labels}.{f" Dropped: {dropped}." if dropped else ""}
- **Splits.** {_splits(corpus.speakers)}
- **Known faults.** {TO_DO}: none were looked for.

To check, of what was guessed from the names (then delete this list):

{checks}

```bibtex
@misc{{{id},
  title = {{{TO_DO}}}
}}
```
"""


def _splits(speakers):
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


def recipe_test(id, rows, table):
    """Write a test: names of the corpus, one of each label and speaker or so, are read as they were when it was made.

    Parameters
    ----------
    id : str
    rows : list of (str, str, str)
        Path, native label and speaker.
    table : (str, str) or None
        Name and text of a table that says the labels of these.

    Returns
    -------
    str
    """
    listed = "\n".join(f"    {row!r}," for row in rows)
    return f'''"""Names of the corpus {id} are read as they were when its recipe was made."""

from tests.official_lists import lay_out
from xser.corpora.description.corpus import read_corpus
from xser.corpora.scanning import scan

# A path, its native label and its speaker.
ROWS = [
{listed}
]
TABLE = {table!r}


def test_names_are_read_as_they_were(recipes, tmp_path):
    folder = lay_out(tmp_path / "data", [path for path, _, _ in ROWS])
    if TABLE:
        name, text = TABLE
        (folder / name).write_text(text, encoding="utf-8")
    rows = scan(read_corpus(recipes / "{id}" / "corpus.yaml"), folder, allow_incomplete=True).rows
    found = zip(rows["source"], rows["native_label"], rows["speaker"], strict=True)
    assert sorted(found) == sorted(ROWS)
'''
