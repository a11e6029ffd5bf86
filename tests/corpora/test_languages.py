"""Languages by whatever people write: resolved to what they mean, or refused with the close match."""

import itertools

import pytest

from xser.core.errors import XserError
from xser.corpora.description.languages import (
    CLOSE,
    close_kin,
    is_language,
    language_code,
    one_language,
    same_language,
)
from xser.corpora.tables.words import code_of_language


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Farsi", "fas"), ("farsi", "fas"), ("Deutsch", "deu"), ("DEUTSCH", "deu"), ("Français", "fra"),
        ("Español", "spa"), ("tiếng Việt", "vie"), ("Bahasa Indonesia", "ind"), ("中文", "zho"),
        ("العربية", "ara"), ("اردو", "urd"), ("Türkçe", "tur"), ("Azeri", "aze"), ("mo", "ron"), ("MO", "ron"),
        ("iw", "heb"), ("in", "ind"), ("ji", "yid"), ("sh", "hbs"), ("no", "nor"), ("en", "eng"),
        ("de-AT", "deu"), ("zh_Hant_TW", "zho"), ("ger", "deu"), ("nan", "nan"), ("Wakde", "wkd"),
        ("Castilian", "spa"),
    ],
)  # fmt: skip
def test_what_people_write(written, code):
    assert code_of_language(written) == code
    if "-" not in written and "_" not in written:
        assert language_code(written) == code and is_language(written)


CLOSE_ONES = {"jp": "jpn", "cn": "zho", "cz": "ces", "dk": "dan", "gr": "ell", "Germn": "deu", "Deutch": "deu"}


@pytest.mark.parametrize(("written", "close"), CLOSE_ONES.items())
def test_what_is_close_is_named(written, close):
    for function in (code_of_language, language_code):
        with pytest.raises(XserError, match=f"unknown language '{written}': is it .*{close} "):
            function(written)


@pytest.mark.parametrize("written", ["xx", "q1", "", "Klingonish", "d"])
def test_what_is_nothing_is_refused(written):
    with pytest.raises(XserError, match="unknown language"):
        code_of_language(written)


def test_two_letters_are_a_code_or_nothing():
    letters = "abcdefghijklmnopqrstuvwxyz"
    for pair in map("".join, itertools.product(letters, repeat=2)):
        if is_language(pair):
            assert language_code(pair) == code_of_language(pair)
    assert not is_language("au") and language_code("ko") == "kor" and language_code("ha") == "hau"


@pytest.mark.parametrize("codes", ["hrv srp", "bos hrv", "zsm ind", "nob nno", "urd hin", "tgl fil", "pes prs"])
def test_close_kin_are_one_language_to_a_listener(codes):
    one, other = codes.split()
    assert close_kin(one, other) and close_kin(other, one)
    assert same_language(one, other) and not one_language(one, other)


@pytest.mark.parametrize("codes", ["cmn yue", "deu nld", "spa por", "ces pol", "urd ara", "swe dan"])
def test_others_are_not(codes):
    assert not same_language(*codes.split()) and close_kin("deu", "deu") == ""


def test_all_kin_are_languages():
    assert all(is_language(code) and len(code) == 3 for codes in CLOSE.values() for code in codes.split())
