"""Every corpus recipe is complete by itself, says what it may be used for, and stands in the table."""

import importlib.util
import re
import shutil

import pytest
import yaml

from xser import prepare
from xser.corpora.description import corpus_ids, read_corpus
from xser.corpora.emotions import SCHEMES
from xser.errors import XserError
from xser.experiment import parse_experiment
from xser.options import CHECKOUT

RECIPES = CHECKOUT / "recipes"
CORPORA = corpus_ids(RECIPES)
MADE_UP = yaml.safe_load((CHECKOUT / "egs_data" / "counts.yaml").read_text(encoding="utf-8"))["counts"]


def readme(id):
    return (RECIPES / id / "README.md").read_text(encoding="utf-8")


def test_there_are_the_corpora_that_the_readme_of_the_recipes_promises():
    assert len(CORPORA) >= 36 and set(MADE_UP) <= set(CORPORA)


@pytest.mark.parametrize("id", CORPORA)
def test_a_recipe_lacks_nothing(id):
    """A file, a count, a licence, a citation, an example, how to get it, and options that can be checked."""
    assert sorted(path.name for path in (RECIPES / id).iterdir()) == ["README.md", "corpus.yaml", "run.sh"]
    written = yaml.safe_load((RECIPES / id / "corpus.yaml").read_text(encoding="utf-8"))
    for key in ("title", "language", "licence", "url", "citation", "obtain", "example", "labels", "counts", "speakers"):
        assert key in written, key
    corpus = read_corpus(RECIPES / id / "corpus.yaml")
    assert corpus.total > 0 and all(number > 0 for number in getattr(corpus.counts, "values", list)())
    assert re.search(r"\d{4}", corpus.citation), "the year of the citation"
    free = re.match(r"CC0|CC-BY|ODbL|MIT|Apache", corpus.licence) and " or " not in corpus.licence
    assert free or corpus.licence_note, "what a licence that is no known one, or is disputed, asks for"
    parse_experiment("check", ["--corpus", id, "--recipes", str(RECIPES)])


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
        prepare.main(["--corpus", id, "--work-dir", str(tmp_path / "exp")])
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


def test_the_tables_are_those_of_the_recipes(tool):
    tool.main(["--check"])
    text = (RECIPES / "README.md").read_text(encoding="utf-8")
    assert tool.START in text
    assert [id for id in CORPORA if f"| [{id}]({id}/README.md) |" not in text] == []


def test_a_changed_recipe_or_table_is_noticed_and_mended(tool, tmp_path):
    for id in ("emodb", "mesd"):
        shutil.copytree(RECIPES / id, tmp_path / "recipes" / id)
    (tmp_path / "recipes" / "README.md").write_text(f"Above\n\n{tool.START}\n{tool.END}\n\nBelow\n")
    (tmp_path / "README.md").write_text("No table here\n")
    arguments = ["--root", str(tmp_path)]
    with pytest.raises(XserError, match="--write"):
        tool.main([*arguments, "--check"])
    tool.main([*arguments, "--write"])
    tool.main([*arguments, "--check"])
    written = (tmp_path / "recipes" / "README.md").read_text(encoding="utf-8")
    assert written.startswith("Above\n\n<!--") and written.endswith("-->\n\nBelow\n")
    assert (
        "| EMO-DB | German | 10 | 535 | angry, happy, neutral, sad, fear, disgust, boredom | CC0-1.0 or CC-BY (publ"
        in written
    )
    assert "| MESD | Spanish | unknown | 862 |" in written
    assert (tmp_path / "README.md").read_text() == "No table here\n"
    path = tmp_path / "recipes" / "emodb" / "corpus.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("speakers: 10", "speakers: 11"), encoding="utf-8")
    with pytest.raises(XserError, match="--write"):
        tool.main([*arguments, "--check"])


def test_links_of_the_top_readme_lead_into_the_recipes(tool):
    rows = tool.table(RECIPES, CHECKOUT)
    assert "| [emodb](recipes/emodb/README.md) |" in rows
