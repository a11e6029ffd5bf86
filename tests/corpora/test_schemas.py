"""recipes/schemas: what editors complete and explain is what xser reads."""

import json

import pytest

from xser.core.records import json_schema
from xser.corpora.description.corpus import corpus_ids
from xser.corpora.schemas import KINDS

FIRST_LINE = "# yaml-language-server: $schema=../schemas/corpus.json\n"


@pytest.mark.parametrize("name", KINDS)
def test_the_committed_schema_is_current(recipes, name):
    written = (recipes / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    assert written == json_schema(KINDS[name]), "write it anew: python tools/json_schemas.py"


@pytest.mark.parametrize("name", KINDS)
def test_every_key_is_explained(name):
    properties = json.loads(json_schema(KINDS[name]))["properties"]
    silent = [
        key
        for key, said in properties.items()
        if not any(each.get("description") for each in (said, *said.get("anyOf", ())))
    ]
    assert silent == []


def test_every_recipe_names_the_schema(recipes):
    for id in corpus_ids(recipes):
        assert (recipes / id / "corpus.yaml").read_text(encoding="utf-8").startswith(FIRST_LINE), id
