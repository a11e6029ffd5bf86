"""Look at a folder of recordings and write a recipe for it: corpus.yaml, run.sh, README.md and a test.

What the emotion is, who speaks and how many there are is guessed from the names of files and folders, or from a table
beside them; what is unsure is printed, and marked `check` in corpus.yaml. Nothing in the folder is changed.
docs/new_language.md goes through it.
"""

import json
import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path

from xser.commands.command_line import OneLineParser, run
from xser.commands.options import PLACE
from xser.core.errors import XserError
from xser.core.files import folder_of, write_text
from xser.corpora.description.corpus import corpus_ids, read_corpus
from xser.corpora.description.emotion_words import emotion_words, place_labels
from xser.corpora.description.emotions import CANONICAL
from xser.corpora.description.file_patterns import split_fields
from xser.corpora.description.languages import is_language, language_code, language_name
from xser.corpora.folders import list_files, refuse_pointers
from xser.corpora.proposal.proposal import propose
from xser.corpora.proposal.proposed_labels import Answers
from xser.corpora.proposal.recipe_writing import RUN_SH, TO_DO, corpus_yaml, readme, recipe_test
from xser.corpora.scanning import scan

NEAR = 0.9  # of a known corpus's recordings: so many are no accident


def main(argv):
    """Propose a recipe, and write it."""
    options = _parser().parse_args(argv)
    recipes, folder = folder_of(options.recipes), folder_of(options.folder)
    _check_name(options.name, recipes)
    answers = Answers(_language(options), options.emotion, options.speaker, _labels(options.labels))
    files = _files(folder)
    _refuse_known(folder, files, recipes)
    proposal = propose(folder, files, answers)
    made = tempfile.mkdtemp(prefix=".new_recipe-", dir=None if options.dry_run else recipes.parent)
    try:
        corpus, rows = _write(Path(made) / options.name, options, answers.language, folder, proposal)
        _tell(corpus, rows, proposal, folder)
        if options.dry_run:
            print(f"\n{corpus.yaml.read_text(encoding='utf-8')}")
            return
        os.rename(Path(made) / options.name, recipes / options.name)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    tests = recipes.parent / "tests"
    if (tests / "official_lists.py").is_file():
        write_text(tests / "recipes" / f"test_{options.name}.py", _test(corpus, rows, proposal))
    _say_what_is_next(options, recipes, folder, corpus)


def _parser():
    parser = OneLineParser(prog="bash tools/new_recipe.sh", description=__doc__)
    parser.add_argument("name", help="what the recipe is called: small letters and digits, such as the corpus's name")
    parser.add_argument("--from", dest="folder", required=True, metavar="DIR", help="the folder with the recordings")
    parser.add_argument(
        "--language", metavar="L", help="ISO 639-3 code or English name (default: the recipe's name, if it is one)"
    )
    parser.add_argument("--title", metavar="T", help="what the corpus is called (default: the recipe's name)")
    part = "part of the names: 3 for the third run of letters or digits, 1-2 for two, folder1 for the file's folder"
    parser.add_argument("--emotion", metavar="PART", help=f"which {part}")
    parser.add_argument("--speaker", metavar="PART", help="the same for the speaker; none where names do not say")
    parser.add_argument("--labels", metavar="X=E,...", help="what native labels mean, such as 01=angry,02=happy")
    parser.add_argument("--dry-run", action="store_true", help="print the proposal and write nothing")
    parser.add_argument("--recipes", default=PLACE / "recipes", metavar="DIR", help="the folder of recipes")
    return parser


# What the user says. --------------------------------------------------------------------------------------------------


def _check_name(name, recipes):
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in ("hparams", "zero_shot"):
        raise XserError(f"a recipe cannot be called {name!r}: use small letters, digits and _, a letter first")
    if not (recipes / "run_stages.sh").is_file():
        raise XserError(f"{recipes} holds no recipes (run_stages.sh): give --recipes the recipes folder of a checkout")
    if (recipes / name).exists():
        raise XserError(f"{recipes / name} exists and is left as it is: choose another name, or move it away")


def _language(options):
    if options.language:
        return language_code(options.language)
    if is_language(options.name) and (len(options.name) > 3 or options.name in emotion_words()):
        return language_code(options.name)
    raise XserError(f"in which language is {options.name}? give --language, an ISO 639-3 code or an English name")


def _labels(text):
    """Read ``01=angry,02=happy``; what a label means may be a word of any language."""
    labels = {}
    for pair in filter(None, (text or "").split(",")):
        label, equals, word = (part.strip() for part in pair.partition("="))
        guess = place_labels([word]).get(word)
        if word in (*CANONICAL, "drop"):
            labels[label] = word
        elif equals and label and guess and guess.how == "word":
            labels[label] = guess.emotion
        else:
            raise XserError(f"--labels {pair}: write LABEL=EMOTION, with `drop` or one of {', '.join(CANONICAL)}")
    return labels


# The folder. ----------------------------------------------------------------------------------------------------------


def _files(folder):
    try:
        files = list_files(folder)
    except XserError as error:
        raise XserError(str(error).replace("--data-root", "--from")) from error
    refuse_pointers(folder, [file for file in files if file.is_audio])
    return files


def _refuse_known(folder, files, recipes):
    """Refuse a folder that holds a corpus which has a recipe."""
    audio = sum(file.is_audio for file in files)
    for id in corpus_ids(recipes):
        corpus = read_corpus(recipes / id / "corpus.yaml")
        matching = sum(any(pattern.match(file.path) for pattern in corpus.files) for file in files if file.is_audio)
        if matching < NEAR * min(audio, corpus.total) or audio < NEAR * corpus.total:
            continue
        try:
            found = scan(corpus, folder, allow_incomplete=True)
        except XserError:
            continue
        if found.found >= NEAR * corpus.total and found.found <= corpus.total / NEAR:
            raise XserError(
                f"{folder} looks like {corpus.title}: a recipe exists, bash recipes/{id}/run.sh --data-root '{folder}'"
            )


# The recipe. ----------------------------------------------------------------------------------------------------------


def _write(place, options, language, folder, proposal):
    """Write a recipe folder; return its corpus and the rows that it finds, which are all there are."""
    place.mkdir()
    path, title = place / "corpus.yaml", options.title or options.name.replace("_", " ").capitalize()
    counts = dict.fromkeys(proposal.labels, 1)
    _write_whole(path, corpus_yaml(title, language, proposal, counts, 0))
    rows = scan(read_corpus(path), folder, allow_incomplete=True).rows
    found = rows["native_label"].value_counts().to_dict()
    counts = {label: found.get(label, 0) for label in proposal.labels}
    speakers = len(set(rows["speaker"]) - {""})
    _write_whole(path, corpus_yaml(title, language, proposal, counts, speakers))
    corpus = read_corpus(path)
    again = scan(corpus, folder)
    proposal.found += [f"note: {note}" for note in again.notes]
    _write_whole(place / "README.md", readme(options.name, corpus, proposal, counts))
    _write_whole(place / "run.sh", RUN_SH.format(id=options.name))
    (place / "run.sh").chmod(0o755)
    return corpus, again.rows


def _write_whole(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _test(corpus, rows, proposal):
    """A test with the names of one recording of each label, and of a few speakers."""
    chosen = rows.groupby(["native_label"], sort=True).head(2)
    table = None
    if proposal.tables:
        table = _small_table(proposal.tables[0], chosen)
    listed = [tuple(row) for row in chosen[["source", "native_label", "speaker"]].itertuples(index=False)]
    return recipe_test(corpus.id, listed, table)


def _small_table(table, rows):
    """Name and text of a table that says of a few rows what the corpus's own table does, without what was said."""
    name, records = table["files"][0], rows.to_dict("records")
    headings = table.get("columns", {})
    if not headings:
        separators = {"\\t": "\t", r"\|": "|"}
        pieces = [(field, separators.get(text, text)) for field, text in split_fields(table["rows"])]
        lines = [
            "".join(text if field[:3] == "tab" else _cell(record, field) for field, text in pieces)
            for record in records
        ]
    elif "rows" in table:
        objects = [{heading: _cell(record, field) for field, heading in headings.items()} for record in records]
        lines = [json.dumps(entry, ensure_ascii=False) for entry in objects]
        if name.lower().endswith(".json"):
            return name, json.dumps(objects, ensure_ascii=False)
    else:
        delimiter = table.get("delimiter", "\t" if name.lower().endswith(".tsv") else ",")
        lines = [headings.values(), *([_cell(record, field) for field in headings] for record in records)]
        lines = [delimiter.join(line) for line in lines]
    return name, "\n".join(lines) + "\n"


def _cell(record, field):
    if field in ("stem", "recording"):
        return Path(record["source"]).stem
    if field == "speaker":
        return record["speaker"].removeprefix(f"{record['corpus']}-")
    return record["native_label"] if field == "emotion" else ""


# What is said. --------------------------------------------------------------------------------------------------------


def _tell(corpus, rows, proposal, folder):
    speakers = f"{corpus.speakers} speakers" if corpus.speakers else "unknown speakers"
    print(f"{folder}: {len(rows)} recordings, {language_name(corpus.language)}, {speakers}")
    for said in proposal.found:
        print(f"  {said}")
    counts = ", ".join(
        f"{label} {number} ({corpus.labels[label] or 'dropped'})" for label, number in corpus.counts.items()
    )
    print(f"  labels: {counts}")
    for key, what in proposal.unsure:
        print(f"  unsure, {key}: {what}")


def _say_what_is_next(options, recipes, folder, corpus):
    split = " --split stratified" if corpus.speakers < 3 else ""
    print(f"\nwrote {recipes / options.name}; look at its corpus.yaml, then")
    run_sh, data = (shlex.quote(str(path)) for path in (recipes / options.name / "run.sh", folder))
    print(f"  bash {run_sh} --data-root {data}{split} --stop-stage manifests")
    print(f"{TO_DO} in corpus.yaml and README.md is yours to fill in: the tests of recipes ask for it")


if __name__ == "__main__":
    run(main)
