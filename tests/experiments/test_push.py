"""A model goes to the hub and comes back: a hub on the loopback stands in for the real one."""

import argparse
import re

import pytest
from huggingface_hub import constants

from tests.support.finished_runs import finished_run
from tests.support.hub_server import COMMIT, NAME, Hub, ask
from xser.commands.export import add_arguments, main
from xser.core.errors import UsageError, XserError
from xser.experiments.push import push

EXPORT = "from xser.__main__ import main\nsys.argv[0] = 'xser'\nrun(main)"
LOAD = "import xser\nrun(lambda: print(xser.load(sys.argv[1], 'cpu')))"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("runs") / "seed0")


@pytest.fixture
def hub(tmp_path):
    (tmp_path / "nothing").mkdir()
    with Hub(tmp_path / "nothing") as hub:
        yield hub


def export(hub, home, run, name=NAME, **environment):
    words = ["export", str(run), "--output", str(home / "model"), "--overwrite", "--push", name]
    return ask(hub.endpoint, home, EXPORT, *words, HF_TOKEN="hf_made_up", **environment)


def test_what_was_pushed_is_loaded_there_and_from_the_cache_offline(hub, trained, tmp_path):
    assert export(hub, tmp_path, trained) == f"use it anywhere: xser predict {NAME}@{COMMIT} my.wav"
    assert hub.files == {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()}
    assert hub.created[0]["private"] is True
    assert f'xser.load("{NAME}")'.encode() in hub.files["README.md"]
    said = ask(hub.endpoint, tmp_path / "elsewhere", LOAD, f"{NAME}@{COMMIT}")
    assert said.startswith("<xser model: ")
    offline = {"HF_HUB_OFFLINE": "1"}
    assert ask("http://127.0.0.1:9", tmp_path / "elsewhere", LOAD, f"{NAME}@{COMMIT}", **offline) == said


def test_a_model_of_others_is_refused_before_its_weights_are_fetched(hub, tmp_path):
    hub.files = {"config.json": b'{"model_type": "whisper"}', "model.safetensors": b"large"}
    said = ask(hub.endpoint, tmp_path, LOAD, NAME)
    assert "is not a model of xser" in said
    assert not any("model.safetensors" in path for _, path in hub.asked)


@pytest.mark.parametrize(
    ("refusal", "said"),
    [((401, None), "does not know who you are: log in"), ((403, None), "not let you write"), ((500, None), "HTTP 500")],
)
def test_a_refusal_is_one_line_with_the_remedy(refusal, said, hub, tmp_path, monkeypatch):
    hub.refusal = refusal
    monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
    with pytest.raises(XserError) as caught:
        push(tmp_path, NAME)
    line = str(caught.value)
    assert re.search(f"^.*{said}.*the model is in .*, and nothing of it on the hub has changed$", line), line


def test_a_hub_that_does_not_answer_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(XserError, match="^http://127.0.0.1:9 cannot be reached .*check the network"):
        push(tmp_path, NAME)


def test_a_name_that_cannot_be_one_is_refused_before_anything_is_written(trained, tmp_path):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args([str(trained), "--output", str(tmp_path / "model"), "--push", "model"])
    with pytest.raises(UsageError, match="such as USER/NAME"):
        main(options)
    assert not (tmp_path / "model").exists()
