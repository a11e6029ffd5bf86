"""What `xser export` writes for use without xser: the graph with its script, and a folder for transformers."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tests.support import CHECKOUT
from tests.support.made_audio import sixteen_bits
from tests.support.tiny_encoders import tiny_encoder
from tests.support.tiny_trainings import tiny_trained_run, tone_rows
from xser.core.errors import UsageError, XserError
from xser.experiments.export import Export, export
from xser.model.loading import load
from xser.model.onnx.graph import GRAPH, SCRIPT, SMALL_GRAPH

FORBIDDEN = ("torch", "torchaudio", "transformers", "speechbrain", "scipy", "pandas", "xser", "onnx")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return tone_rows(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="module")
def run(rows, tmp_path_factory):
    return tiny_trained_run(tmp_path_factory.mktemp("run"), rows)


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "model"
    export(Export((run,), folder, onnx=True, int8=True))
    return folder


def without_torch(script, *paths, folder):
    """What the script prints where none of `FORBIDDEN` can be imported, a list of probabilities for each path."""
    for name in FORBIDDEN:
        (folder / f"{name}.py").write_text("raise ImportError('this interpreter has none')")
    code = f"import sys, runpy; sys.path.insert(0, {str(folder)!r}); sys.argv[0] = {str(script)!r}; "
    command = [sys.executable, "-c", code + "runpy.run_path(sys.argv[0], run_name='__main__')", *map(str, paths)]
    told = subprocess.run(command, cwd="/", text=True, capture_output=True)
    assert told.returncode == 0, told.stderr
    lines = [line.split("\t") for line in told.stdout.splitlines()]
    assert [path for path, *_ in lines] == [str(path) for path in paths]
    return [{word.split()[0]: float(word.split()[1]) for word in words} for _, *words in lines]


def test_the_script_needs_neither_xser_nor_torch(exported, rows, tmp_path):
    paths = list(rows["audio"][:3])
    found = without_torch(exported / SCRIPT, *paths, folder=tmp_path)
    model = load(exported, "cpu")
    for path, probabilities in zip(paths, found, strict=True):
        assert probabilities == pytest.approx(model.predict(path).probabilities, abs=2e-4)  # it prints four digits


def test_the_script_takes_other_rates_stereo_and_long_recordings(exported, tmp_path):
    time = np.arange(int(44_100 * 1.7)) / 44_100
    voice = sum(np.sin(2 * np.pi * 180 * k * time * (1 + 0.1 * time)) / k for k in range(1, 15))
    soundfile.write(tmp_path / "stereo.wav", np.stack([0.1 * voice, 0.05 * voice], axis=1), 44_100)
    long = sixteen_bits(np.random.default_rng(0).normal(0, 0.1, 16_000 * 33) * np.linspace(0, 1, 16_000 * 33))
    soundfile.write(tmp_path / "long.wav", long, 16_000)
    model = load(exported, "cpu")
    windows = [(long[at : at + 64_000], 16_000) for at in range(0, 31 * 16_000, 32_000)]  # 4 s each 2 s
    wanted = [
        model.predict(tmp_path / "stereo.wav").probabilities,
        model.predict(windows)[list(model.emotions)].mean().to_dict(),
    ]
    found = without_torch(exported / SCRIPT, tmp_path / "stereo.wav", tmp_path / "long.wav", folder=tmp_path)
    assert found[0] == pytest.approx(wanted[0], abs=0.01)  # by another resampling filter
    assert found[1] == pytest.approx(wanted[1], abs=2e-4)


def test_the_script_is_short_and_its_folder_whole(exported):
    script = (exported / SCRIPT).read_text(encoding="utf-8")
    assert len(script.splitlines()) <= 20
    for page in (exported / "README.md", CHECKOUT / "docs" / "onnx.md"):
        assert f"```python\n{script}```" in page.read_text(encoding="utf-8")
    there = {path.name for path in exported.iterdir()}
    assert there >= {"config.json", "model.safetensors", GRAPH, SMALL_GRAPH, SCRIPT}
    assert not [name for name in there if "inferred" in name or name.endswith(".part")]


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"int8": True}, "give --onnx too"),
        ({"layout": "transformers", "onnx": True}, "none of --onnx"),
        ({"layout": "transformers", "with_encoder": False}, "--without-encoder"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, remedy, run, tmp_path):
    with pytest.raises(UsageError, match=remedy):
        export(Export((run,), tmp_path / "model", **options))
    assert not list(tmp_path.iterdir())


def test_what_has_no_such_form_leaves_nothing_behind(run, rows, tmp_path):
    (tmp_path / "run").mkdir()
    statistics = tiny_trained_run(tmp_path / "run", rows, target_statistics="corpus")
    with pytest.raises(XserError, match="statistics of recordings together"):
        export(Export((statistics,), tmp_path / "model", onnx=True))
    with pytest.raises(XserError, match="transformers has no such network"):
        export(Export((run,), tmp_path / "model", layout="transformers"))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_for_transformers_is_replaced_when_asked(rows, tmp_path, tmp_path_factory):
    run = tmp_path / "run"
    run.mkdir()
    tiny_trained_run(run, rows, tiny_encoder("hubert", tmp_path_factory), "last_layers")
    asked = Export((run,), tmp_path / "model", layout="transformers")
    export(asked)
    with pytest.raises(XserError, match="--overwrite"):
        export(asked)
    export(Export((run,), tmp_path / "model", layout="transformers", overwrite=True))
    names = {"config.json", "model.safetensors", "preprocessor_config.json"}
    assert {path.name for path in (tmp_path / "model").iterdir()} == names
