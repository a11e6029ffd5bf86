"""What `xser export --space` adds is what a Hugging Face Space needs, and nothing of it is uploaded as a model."""

import ast
import inspect
import re

import pytest
import yaml
from huggingface_hub import constants

import xser
from tests.support import CHECKOUT
from tests.support.finished_runs import finished_run
from tests.support.hub_server import NAME, Hub
from xser.commands import export
from xser.commands.command_line import parser_of
from xser.demo.server import serve
from xser.experiments.push import push
from xser.experiments.space import GRADIO, SPACE
from xser.model.loading import load


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    run = finished_run(folder / "runs" / "seed0")
    words = [str(run), "--output", str(folder / "my_model"), "--space"]
    export.main(parser_of("export", export).parse_args(words))
    return folder / "my_model"


def test_its_files_are_there_beside_a_model_that_loads(model):
    assert sorted(path.name for path in (model / SPACE).iterdir()) == ["README.md", "app.py", "requirements.txt"]
    assert (model / SPACE / "requirements.txt").read_text() == f"xser-toolkit[serve]=={xser.__version__}\n"
    assert load(model, "cpu").emotions


def test_the_header_is_that_of_a_space_with_the_model_s_licence(model):
    _, header, body = (model / SPACE / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    told = yaml.safe_load(header)
    assert told["sdk"] == "gradio" and told["app_file"] == "app.py" and told["title"] == "my_model"
    card = yaml.safe_load((model / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert told["license"] == card["license"]
    assert "hf upload USER/SPACE my_model model --repo-type space" in body


def test_the_page_s_gradio_is_the_one_that_is_tested(model):
    lock = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    assert re.search(r"^gradio==(\S+)", lock, flags=re.MULTILINE)[1] == GRADIO


def test_the_program_calls_what_there_is(model):
    (call,) = (
        each.value for each in ast.parse((model / SPACE / "app.py").read_text()).body if isinstance(each, ast.Expr)
        and isinstance(each.value, ast.Call)
    )  # fmt: skip
    inspect.signature(serve).bind(*call.args, **{each.arg: ast.literal_eval(each.value) for each in call.keywords})
    assert ast.unparse(call.func) == "serve" and "model" in ast.unparse(call.args[0])


def test_it_is_no_part_of_what_is_pushed(model, tmp_path, monkeypatch):
    with Hub(tmp_path) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HF_TOKEN", "hf_made_up")
        push(model, NAME)
    assert set(hub.files) == {path.name for path in model.iterdir() if path.is_file()}
