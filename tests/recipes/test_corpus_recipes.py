"""Every corpus recipe is complete by itself, says what it may be used for, and stands in the table."""

import importlib.util
import re
import shutil

import pytest
import yaml

from tests.support import CHECKOUT, stages
from tests.support.made_rows import evenly, rows_of
from tests.support.recipe_checks import KEYS, what_a_recipe_lacks, what_is_left_to_do
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


def test_the_recipes_lack_nothing():
    lacking = {id: what_a_recipe_lacks(RECIPES, id) + what_is_left_to_do(RECIPES, id) for id in CORPORA}
    assert {id: lacks for id, lacks in lacking.items() if lacks} == {}


@pytest.fixture
def copied(tmp_path):
    """Return the recipes folder of a copy of the checkout that has one corpus."""
    (tmp_path / "recipes").mkdir()
    for name in ("hparams", "emodb"):
        shutil.copytree(RECIPES / name, tmp_path / "recipes" / name)
    return tmp_path / "recipes"


def test_the_copy_of_a_recipe_lacks_nothing(copied):
    assert what_a_recipe_lacks(copied, "emodb") == []


def test_a_recipe_without_a_file_is_noticed(copied):
    for name in ("README.md", "run.sh", "corpus.yaml"):
        (copied / "emodb" / name).unlink()
        assert name in what_a_recipe_lacks(copied, "emodb")


def test_a_file_too_many_is_noticed(copied):
    (copied / "emodb" / "train.py").write_text("")
    assert what_a_recipe_lacks(copied, "emodb") == ["a reason for train.py"]


def test_a_recipe_without_a_key_is_noticed(copied):
    path = copied / "emodb" / "corpus.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key in KEYS:
        without = {name: value for name, value in content.items() if name != key}
        path.write_text(yaml.safe_dump(without, allow_unicode=True), encoding="utf-8")
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
        ({"scheme": "arousal"}, "scheme"),
    ],
)
def test_an_empty_value_is_noticed(copied, change, lacking):
    path = copied / "emodb" / "corpus.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) | change
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    found = what_a_recipe_lacks(copied, "emodb")
    assert found and lacking in found[0]


def test_another_run_sh_is_noticed(copied):
    path = copied / "emodb" / "run.sh"
    path.write_text(path.read_text().replace("run emodb", "run cafe"))
    assert what_a_recipe_lacks(copied, "emodb") == ["a run.sh like that of the others"]


def test_a_run_sh_that_cannot_be_executed_is_noticed(copied):
    (copied / "emodb" / "run.sh").chmod(0o644)
    assert what_a_recipe_lacks(copied, "emodb") == ["a run.sh that can be executed"]


def test_the_pages_of_the_recipes_agree_with_their_corpus_yaml():
    """Labels and counts stand on the page; --download and --split stratified where the corpus has them to offer."""
    wrong = []
    for id in CORPORA:
        text, corpus = readme(id), read_corpus(RECIPES / id / "corpus.yaml")
        numbers = [] if isinstance(corpus.counts, int) else corpus.counts.values()
        labels = [label for label, emotion in corpus.labels.items() if emotion]
        wrong += [(id, word) for word in [*labels, *numbers] if not re.search(rf"\b{re.escape(str(word))}\b", text)]
        wrong += [(id, "--download")] if ("`--download`" in text) != bool(corpus.download) else []
        wrong += [(id, "--split stratified")] if corpus.speakers < 3 and "--split stratified" not in text else []
    assert wrong == []


def utterances_of(corpus):
    """Rows as of stage 1 of as many utterances of each label, and speakers, as corpus.yaml says."""
    counts = corpus.counts
    if isinstance(counts, int):
        counts = dict.fromkeys(corpus.labels, counts // len(corpus.labels))
    dealt = evenly(counts, corpus.speakers) if corpus.speakers else {"": counts}
    rows = rows_of(dealt, corpus.id, corpus.language)
    return map_emotions(rows.drop(columns="emotion"), corpus, SCHEMES[corpus.scheme])


def test_every_corpus_of_three_speakers_or_more_is_split_by_speaker():
    for id in CORPORA:
        corpus = read_corpus(RECIPES / id / "corpus.yaml")
        if corpus.speakers > 2:
            assert len(split_rows(utterances_of(corpus), "speaker", 0, corpus)) == 1, id


@pytest.mark.parametrize("id", [id for id in CORPORA if read_corpus(RECIPES / id / "corpus.yaml").speakers < 3])
def test_a_corpus_of_fewer_speakers_names_a_split_that_works_and_what_it_is_worth(id):
    corpus = read_corpus(RECIPES / id / "corpus.yaml")
    rows = utterances_of(corpus)
    with pytest.raises(XserError) as error:
        split_rows(rows, "speaker", 0, corpus)
    said = str(error.value)
    assert "\n" not in said and "use it as a source" in said
    for name in re.search(r"choose --split ([a-z]+(?: or [a-z]+)*)", said)[1].split(" or "):
        for parts in split_rows(rows, name, 0, corpus):
            assert set(parts) == set(PARTS)
            assert (rows["emotion"].groupby(parts).nunique() == rows["emotion"].nunique()).all()
    assert ("loso" in said) == (corpus.speakers == 2)


def test_a_bare_run_without_a_made_up_corpus_asks_for_the_recordings(tmp_path):
    id = min(set(CORPORA) - set(MADE_UP))
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
    assert "| EMO-DB | German | 10 | 535 | angry, happy, neutral, sad, fear, disgust, boredom | CC0-1.0 or" in written
    assert "| MESD | Spanish | unknown | 862 |" in written
    path = tmp_path / "recipes" / "emodb" / "corpus.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("speakers: 10", "speakers: 11"), encoding="utf-8")
    with pytest.raises(XserError, match="--write"):
        tool.main([*arguments, "--check"])
