"""The hub's own client against a hub on the loopback: what it gives, and every refusal in one line with the remedy."""

import re
import socket
import time
from pathlib import Path

import pytest

from tests.support.hub_server import COMMIT, NAME, Hub, find
from tests.support.tiny_encoders import tiny_encoder


@pytest.fixture
def folder(tmp_path_factory):
    return tiny_encoder("wav2vec2-group", tmp_path_factory)


@pytest.fixture
def hub(folder):
    with Hub(folder) as hub:
        yield hub


@pytest.mark.parametrize("revision", [None, "v1", COMMIT])
def test_a_model_is_downloaded_once_and_is_the_same(hub, folder, tmp_path, revision):
    found = Path(find(hub.endpoint, tmp_path, NAME, revision))
    assert found.name == COMMIT
    assert {path.name: path.read_bytes() for path in found.iterdir()} == hub.files
    asked = len(hub.asked)
    assert Path(find(hub.endpoint, tmp_path, NAME, revision)) == found
    which = ("GET", f"/api/models/{NAME}/revision/{revision or 'main'}")
    assert hub.asked[asked:] == ([] if revision == COMMIT else [which])
    assert Path(find("http://127.0.0.1:9", tmp_path, NAME, revision)) == found
    assert Path(find("http://127.0.0.1:9", tmp_path, NAME, revision, HF_HUB_OFFLINE="1")) == found


def test_only_what_is_needed_is_downloaded(hub, tmp_path):
    hub.files.update(
        {name: b"x" for name in ("pytorch_model.bin", "model.fp32.safetensors", "tf_model.h5", "README.md")}
    )
    found = Path(find(hub.endpoint, tmp_path, NAME))
    assert {path.name for path in found.iterdir()} == {"config.json", "model.safetensors", "preprocessor_config.json"}


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((404, "RepoNotFound"), "neither a folder here nor a model that the Hugging Face hub shows.*check the name"),
        ((401, None), "check the name; if it is private, log in"),
        ((404, "RevisionNotFound"), "no revision 'v9'.*commits/main"),
        ((403, "GatedRepo"), "is gated: accept its terms.*log in"),
        ((403, None), r"refuses someone/tiny \(HTTP 403\): log in"),
        ((500, None), r"\(HTTP 500\): try again later, or download the model elsewhere and give its folder"),
    ],
)
def test_a_refusal_is_one_line_with_the_remedy(hub, tmp_path, refusal, said):
    hub.refusal = refusal
    line = find(hub.endpoint, tmp_path, NAME, "v9")
    assert re.search(f"^xser: .*{said}", line), line


def test_what_the_hub_does_not_have(hub, tmp_path):
    assert "no revision 'v9'" in find(hub.endpoint, tmp_path, NAME, "v9")
    assert "check the name" in find(hub.endpoint, tmp_path, "someone/tinny")
    hub.files_refusal = (401, "GatedRepo")  # the real hub says what a gated model holds, and keeps its files
    assert "is gated" in find(hub.endpoint, tmp_path, NAME)
    hub.files_refusal = None
    del hub.files["model.safetensors"]
    assert "has no weights" in find(hub.endpoint, tmp_path, NAME)
    del hub.files["config.json"]
    assert "has no config.json: give a model in the format" in find(hub.endpoint, tmp_path / "other", NAME)


def test_a_hub_out_of_reach_is_given_up_at_once(tmp_path):
    started = time.monotonic()
    line = find("http://127.0.0.1:9", tmp_path, NAME)
    assert time.monotonic() - started < 20
    assert "cannot be reached (ConnectionError): check the network" in line


def test_a_hub_that_does_not_answer_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        line = find(endpoint, tmp_path, NAME, HF_HUB_ETAG_TIMEOUT="1")
    assert time.monotonic() - started < 20
    assert "cannot be reached (ReadTimeout)" in line


def test_a_download_that_broke_off_goes_on(hub, tmp_path):
    hub.breaks = 2
    found = Path(find(hub.endpoint, tmp_path, NAME))
    assert (found / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


def test_a_download_that_broke_off_for_good_is_taken_up_again(hub, tmp_path):
    hub.breaks = 10**6
    line = find(hub.endpoint, tmp_path, NAME)
    assert "broke off: run the same command again" in line
    assert "cannot be reached" in find("http://127.0.0.1:9", tmp_path, NAME)  # half a snapshot is no model
    hub.breaks = 0
    found = Path(find(hub.endpoint, tmp_path, NAME))
    assert (found / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


def test_a_file_that_is_gone_from_the_cache_is_told_or_fetched(hub, tmp_path):
    found = Path(find(hub.endpoint, tmp_path, NAME))
    (found / "model.safetensors").unlink()
    assert "cannot be reached" in find("http://127.0.0.1:9", tmp_path, NAME)
    assert "HF_HUB_OFFLINE is set" in find(hub.endpoint, tmp_path, NAME, HF_HUB_OFFLINE="1")
    assert Path(find(hub.endpoint, tmp_path, NAME)) == found and (found / "model.safetensors").is_file()
