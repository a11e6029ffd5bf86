"""What is shown of an answer, as text."""

import re

import numpy as np
import pandas as pd
import pytest

from xser.demo.card import card_of
from xser.demo.drawing import Segment, answer_html, clock, colours_of, problem_html, segments
from xser.demo.hearing import BARS, Heard
from xser.model.recognition import Answer


def heard(name="my.wav", emotions=("happy", "sad"), rows=((0.0, 1.0, "sad"), (1.0, 1.5, "sad"), (1.5, 2.0, ""))):
    probabilities = dict(zip(emotions, (0.25, 0.75), strict=True))
    table = pd.DataFrame(
        [
            {"start": start, "end": end, "emotion": emotion, "confidence": 0.8 if emotion else np.nan}
            | (probabilities if emotion else dict.fromkeys(emotions, np.nan))
            for start, end, emotion in rows
        ]
    )
    return Heard(name, 2.0, Answer(emotions[1], probabilities, 0.8), table, np.linspace(0, 0.5, BARS))


def test_bars_tell_the_probabilities_the_most_probable_first():
    page = answer_html(heard(), "sounds/x.wav")
    bars = re.findall(r'data-emotion="(\w+)".*?width: ([\d.]+)%.*?class="figure">([\d.]+) %', page)
    assert bars == [("sad", "75.0", "75.0"), ("happy", "25.0", "25.0")]
    assert "confidence 80 %" in page and 'src="sounds/x.wav"' in page and "my.wav · 0:02" in page


def test_the_waveform_has_the_colours_of_the_timeline_and_fills_its_height():
    page = answer_html(heard(), "x")
    wave = re.search(r'<div class="wave".*?</svg>', page)[0]
    assert wave.count(f'fill="{colours_of(["sad"])["sad"]}"') == BARS * 3 // 4
    assert wave.count('class="silence"') == BARS // 4
    tall = [float(each) for each in re.findall(r'height="([\d.]+)"', wave)]
    assert len(tall) == BARS and max(tall) == 100 and min(tall) == 2 and tall == sorted(tall)


def test_probabilities_over_time_are_stacked_to_the_full_height():
    page = answer_html(heard(), "x")
    stacked = re.search(r'<svg class="stacked".*?</svg>', page)[0]
    rows = re.findall(r'x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', stacked)
    assert [tuple(map(float, row)) for row in rows] == [
        (0, 0, 501, 25), (0, 25, 501, 75), (500, 0, 251, 25), (500, 25, 251, 75)
    ]  # fmt: skip


def test_neighbouring_rows_of_one_emotion_are_a_segment():
    found = segments(heard(rows=((0, 1, "sad"), (1, 2, "sad"), (2, 3, ""), (3, 4, "sad"), (6, 7, "sad"))).timeline)
    assert [(each.start, each.end, each.emotion) for each in found] == [
        (0, 2, "sad"), (2, 3, ""), (3, 4, "sad"), (6, 7, "sad")
    ]  # fmt: skip
    assert found[0] == Segment(0, 2, "sad", pytest.approx(0.8))
    assert segments(pd.DataFrame()) == []


def test_what_comes_from_outside_cannot_become_part_of_the_page():
    evil = "<img src=x onerror=alert(1)>"
    assert "<img" not in answer_html(heard(evil, ("happy", evil), ((0.0, 2.0, evil),)), '"><img')
    assert "<img" not in problem_html(evil)


@pytest.mark.parametrize("number", range(1, 7))
def test_no_two_emotions_have_one_colour(number):
    emotions = ["anger", "happiness", "boredom", "fear", "pride", "sad"][:number]
    colours = colours_of(emotions)
    assert list(colours) == emotions and len(set(colours.values())) == number


def test_a_clock_has_minutes():
    assert clock(599.9) == "9:59"


def test_the_card_is_shown_without_the_header_and_a_sentence_where_there_is_none(tmp_path):
    assert "xser export" in card_of(str(tmp_path))
    assert "huggingface.co/some/model" in card_of("some/model@abc")
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n\n# Mine\n")
    assert card_of(str(tmp_path)) == "# Mine\n"
