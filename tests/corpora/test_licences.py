"""Every licence that a recipe names has a place in the order, or is said to be unknown."""

import re

import pytest
import yaml

from tests.support import CHECKOUT
from xser.corpora.description.licences import licence_of_encoder, licences_named, strictest

RECIPES = sorted((CHECKOUT / "recipes").glob("*/corpus.yaml"))
ENCODERS = sorted((CHECKOUT / "recipes" / "hparams" / "encoders").glob("*.yaml"))


def test_the_licences_of_the_recipes_are_known():
    named = {path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8"))["licence"] for path in RECIPES}
    unknown = {name: text for name, text in named.items() if not all(each.is_known for each in licences_named(text))}
    assert set(unknown.values()) == {"none found"}


def test_the_licences_of_the_encoders_are_known():
    texts = [path.read_text(encoding="utf-8") for path in ENCODERS]
    sources = [name for text in texts for name in re.findall(r"(?m)^encoder_source: (\S+)", text)]
    told = [licences_named(licence_of_encoder(source)) for source in sources]
    assert len(told) > 5 and all(each.is_known for several in told for each in several)


@pytest.mark.parametrize(
    "freer, stricter",
    [
        ("CC0-1.0", "MIT"),
        ("Apache-2.0", "CC-BY-4.0"),
        ("CC-BY-4.0", "CC-BY-SA-4.0"),
        ("GPL-3.0", "non-commercial"),
        ("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0"),
        ("CC-BY-NC-ND-4.0", "research only"),
        ("academic", "by request"),
        ("registration", "Signed form"),
        ("institution signs", "a licence of our own"),
    ],
)
def test_the_stricter_of_two_counts(freer, stricter):
    assert strictest(licences_named(f"{stricter} or {freer}")).name == stricter
    assert strictest(licences_named(f"{freer}, {stricter}")).name == stricter
