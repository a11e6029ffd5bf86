"""Every corpus recipe is complete by itself, says what it may be used for, and stands in the table."""

import importlib.util
import os
import re
import shutil

import pytest
import yaml

from tests.support import CHECKOUT, stages
from tests.support.made_rows import evenly, rows_of
from xser.core.errors import XserError
from xser.core.rows import PARTS
from xser.corpora.description.corpus import corpus_ids, read_corpus
from xser.corpora.description.emotions import SCHEMES
from xser.experiments.manifests import map_emotions
from xser.protocol.splits.splits import split_rows

RECIPES = CHECKOUT / "recipes"
CORPORA = corpus_ids(RECIPES)
MADE_UP = yaml.safe_load((CHECKOUT / "egs_data" / "counts.yaml").read_text(encoding="utf-8"))["counts"]


def readme(id):
    return (RECIPES / id / "README.md").read_text(encoding="utf-8")


def test_there_are_the_corpora_that_the_readme_of_the_recipes_promises():
    assert len(CORPORA) >= 36 and set(MADE_UP) <= set(CORPORA)


KEYS = ("title", "language", "licence", "url", "citation", "obtain", "example", "labels", "counts", "speakers")


def what_a_recipe_lacks(recipes, id):
    """Say what a recipe lacks: a file, a count, a licence, a citation, an example, how to get it, options that run."""
    folder = recipes / id
    files = sorted(path.name for path in folder.iterdir())
    lacking = [name for name in ("README.md", "corpus.yaml", "run.sh") if name not in files]
    lacking += [f"a reason for {name}" for name in files if name not in ("README.md", "corpus.yaml", "run.sh")]
    if "corpus.yaml" in lacking:
        return lacking
    written = yaml.safe_load((folder / "corpus.yaml").read_text(encoding="utf-8"))
    lacking += [key for key in KEYS if key not in written]
    try:
        corpus = read_corpus(folder / "corpus.yaml")
    except XserError as error:
        return [*lacking, str(error)]
    if isinstance(corpus.counts, dict):
        lacking += [f"counts of {label}" for label in corpus.labels if corpus.counts.get(label, 0) <= 0]
    elif corpus.counts <= 0:
        lacking.append("counts")
    lacking += [] if re.search(r"\d{4}", corpus.citation) else ["the year of the citation"]
    free = re.match(r"CC0|CC-BY|ODbL|MIT|Apache", corpus.licence) and " or " not in corpus.licence
    if not (free or corpus.licence_note):
        lacking.append("licence_note: what a licence that is no known one, or is disputed, asks for")
    return lacking + ([] if "run.sh" in lacking else dry_run(recipes, folder / "run.sh"))


def dry_run(recipes, run_sh):
    """Check a recipe's options as its run.sh hands them to every stage; tests/test_shell.py runs one for all."""
    last = run_sh.read_text(encoding="utf-8").splitlines()[-1]
    command = re.fullmatch(r'exec bash "\$\(dirname .*\)/\.\./(?P<stages>\S+)" (?P<options>.*) "\$@"', last)
    if command is None or not (recipes / command["stages"]).is_file():
        return [f"a dry run: {run_sh.name} ends with {last}"]
    if command["options"] != f"--corpus {run_sh.parent.name}":
        return [f"a dry run: {run_sh.name} has {command['options']}"]
    try:
        stages.experiment_of(["--corpus", run_sh.parent.name, "--recipes", str(recipes)])
    except XserError as error:
        return [f"a dry run: {error}"]
    return [] if os.access(run_sh, os.X_OK) else ["a run.sh that can be executed"]


@pytest.mark.parametrize("id", CORPORA)
def test_a_recipe_lacks_nothing(id):
    assert what_a_recipe_lacks(RECIPES, id) == []


@pytest.fixture
def copied(tmp_path):
    """Return the recipes folder of a copy of the checkout that has one corpus."""
    (tmp_path / "recipes").mkdir()
    for name in ("hparams", "emodb"):
        shutil.copytree(RECIPES / name, tmp_path / "recipes" / name)
    shutil.copy(RECIPES / "run_stages.sh", tmp_path / "recipes")
    return tmp_path / "recipes"


def test_the_copy_of_a_recipe_lacks_nothing(copied):
    assert what_a_recipe_lacks(copied, "emodb") == []


@pytest.mark.parametrize("name", ["README.md", "corpus.yaml", "run.sh"])
def test_a_recipe_without_a_file_is_noticed(copied, name):
    (copied / "emodb" / name).unlink()
    assert name in what_a_recipe_lacks(copied, "emodb")


def test_a_file_too_many_is_noticed(copied):
    (copied / "emodb" / "train.py").write_text("")
    assert what_a_recipe_lacks(copied, "emodb") == ["a reason for train.py"]


@pytest.mark.parametrize("key", KEYS)
def test_a_recipe_without_a_key_is_noticed(copied, key):
    path = copied / "emodb" / "corpus.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    del content[key]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    assert key in what_a_recipe_lacks(copied, "emodb")


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"counts": {"W": 127, "L": 81, "E": 46, "A": 69, "F": 71, "N": 79, "T": 0}}, "counts"),
        ({"counts": {"W": 127, "L": 81, "E": 46, "A": 69, "F": 71, "N": 79}}, "counts"),
        ({"counts": 0}, "counts"),
        ({"citation": "F. Burkhardt and others"}, "the year of the citation"),
        ({"licence": "ask the authors", "licence_note": ""}, "licence_note"),
        ({"licence": ""}, "licence"),
        ({"citation": ""}, "citation"),
        ({"scheme": "five"}, "five"),
    ],
)
def test_an_empty_value_is_noticed(copied, change, lacking):
    path = copied / "emodb" / "corpus.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) | change
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    found = what_a_recipe_lacks(copied, "emodb")
    assert found and lacking in found[0]


@pytest.mark.parametrize(
    "change", [("--corpus emodb", "--corpus cafe"), ("run_stages.sh", "run_stage.sh"), ("exec", "exit 3;")]
)
def test_a_run_sh_that_does_not_run_is_noticed(copied, change):
    path = copied / "emodb" / "run.sh"
    path.write_text(path.read_text().replace(*change))
    (found,) = what_a_recipe_lacks(copied, "emodb")
    assert found.startswith("a dry run")


def test_a_run_sh_that_cannot_be_executed_is_noticed(copied):
    (copied / "emodb" / "run.sh").chmod(0o644)
    assert what_a_recipe_lacks(copied, "emodb") == ["a run.sh that can be executed"]


@pytest.mark.parametrize("id", CORPORA)
def test_nothing_is_left_to_do(id):
    """tools/new_recipe.sh leaves to people what nobody can guess."""
    for name in ("corpus.yaml", "README.md"):
        assert "TO DO" not in (RECIPES / id / name).read_text(encoding="utf-8"), f"{name}: fill in what is TO DO"


@pytest.mark.parametrize("id", CORPORA)
def test_the_readme_of_a_recipe_tells_what_a_stranger_must_know(id):
    text, corpus = readme(id), read_corpus(RECIPES / id / "corpus.yaml")
    for part in ("- **Licence.** ", "- **Get it.** ", "- **Native labels**", "**Known faults.**", "```bibtex\n@"):
        assert part in text, part
    assert "Splits.**" in text or "speaker" in text
    assert ("publishers disagree" in text) == (" or " in corpus.licence)
    labels = [label for label, emotion in corpus.labels.items() if emotion]
    missing = [label for label in labels if not re.search(rf"\b{re.escape(label)}\b", text)]
    assert missing == []
    if not isinstance(corpus.counts, int):
        assert [number for number in corpus.counts.values() if not re.search(rf"\b{number}\b", text)] == []


@pytest.mark.parametrize("id", CORPORA)
def test_a_recipe_says_that_its_corpus_can_be_downloaded_where_that_is_so(id):
    corpus = read_corpus(RECIPES / id / "corpus.yaml")
    how = re.search(r"- \*\*Get it\.\*\* ((?:.+\n)+?)(?:\n|- )", readme(id))[1]
    assert ("With `--download`" in how) == bool(corpus.download)
    asked_for = re.search(r"sign|regist|request|form\b|agreement", corpus.licence)
    assert not (asked_for and corpus.download), "what must be asked for is not fetched"


@pytest.mark.parametrize("id", CORPORA)
def test_a_corpus_whose_speakers_cannot_be_told_apart_says_what_it_may_be_used_for(id):
    corpus = read_corpus(RECIPES / id / "corpus.yaml")
    text = " ".join(readme(id).split())
    few = corpus.speakers < 3
    assert ("Use the corpus as" in text or "Use it as" in text) == few
    assert ("--split stratified" in text) or not few


def utterances_of(corpus):
    """Rows as of stage 1 of as many utterances of each label, and speakers, as corpus.yaml says."""
    counts = corpus.counts
    if isinstance(counts, int):
        counts = dict.fromkeys(corpus.labels, counts // len(corpus.labels))
    dealt = evenly(counts, corpus.speakers) if corpus.speakers else {"": counts}
    rows = rows_of(dealt, corpus.id, corpus.language)
    return map_emotions(rows.drop(columns="emotion"), corpus, SCHEMES[corpus.scheme])


@pytest.mark.parametrize("id", CORPORA)
def test_every_corpus_can_be_split_and_says_how(id):
    """By speakers from three on; else the error of the default split names a split that works and what it is worth."""
    corpus = read_corpus(RECIPES / id / "corpus.yaml")
    rows = utterances_of(corpus)
    if corpus.speakers > 2:
        assert len(split_rows(rows, "speaker", 0, corpus)) == 1
        return
    with pytest.raises(XserError) as error:
        split_rows(rows, "speaker", 0, corpus)
    said = str(error.value)
    assert "\n" not in said and "use it as a source" in said
    for name in re.search(r"choose --split ([a-z]+(?: or [a-z]+)*)", said)[1].split(" or "):
        for parts in split_rows(rows, name, 0, corpus):
            assert set(parts) == set(PARTS)
            assert (rows["emotion"].groupby(parts).nunique() == rows["emotion"].nunique()).all()
    assert ("loso" in said) == (corpus.speakers == 2)


@pytest.mark.parametrize("id", CORPORA)
def test_the_scheme_of_a_corpus_has_two_of_its_classes_or_more(id):
    corpus = read_corpus(RECIPES / id / "corpus.yaml")
    scheme = SCHEMES[corpus.scheme]
    classes = {scheme.emotion_of(emotion, id) for emotion in corpus.labels.values()} - {None}
    assert len(classes) >= 2
    assert corpus.scheme != "four" or len(classes) == 4, "a corpus without one of the four names another scheme"


@pytest.mark.parametrize("id", sorted(set(CORPORA) - set(MADE_UP)))
def test_a_bare_run_without_a_made_up_corpus_asks_for_the_recordings(id, tmp_path):
    with pytest.raises(XserError) as error:
        stages.run("prepare", ["--corpus", id, "--work-dir", str(tmp_path / "exp")])
    title = read_corpus(RECIPES / id / "corpus.yaml").title
    assert f"egs_data has no made-up {title}: give --data-root" in str(error.value)
    assert "\n" not in str(error.value) and f"{id}/README.md" in str(error.value)
    assert not (tmp_path / "exp").exists()


# The table. -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tool():
    """Return the module tools/corpus_table.py."""
    spec = importlib.util.spec_from_file_location("corpus_table", CHECKOUT / "tools" / "corpus_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_that_of_the_recipes(tool):
    tool.main(["--check"])
    text = (CHECKOUT / tool.PAGE).read_text(encoding="utf-8")
    assert [id for id in CORPORA if f"| [{id}](../recipes/{id}/README.md) |" not in text] == []


def test_a_changed_recipe_or_table_is_noticed_and_mended(tool, tmp_path):
    for id in ("emodb", "mesd"):
        shutil.copytree(RECIPES / id, tmp_path / "recipes" / id)
    page = tmp_path / tool.PAGE
    page.parent.mkdir()
    page.write_text(f"Above\n\n{tool.START}\n{tool.END}\n\nBelow\n")
    arguments = ["--root", str(tmp_path)]
    with pytest.raises(XserError, match="--write"):
        tool.main([*arguments, "--check"])
    tool.main([*arguments, "--write"])
    tool.main([*arguments, "--check"])
    written = page.read_text(encoding="utf-8")
    assert written.startswith("Above\n\n<!--") and written.endswith("-->\n\nBelow\n")
    assert (
        "| EMO-DB | German | 10 | 535 | angry, happy, neutral, sad, fear, disgust, boredom | CC0-1.0 or CC-BY (publ"
        in written
    )
    assert "| MESD | Spanish | unknown | 862 |" in written
    path = tmp_path / "recipes" / "emodb" / "corpus.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("speakers: 10", "speakers: 11"), encoding="utf-8")
    with pytest.raises(XserError, match="--write"):
        tool.main([*arguments, "--check"])
