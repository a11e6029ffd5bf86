"""The page of xser serve in a browser: a file, a microphone, a phone, the keyboard alone, and nothing left behind."""

import io
import os
import re
import signal
import subprocess
import sys
import urllib.request

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.support import CHECKOUT
from tests.support.browser import BROWSER, Browser
from tests.support.tiny_trainings import tiny_trained_run, tone_rows
from xser.commands import predict
from xser.commands.command_line import parser_of
from xser.core.extras import is_installed
from xser.model.exported import write_model
from xser.model.loading import load, of_run

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser, google-chrome or chrome here"),
    pytest.mark.skipif(not is_installed("gradio"), reason="no gradio here"),
]
FAKE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
HERTZ = 880  # of what the microphone hears
ANSWER, PROBLEM = "document.querySelector('.xser-answer .bars')", "document.querySelector('.xser-answer .problem')"
FIGURES = "[...document.querySelectorAll('.bars li')].map((row) => [row.dataset.emotion, row.innerText])"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def model(folder, tmp_path_factory):
    run = tiny_trained_run(tmp_path_factory.mktemp("run"), tone_rows(tmp_path_factory.mktemp("prepared")))
    (folder / "model").mkdir()
    write_model(folder / "model", *of_run(run))
    card = (
        "---\nlicense: mit\n---\n# The card\n<script>document.title = 'ran'</script>\n![p](https://example.org/p.png)\n"
    )
    (folder / "model" / "README.md").write_text(card)
    return folder / "model"


@pytest.fixture(scope="module")
def recording(folder):
    """Noise, silence, noise."""
    noise = 0.3 * np.random.default_rng(0).standard_normal(5 * 24000)
    soundfile.write(folder / "my voice.wav", np.concatenate([noise, np.zeros(10 * 24000), noise]), 24000)
    return folder / "my voice.wav"


@pytest.fixture(scope="module")
def server(model, folder):
    """The address; in the end the server stops in order and leaves nothing."""
    temporary = folder / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "xser", "serve", str(model), "--port", "0", "--device", "cpu"]
    command += ["--max-minutes", "0.5", "--max-megabytes", "2"]
    quick = {"GRADIO_HEARTBEAT_INTERVAL": "0.2", "TMPDIR": str(temporary), "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **quick}, cwd=folder
    )
    told = process.stdout.readline()
    yield re.search(r"http://127\.0\.0\.1:\d+", told)[0]
    process.send_signal(signal.SIGTERM)
    _, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, "")
    assert [path for path in temporary.rglob("*") if path.is_file()] == []


@pytest.fixture(scope="module")
def browser(folder, server):
    times = np.arange(20 * 48000) / 48000
    soundfile.write(folder / "microphone.wav", 0.3 * np.sin(2 * np.pi * HERTZ * times), 48000)
    heard = f"--use-file-for-fake-audio-capture={folder / 'microphone.wav'}"
    with Browser(folder / "profile", *FAKE, heard) as browser:
        yield browser


@pytest.fixture
def page(browser, server):
    browser.open(server)
    browser.wait("document.querySelector('#file button') && document.querySelector('#speak .record')")
    return browser


def predicted(path, model, capsys):
    """What `xser predict` prints: emotion, and the probabilities as the page writes them."""
    predict.main(parser_of("predict", predict).parse_args([str(model), str(path), "--device", "cpu"]))
    row = pd.read_csv(io.StringIO(capsys.readouterr().out)).iloc[0]
    emotions = load(model, "cpu").emotions
    return row["emotion"], {emotion: f"{100 * row[emotion]:.1f} %" for emotion in emotions}


def shown(page):
    emotion = page.value("document.querySelector('.xser-answer .emotion').innerText")
    return emotion, {name: text.partition("\n")[2] for name, text in page.value(FIGURES)}


def sound_of(page, server):
    """What was heard, as the page plays it."""
    with urllib.request.urlopen(page.value("document.querySelector('audio').src")) as answer:
        return answer.read()


def complaints(page):
    """What the browser's console says of what went wrong."""
    page.value("1")  # whatever it has said until now is read
    return [event["entry"]["text"] for event in page.told("Log.entryAdded")]


def kept(folder):
    """Files of the visitors that are there now, without empty ones."""
    return [path for path in (folder / "temporary").rglob("*") if path.is_file() and path.stat().st_size]


def test_a_dropped_file_gives_what_xser_predict_gives(page, recording, model, folder, capsys):
    page.drop(recording, "#file button")
    page.wait(f"{ANSWER} && true")
    assert shown(page) == predicted(recording, model, capsys)
    assert page.value("document.querySelector('.of').innerText") == "my voice.wav · 0:20"
    times = page.value("[...document.querySelectorAll('.segments li')].map((each) => each.innerText.slice(0, 11))")
    assert len(times) >= 3 and times[0].startswith("0:00") and times[-1].endswith("0:20")
    assert page.value("document.querySelector('.segments .silence') !== null")
    assert [path.suffix for path in kept(folder)] == [".wav"]  # what can be played; the upload is gone


def test_the_page_plays_from_where_it_is_clicked(page, recording):
    page.drop(recording, "#file button")
    page.wait(f"{ANSWER} && document.querySelector('audio').readyState > 0")
    page.click(".wave")
    assert 9.5 < page.wait("document.querySelector('audio').currentTime") < 15
    page.wait("parseFloat(document.querySelector('.now').style.left) >= 49")


def test_a_recording_of_the_microphone_gives_what_xser_predict_gives(page, server, model, tmp_path, capsys):
    page.click("#speak .record")
    page.wait("document.querySelector('#speak').innerText.includes('0:02')")
    page.click("#speak .stop-button")
    page.wait(f"{ANSWER} && true")
    (tmp_path / "heard.wav").write_bytes(sound_of(page, server))
    assert shown(page) == predicted(tmp_path / "heard.wav", model, capsys)
    samples, rate = soundfile.read(tmp_path / "heard.wav")
    assert len(samples) > 1.5 * rate
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(spectrum.argmax() * rate / len(samples) - HERTZ) < 5
    page.wait("getComputedStyle(document.querySelector('#speak .record')).display !== 'none'")  # for the next one


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("words.wav", "words.wav cannot be used: holding text instead of audio. Try another recording."),
        ("long.ogg", "long.ogg is longer than 0.5 minutes: give a part of it"),
        ("silence.wav", "silence.wav cannot be used: silent. Try another recording."),
    ],
)
def test_what_cannot_be_used_is_a_sentence_on_the_page(name, said, page, folder, tmp_path):
    if name == "words.wav":
        (tmp_path / name).write_text("no sound")
    else:
        seconds, level = (40, 0.1) if name == "long.ogg" else (1, 0)
        soundfile.write(tmp_path / name, level * np.random.default_rng(0).standard_normal(seconds * 8000), 8000)
    page.drop(tmp_path / name, "#file button")
    page.wait(f"{PROBLEM} && true")
    assert page.value(f"{PROBLEM}.innerText") == said
    assert kept(folder) == []


def test_a_file_that_is_too_large_is_a_sentence_on_the_page(page, folder, tmp_path):
    (tmp_path / "large.wav").write_bytes(bytes(3 << 20))
    page.drop(tmp_path / "large.wav", "#file button")
    page.wait("document.body.innerText.includes('exceed the maximum allowed size of 2.0 Mb')")
    assert kept(folder) == []


def test_a_file_that_is_too_large_is_refused_by_the_server_itself(server, folder):
    body = (
        b'--x\r\ncontent-disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
        + bytes(3 << 20)
        + b"\r\n--x--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=x"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"{server}/gradio_api/upload", body, headers))
    assert refused.value.code == 413


def test_it_fits_a_phone(browser, server, recording):
    browser.open(server, 390, 844)
    browser.wait("document.querySelector('#file button') && true")
    browser.drop(recording, "#file button")
    browser.wait(f"{ANSWER} && true")
    browser.click("#about button")
    browser.wait("document.querySelector('#card h1')?.offsetParent && true")
    assert browser.value("document.documentElement.scrollWidth") <= 390
    outside = "(node) => node.getBoundingClientRect().right > 391"
    assert browser.value(f"[...document.querySelectorAll('.xser-answer *')].filter({outside}).length") == 0


def test_the_keyboard_alone_is_enough(page, recording):
    page.tell("Page.setInterceptFileChooserDialog", enabled=True)
    page.tab_to("#file button")
    page.press("Enter")
    chooser = page.wait_for_event("Page.fileChooserOpened")
    page.tell("DOM.setFileInputFiles", files=[str(recording)], backendNodeId=chooser["backendNodeId"])
    page.tell("Page.setInterceptFileChooserDialog", enabled=False)
    page.wait(f"{ANSWER} && document.querySelector('audio').readyState > 0")
    page.tab_to(".xser-answer audio")
    page.press(" ")
    page.wait("document.querySelector('audio').currentTime > 0")
    page.tab_to(".segments li:last-child [data-at]")
    page.press("Enter")
    page.wait("document.querySelector('audio').currentTime > 10")
    page.tab_to("#about button")
    page.press("Enter")
    page.wait("document.querySelector('#card h1')?.offsetParent && true")
    page.tab_to("#speak .record")
    page.press("Enter")
    page.wait("document.querySelector('#speak').innerText.includes('0:01')")
    page.tab_to("#speak .stop-button")
    page.press("Enter")
    page.wait("document.querySelector('.of')?.innerText.startsWith('Your recording')")


def test_a_card_runs_nothing_and_loads_nothing(page):
    page.click("#about button")
    page.wait("document.querySelector('#card h1')?.offsetParent && true")
    assert "The card" in page.value("document.querySelector('#card').innerText")
    assert "license" not in page.value("document.querySelector('#card').innerText")
    assert page.value("document.title") == "Emotion in a voice"
    assert page.value("document.querySelector('#card script') === null")
    page.wait("document.querySelector('#card img')?.complete && true")
    page.wait_for(lambda: any("example.org" in text and "Content Security Policy" in text for text in complaints(page)))


def test_who_leaves_takes_the_sound_along(page, server, recording, folder):
    page.drop(recording, "#file button")
    page.wait(f"{ANSWER} && true")
    assert len(sound_of(page, server)) > 20 * 2 * 16000 and len(kept(folder)) == 1
    page.close_tab()
    page.wait_for(lambda: kept(folder) == [])


def test_nothing_is_asked_of_anybody_else(page, server):
    """Of all that the tests above made the browser do; the policy holds back what a card names."""
    page.wait("document.readyState === 'complete'")
    asked = {event["request"]["url"] for event in page.told("Network.requestWillBeSent")}
    theirs = {url for url in asked if not url.startswith((server, "data:", "blob:", "about:"))}
    assert f"{server}/" in asked and theirs <= {"https://example.org/p.png"}  # the card's, which was held back
    assert [text for text in complaints(page) if "example.org" not in text] == []
