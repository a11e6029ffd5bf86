"""Emotions, schemes and languages."""

import pytest

from xser.core.errors import XserError
from xser.corpora.description.emotions import CANONICAL, EMOTIONS, SCHEMES, load_scheme
from xser.corpora.description.languages import language_code, language_name, same_language


def test_schemes_are_those_of_the_documentation():
    four = ("angry", "happy", "neutral", "sad")
    assert {name: scheme.emotions for name, scheme in SCHEMES.items()} == {
        "four": four,
        "four_calm": four,
        "four_excited": four,
        "six": (*four, "fear", "disgust"),
        "arousal": ("low", "high"),
    }
    assert len(EMOTIONS) == len(set(EMOTIONS)) == 27


@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_maps_every_canonical_emotion_to_a_class_or_to_none(name):
    scheme = SCHEMES[name]
    merged = {"four_calm": {"calm": "neutral"}, "four_excited": {"excited": "happy"}}.get(name, {})
    for emotion in CANONICAL:
        expected = emotion if emotion in scheme.emotions else merged.get(emotion)
        assert scheme.emotion_of(emotion) == expected
    assert scheme.emotion_of(None) is None


def test_unknown_scheme_lists_the_known():
    with pytest.raises(XserError, match="'five'.*four_calm.*six"):
        load_scheme("five")


def test_a_scheme_of_ones_own(tmp_path):
    path = tmp_path / "valence.yaml"
    path.write_text("emotions: [positive, negative]\nmerges: {happy: positive, sad: negative, angry: negative}\n")
    scheme = load_scheme(path)
    assert (scheme.name, scheme.emotions) == ("valence", ("positive", "negative"))
    assert [scheme.emotion_of(e) for e in ("happy", "angry", "neutral")] == ["positive", "negative", None]
    assert load_scheme(str(path)) == scheme


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("emotions: [happy]", "`emotions` needs 2 or more"),
        ("emotions: [happy, happy]", "names a class twice"),
        ("emotions: [happy, glad]", "line 1: `emotions: item 2` is 'glad', no canonical emotion"),
        ("emotions: [happy, sad]\nmerges: {joyous: happy}", "`merges: joyous` is .*must be one of angry"),
        ("emotions: [happy, sad]\nmerges: {sad: happy}", "line 2: `merges: sad` cannot count as 'happy'"),
        ("emotions: [happy, sad]\nmerges: {calm: neutral}", "`merges: calm` cannot count as 'neutral'"),
        ("emotions: [happy, sad]\nclasses: 2", "unknown key `classes`; the keys are emotions, merges, merges_in"),
        ("emotions: [yes, no]", "'yes', no canonical emotion"),
        ("- happy\n- sad", "must hold lines"),
        ("emotions: [happy, sad]\nmerges_in: {here: calm}", "line 2: `merges_in: here` must be made of lines"),
        ("emotions: [happy, sad]\nmerges_in: {here: {calm: neutral}}", "cannot count"),
        ("emotions: [happy", "not valid YAML"),
    ],
)
def test_a_scheme_that_cannot_be_names_its_file(tmp_path, text, complaint):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(XserError, match=complaint) as error:
        load_scheme(path)
    assert "mine.yaml" in str(error.value)


def test_a_scheme_may_merge_in_one_corpus_alone(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("emotions: [happy, neutral]\nmerges_in:\n    here: {calm: neutral}\n")
    scheme = load_scheme(path)
    assert scheme.emotion_of("calm", "here") == "neutral"
    assert scheme.emotion_of("calm", "there") is None
    assert scheme.emotion_of("happy", "here") == "happy"


def test_a_missing_scheme_file(tmp_path):
    with pytest.raises(XserError, match="cannot be read .*check the path"):
        load_scheme(tmp_path / "mine.yaml")


LANGUAGES = {
    "amh": "Amharic", "ara": "Arabic", "ben": "Bangla", "cmn": "Mandarin", "deu": "German", "ell": "Greek",
    "eng": "English", "fas": "Persian", "fra": "French", "ita": "Italian", "jpn": "Japanese", "mul": "mixed",
    "pol": "Polish", "por": "Portuguese", "rus": "Russian", "spa": "Spanish", "tur": "Turkish", "urd": "Urdu",
    "swa": "Swahili", "hin": "Hindi", "yor": "Yoruba", "que": "Quechua", "haw": "Hawaiian", "swh": "Kiswahili",
}  # fmt: skip


@pytest.mark.parametrize("code, name", LANGUAGES.items())
def test_languages_go_both_ways(code, name):
    assert language_name(code) == name or code == "swh"
    assert language_code(code) == language_code(name) == language_code(name.upper()) == code


def test_names_that_people_type():
    typed = {"Farsi": "fas", "Bengali": "ben", "Cantonese": "yue", "Castilian": "spa", "Flemish": "nld", "Fala": "fax"}
    assert {name: language_code(name) for name in typed} == typed


def test_unknown_language_says_what_is_wanted():
    for ask in (language_name, language_code):
        with pytest.raises(XserError, match=r"'zzy'.*deu \(German\)"):
            ask("zzy")
    with pytest.raises(XserError, match=r"is it swa \(Swahili\)"):
        language_code("Sawhili")


def test_a_language_and_its_macrolanguage_are_one():
    assert same_language("swa", "swh") and same_language("swh", "swa") and same_language("deu", "deu")
    assert not same_language("cmn", "yue") and not same_language("deu", "nld")
