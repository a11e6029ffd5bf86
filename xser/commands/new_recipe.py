"""Look at a folder of recordings and write a recipe for it: corpus.yaml, run.sh, README.md and a test.

Say how the names are built: patterns with named fields, as in --pattern '{speaker}/{emotion}_{take}.wav', or a table
beside the recordings, as in --table labels.csv --columns file=name,emotion=label,speaker=who. Fields with a meaning are
speaker, emotion, gender, age, text, transcript, intensity, take and part (train, valid, test); any other name is free.
Without these, a terminal shows what the folder looks like and asks. Nothing in the folder is changed.
docs/new_language.md goes through it.
"""

import argparse
import contextlib
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from xser.core.errors import XserError
from xser.core.files import folder_of, write_text
from xser.corpora.description.corpus import Corpus, read_corpus
from xser.corpora.description.emotion_words import emotion_words
from xser.corpora.description.emotions import CANONICAL
from xser.corpora.description.languages import is_language, language_code, language_name
from xser.corpora.folders import File, list_files, refuse_pointers
from xser.corpora.overview import look, usual_form
from xser.corpora.proposal import Layout, checks, describe, meanings, read_layout
from xser.corpora.recipe_text import RUN_SH, TO_DO, corpus_entries, corpus_yaml, readme, recipe_test
from xser.corpora.scanning import scan
from xser.corpora.tables.label_words import emotion_of_word
from xser.experiments.catalogue import DATA, PLACE, Catalogue

NEAR = 0.9  # of a known corpus's recordings: so many are no accident


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("name", help="what the recipe is called: small letters and digits, such as the corpus's name")
    parser.add_argument("--from", dest="folder", required=True, metavar="DIR", help="the folder with the recordings")
    parser.add_argument(
        "--pattern", action="append", default=[], metavar="P", help="how names are built; several: the narrowest first"
    )
    parser.add_argument("--table", metavar="FILE", help="a table in the folder, or a pattern of several")
    parser.add_argument("--columns", metavar="F=H,...", help="its columns; without headings, the pattern of its lines")
    parser.add_argument("--labels", metavar="X=E,...", help="what labels mean, such as 01=angry,02=drop")
    parser.add_argument(
        "--language", metavar="L", help="ISO 639-3 code or English name (default: the recipe's name, if it is one)"
    )
    parser.add_argument("--title", metavar="T", help="what the corpus is called (default: the recipe's name)")
    parser.add_argument("--dry-run", action="store_true", help="print the corpus.yaml and write nothing")
    parser.add_argument(
        "--recipes", metavar="DIR", help="your own folder of recipes (default: that of the checkout, or ./recipes)"
    )


def main(options: argparse.Namespace) -> None:
    """Show a folder, read it with what the user says, and write the recipe."""
    recipes, folder = folder_of(options.recipes or PLACE / "recipes"), folder_of(options.folder)
    known = Catalogue([DATA / "recipes"])
    _check_name(options.name, recipes, known)
    language = _language(options)
    given = _labels(options.labels or "", language)
    files = _files(folder)
    _refuse_known(folder, files, known)
    if not (options.pattern or options.table):
        print("\n".join(look(folder, files)), flush=True)
        layout = _ask_for_layout(folder, files)
    else:
        layout = read_layout(folder, files, options.pattern, options.table or "", options.columns or "")
        print("\n".join(describe(layout)), flush=True)
    labels = meanings(layout, language, given)
    if sys.stdin.isatty() and not all(labels.values()):
        labels |= _ask_for_meanings([label for label, emotion in labels.items() if not emotion], language)
    entries, to_check = corpus_entries(folder, layout, labels), checks(layout, labels)
    if "repeated_files" in entries:
        to_check.append(("repeated_files", "the same files lie at a second path: each is used once"))
    title = options.title or options.name.replace("_", " ").capitalize()
    with _hidden_folder(None if options.dry_run else recipes.parent) as made:
        corpus, rows = _write(made / options.name, title, language, folder, entries, to_check)
        _tell(corpus, rows, to_check)
        if options.dry_run:
            print(f"\n{corpus.yaml.read_text(encoding='utf-8')}")
            return
        in_checkout = _is_checkout(recipes)
        if in_checkout:
            _write_whole(made / options.name / "run.sh", RUN_SH.format(id=corpus.id))
            (made / options.name / "run.sh").chmod(0o755)
        recipes.mkdir(exist_ok=True)
        os.rename(made / options.name, recipes / options.name)
    if in_checkout and (recipes.parent / "tests" / "recipes").is_dir():
        test = recipe_test(corpus.id, rows, layout.table is not None)
        write_text(recipes.parent / "tests" / "recipes" / f"test_{corpus.id}.py", test)
    split = " --split stratified" if corpus.speakers < 3 else ""
    place, data = (shlex.quote(str(path)) for path in (recipes, folder))
    command = f"bash {place}/{corpus.id}/run.sh" if in_checkout else f"xser run {corpus.id} --recipes {place}"
    print(f"\nwrote {recipes / corpus.id}; look at its corpus.yaml, then")
    print(f"  {command} --data-root {data}{split} --stop-stage manifests")
    print(f"{TO_DO} in corpus.yaml and README.md is yours to fill in, before others use the recipe")


def _is_checkout(recipes: Path) -> bool:
    """Whether the folder of recipes is that of a checkout, where each has a run.sh and may have a test."""
    return (recipes.parent / "tools" / "xser.sh").is_file()


@contextlib.contextmanager
def _hidden_folder(parent: Path | None) -> Iterator[Path]:
    """Make a folder that nothing looks into, and remove it: below `parent`, or where the system keeps such folders."""
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new_recipe-", dir=parent, ignore_cleanup_errors=True) as made:
        yield Path(made)


# What the user says. --------------------------------------------------------------------------------------------------


def _check_name(name: str, recipes: Path, known: Catalogue) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in ("hparams", "zero_shot"):
        raise XserError(f"a recipe cannot be called {name!r}: use small letters, digits and _, a letter first")
    if (recipes / name).exists() or name in known.corpus_ids:
        raise XserError(f"there is a recipe {name}, and it is left as it is: choose another name, or move it away")


def _language(options: argparse.Namespace) -> str:
    if options.language:
        return language_code(options.language)
    if is_language(options.name) and (len(options.name) > 3 or options.name in emotion_words()):
        return language_code(options.name)
    raise XserError(f"in which language is {options.name}? give --language, an ISO 639-3 code or an English name")


def _labels(text: str, language: str) -> dict[str, str]:
    """Read ``01=angry,02=joy,03=drop``; what a label means may be a word of English or of the corpus's language."""
    labels = {}
    for pair in filter(None, text.split(",")):
        label, _, word = (part.strip() for part in pair.partition("="))
        emotion = word if word in (*CANONICAL, "drop") else emotion_of_word(word, [language])
        if not label or emotion is None:
            raise XserError(f"--labels {pair}: write LABEL=EMOTION, with `drop` or one of {', '.join(CANONICAL)}")
        labels[label] = emotion
    return labels


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _ask_for_layout(folder: Path, files: list[File]) -> Layout:
    """Ask on a terminal for patterns until the user takes what they match."""
    if not sys.stdin.isatty():
        raise XserError(
            f"say what the names mean: --pattern '{usual_form(files)}' with speaker, emotion and so on in place of a, "
            "b, ..., or --table FILE --columns file=...,emotion=...,speaker=..."
        )
    patterns: list[str] = []
    while True:
        pattern = _ask("pattern, with speaker, emotion ... for a, b ... (Enter: give up): ")
        if not pattern:
            raise XserError("no pattern was taken: nothing is written")
        try:
            layout = read_layout(folder, files, [*patterns, pattern])
        except XserError as error:
            sys.stderr.write(f"{error}\n")
            continue
        sys.stderr.write("\n".join(describe(layout)) + "\n")
        answer = _ask("take this? [y]es, [n]o, or [m]ore: another pattern for the rest: ").lower()[:1]
        if answer == "y":
            return layout
        patterns = [*patterns, pattern] if answer == "m" else []


def _ask_for_meanings(unknown: list[str], language: str) -> dict[str, str]:
    """Ask on a terminal what labels mean; those left out stay to do."""
    while True:
        try:
            given = _labels(_ask(f"{', '.join(unknown)}: what is meant? LABEL=EMOTION,... (Enter: later) "), language)
        except XserError as error:
            sys.stderr.write(f"{error}\n")
            continue
        if set(given) <= set(unknown):
            return given


# The folder. ----------------------------------------------------------------------------------------------------------


def _files(folder: Path) -> list[File]:
    try:
        files = list_files(folder)
    except XserError as error:
        raise XserError(str(error).replace("--data-root", "--from")) from error
    audio = [file for file in files if file.is_audio]
    if not audio:
        raise XserError(f"{folder} holds no recordings (found e.g. {files[0].source}): give --from their folder")
    refuse_pointers(folder, audio)
    return files


def _refuse_known(folder: Path, files: list[File], known: Catalogue) -> None:
    """Refuse a folder that holds a corpus which has a recipe."""
    audio = sum(file.is_audio for file in files)
    for id in known.corpus_ids:
        corpus = known.corpus(id)
        matching = sum(any(pattern.match(file.path) for pattern in corpus.files) for file in files if file.is_audio)
        if matching < NEAR * min(audio, corpus.total) or audio < NEAR * corpus.total:
            continue
        try:
            found = scan(corpus, folder, allow_incomplete=True).found
        except XserError:  # it is not this corpus
            continue
        if NEAR * corpus.total <= found <= corpus.total / NEAR:
            raise XserError(
                f"{folder} looks like {corpus.title}: there is a recipe, xser run {id} --data-root '{folder}'"
            )


# The recipe. ----------------------------------------------------------------------------------------------------------


def _write(
    place: Path,
    title: str,
    language: str,
    folder: Path,
    entries: dict[str, Any],
    to_check: list[tuple[str, str]],
) -> tuple[Corpus, pd.DataFrame]:
    """Write a recipe folder; return its corpus and the rows that it finds, which are all there are."""
    place.mkdir()
    path, counts = place / "corpus.yaml", dict.fromkeys(entries["labels"], 1)
    _write_whole(path, corpus_yaml(title, language, entries, counts, 0, to_check))
    rows = scan(read_corpus(path), folder, allow_incomplete=True).rows
    counts |= rows["native_label"].value_counts().to_dict()
    speakers = len(set(rows["speaker"]) - {""})
    _write_whole(path, corpus_yaml(title, language, entries, counts, speakers, to_check))
    corpus = read_corpus(path)
    rows = scan(corpus, folder).rows
    _write_whole(place / "README.md", readme(corpus, counts, to_check))
    return corpus, rows


def _write_whole(path: Path, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _tell(corpus: Corpus, rows: pd.DataFrame, to_check: list[tuple[str, str]]) -> None:
    speakers = f"{corpus.speakers} speakers" if corpus.speakers else "unknown speakers"
    print(f"{len(rows)} utterances, {language_name(corpus.language)}, {speakers}")
    counts = rows["native_label"].value_counts()
    meant = ", ".join(f"{label} {counts[label]} ({emotion or 'dropped'})" for label, emotion in corpus.labels.items())
    print(f"labels: {meant}")
    for key, what in to_check:
        print(f"check, {key}: {what}")
