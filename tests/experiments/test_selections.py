"""What a user's words mean, and which tasks are none."""

import shutil

import pytest

from xser.core.errors import XserError
from xser.experiments.catalogue import Catalogue
from xser.experiments.selections import resolve_selections
from xser.protocol.tasks import Selection, Task


@pytest.fixture
def data_root(tmp_path):
    for corpus in ("emodb", "esd", "cremad", "ravdess"):
        (tmp_path / corpus).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["emodb", "cafe"], ["emodb", "cafe"]),
        (["esd"], ["esd"]),
        (["esd:cmn"], ["esd:cmn"]),
        (["esd:Mandarin"], ["esd:cmn"]),
        (["esd:ENG", "esd:cmn"], ["esd:eng", "esd:cmn"]),
        (["emodb:deu"], ["emodb"]),
        (["cmn"], ["esd:cmn"]),
        (["German"], ["emodb"]),
        (["english"], ["cremad", "esd:eng", "ravdess"]),
        (["german", "cmn"], ["emodb", "esd:cmn"]),
    ],
)
def test_words_are_corpora_and_languages(words, meant, recipes, data_root):
    assert [str(selection) for selection in resolve_selections(words, Catalogue([recipes]), data_root)] == meant


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["elvish"], "'elvish' is neither a corpus nor a language; corpora: .*emodb.*urdu; languages: .*deu"),
        (["elvish:deu"], "'elvish' is neither"),
        (["emodb:eng"], "emodb is in German .deu., not in 'eng'"),
        (["esd:elvish"], "esd is in Mandarin .cmn. and English .eng., not in 'elvish'"),
        (["esd:"], "esd is in"),
        (["french"], "no corpus of French .fra. lies in .*: put cafe or oreau there"),
        (["jpn"], "no corpus of Japanese .jpn. lies in .*: put jvnv there"),
        (["emodb", "emodb"], "a second time"),
        (["emodb", "german"], "a second time"),
        (["esd:cmn", "mandarin"], "a second time"),
    ],
)
def test_words_that_mean_nothing_are_told(words, said, recipes, data_root):
    with pytest.raises(XserError, match=said) as caught:
        resolve_selections(words, Catalogue([recipes]), data_root)
    assert "\n" not in str(caught.value)


def test_a_language_without_a_recipe(recipes, data_root, tmp_path):
    shutil.copytree(recipes / "emodb", tmp_path / "recipes" / "emodb")
    shutil.copytree(recipes / "hparams", tmp_path / "recipes" / "hparams")
    with pytest.raises(XserError, match="no corpus of Japanese .jpn.*there are recipes for deu .German."):
        resolve_selections(["jpn"], Catalogue([tmp_path / "recipes"]), data_root)


def task(sources, target, recipes, data_root):
    catalogue = Catalogue([recipes])
    sources = resolve_selections(sources, catalogue, data_root)
    return Task(tuple(sources), resolve_selections([target], catalogue, data_root)[0])


@pytest.mark.parametrize(
    ("sources", "target"),
    [
        (["emodb", "urdu"], "cremad"),
        (["esd:cmn", "emodb"], "cremad"),
        (["esd:cmn"], "esd:eng"),
        (["cremad", "ravdess"], "emodb"),
    ],
)
def test_an_unseen_target(sources, target, recipes, data_root):
    task(sources, target, recipes, data_root).check()


@pytest.mark.parametrize(
    ("sources", "target", "remedy"),
    [
        (["emodb", "esd"], "cremad", "take esd:cmn among --sources instead of esd"),
        (["cremad"], "ravdess", "leave cremad out of --sources"),
        (["emodb", "cafe"], "emodb", "leave emodb out of --sources"),
        (["esd:cmn"], "esd", "take esd:eng as --target"),
        (["esd:cmn"], "esd:cmn", "leave esd:cmn out of --sources"),
        (["english"], "esd", "take esd:cmn as --target"),
    ],
)
def test_a_seen_target_is_refused_with_a_remedy(sources, target, remedy, recipes, data_root):
    with pytest.raises(XserError, match=f"never seen: {remedy}"):
        task(sources, target, recipes, data_root).check()


def test_a_target_in_the_macrolanguage_of_a_source_is_seen(recipes, data_root, tmp_path):
    own = tmp_path / "recipes"
    for id, name in (("casia", "casia"), ("casia", "other"), ("emodb", "emodb")):
        shutil.copytree(recipes / id, own / name)
    shutil.copytree(recipes / "hparams", own / "hparams")
    path = own / "other" / "corpus.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("language: cmn", "language: zho"), encoding="utf-8")
    for source, target in (("casia", "other"), ("other", "casia")):
        with pytest.raises(XserError, match=f"never seen: leave {source} out of --sources"):
            task([source], target, own, data_root).check()
    task(["emodb"], "other", own, data_root).check()


def test_a_remedy_works(recipes, data_root):
    task(["emodb", "esd:cmn"], "cremad", recipes, data_root).check()
    task(["esd:cmn"], "esd:eng", recipes, data_root).check()


@pytest.mark.parametrize("sources", [["esd", "esd:cmn"], ["esd:cmn", "esd"]])
def test_a_corpus_twice_is_refused(sources, recipes, data_root):
    with pytest.raises(XserError, match="names esd twice"):
        task(sources, "emodb", recipes, data_root).check()


def test_names_are_fit_for_files(recipes):
    esd, urdu = (Catalogue([recipes]).corpus(name) for name in ("esd", "urdu"))
    task = Task((Selection(esd, "cmn"), Selection(urdu)), Selection(esd, "eng"))
    assert task.name == "esd-cmn+urdu-to-esd-eng"
    assert Task((Selection(esd, "cmn"),)).name == "esd-cmn"
    assert Task((Selection(esd, "cmn"),), Selection(urdu), "cn-ur").name == "cn-ur"


def test_a_user_s_recipe_comes_before_that_of_xser(recipes, tmp_path):
    shutil.copytree(recipes / "emodb", tmp_path / "emodb")
    yaml = tmp_path / "emodb" / "corpus.yaml"
    yaml.write_text(yaml.read_text(encoding="utf-8").replace("title: EMO-DB", "title: Mine"), encoding="utf-8")
    catalogue = Catalogue([tmp_path, recipes])
    assert (catalogue.corpus("emodb").title, catalogue.corpus("cafe").title) == ("Mine", "CaFE")
    with pytest.raises(XserError, match="holds no recipes"):
        Catalogue([tmp_path / "nowhere", recipes])
