"""recipes/schemas: what editors complete and explain in the files of experiments is what xser reads."""

import json

import pytest

from xser.core.records import json_schema
from xser.experiments.hyperparameter_table import TABLE
from xser.experiments.hyperparameters import read_nodes
from xser.experiments.schemas import KINDS

FILES = {"tasks": "zero_shot/tasks.yaml", "language_matched": "hparams/language_matched.yaml"}


@pytest.mark.parametrize("name", KINDS)
def test_the_committed_schema_is_current(recipes, name):
    written = (recipes / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    assert written == json_schema(KINDS[name]), "write it anew: python tools/json_schemas.py"


def test_the_files_name_their_schema(recipes):
    systems = [f"hparams/systems/{path.name}" for path in (recipes / "hparams" / "systems").glob("*.yaml")]
    for name, file in [*FILES.items(), *(("system", file) for file in systems)]:
        first = (recipes / file).read_text(encoding="utf-8").splitlines()[0]
        schema = first.removeprefix("# yaml-language-server: $schema=")
        assert ((recipes / file).parent / schema).resolve() == (recipes / "schemas" / f"{name}.json").resolve(), file


def test_a_system_s_keys_are_explained(recipes):
    properties = json.loads(json_schema(KINDS["system"]))["properties"]
    for path in (recipes / "hparams" / "systems").glob("*.yaml"):
        assert all(properties[key]["description"] for key in read_nodes(path))
    assert {key for key, known in TABLE.items() if known.set_by in ("data", "option")}.isdisjoint(properties)
