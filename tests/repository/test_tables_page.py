"""docs/tables.md: what it tells a reader to type works, and what it lists is what there is."""

import re
import shlex
import subprocess
import sys

import yaml

from tests.support import CHECKOUT
from xser.corpora.tables.columns import USUAL
from xser.corpora.tables.forms import SUFFIXES
from xser.corpora.tables.sidecar import Sidecar, read_sidecar

PAGE = (CHECKOUT / "docs" / "tables.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_work(tmp_path):
    installed = 'xser() { bash tools/xser.sh "$@"; }\n'  # the command, as in an environment that has it
    script = f"set -euo pipefail\n{installed}" + "".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    script = script.replace("/tmp/tables", str(tmp_path)).replace("python -", f"{shlex.quote(sys.executable)} -")
    ended = subprocess.run(
        ["bash", "-c", script], cwd=CHECKOUT, env={"XSER_PYTHON": sys.executable, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "mine: My own corpus (made up), Urdu, found 96 of 96 recordings" in ended.stderr
    assert "labels read by the usual words for emotions: Angry as angry" in ended.stderr
    assert (tmp_path / "mine.csv").read_text().splitlines()[:2] == re.findall(r"(?m)^    (path,.*|speech/.*)$", PAGE)
    assert len(list(tmp_path.glob("exp/manifests/*/manifest.json"))) == 4


def test_the_page_lists_what_there_is():
    assert set(re.search(r"\| a table \| (.*) \|", PAGE)[1].replace("`", "").split(", ")) == set(SUFFIXES)
    listed = set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in PAGE.splitlines() if "| `" in line)))
    assert listed == (set(USUAL) | {"split"}) - {"part"}


def test_the_yaml_of_the_page_is_read(tmp_path):
    text = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    (tmp_path / "mine.yaml").write_text(text)
    settings = read_sidecar(tmp_path / "mine.yaml")
    assert settings.labels == {"W": "angry", "F": "happy", "3": "drop", "?": "drop"}
    named = set(re.findall(r"`(licence_note|url|citation|obtain)`", PAGE))
    assert settings.model_fields_set | named == set(Sidecar.model_fields)
    assert settings.model_fields_set == set(yaml.safe_load(text))
