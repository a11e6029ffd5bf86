"""Which of several licences is the strictest; an order that stands in licences.yaml with its reasons."""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xser.core.records import Record, read_yaml

NOT_KNOWN = "without a licence that is known nothing is allowed: ask the publisher"


class _Licence(Record):
    names: tuple[str, ...]
    hub: str | None = None
    why: str


class _Licences(Record):
    licences: tuple[_Licence, ...]
    encoders: dict[str, str]


@dataclass(frozen=True)
class Licence:
    """A licence.

    Attributes
    ----------
    name
        As the publisher calls it.
    rank
        The higher, the stricter; that of an unknown one is above all.
    hub
        Its name on the Hugging Face hub; None where it has none there.
    why
        What it asks for.
    is_known
        Whether it is in the list.
    """

    name: str
    rank: int
    hub: str | None
    why: str
    is_known: bool


@functools.cache
def _content() -> _Licences:
    return read_yaml(Path(__file__).with_name("licences.yaml"), _Licences)


def licences_named(text: str) -> list[Licence]:
    """The licences that a text names: of publishers that disagree, all of them.

    Examples
    --------
    >>> [(licence.name, licence.hub) for licence in licences_named("CC-BY-NC-ND-4.0 or GPL-3.0")]
    [('CC-BY-NC-ND-4.0', 'cc-by-nc-nd-4.0'), ('GPL-3.0', 'gpl-3.0')]
    >>> licences_named("none found")[0].is_known
    False
    """
    return [_find(name) for name in re.split(r"\s+or\s+|\s*,\s*", text.strip()) if name] or [_find("not said")]


def strictest(licences: Iterable[Licence]) -> Licence:
    """The strictest of some licences.

    Examples
    --------
    >>> strictest(licences_named("CC0-1.0 or research only or MIT")).name
    'research only'
    >>> strictest(licences_named("CC0-1.0 or something of our own")).why
    'without a licence that is known nothing is allowed: ask the publisher'
    """
    return max(licences, key=lambda licence: licence.rank)


def licence_of_encoder(source: str) -> str:
    """What the publishers say of a pretrained encoder, by its name on the hub; ``not known`` of others.

    Examples
    --------
    >>> licence_of_encoder("openai/whisper-tiny.en"), licence_of_encoder("somebody/else")
    ('MIT or Apache-2.0', 'not known')
    """
    return _content().encoders.get(source, "not known")


def _find(name: str) -> Licence:
    every = _content().licences
    for rank, licence in enumerate(every):
        if name.lower().replace(" ", "-") in (known.lower().replace(" ", "-") for known in licence.names):
            return Licence(name, rank, licence.hub, licence.why, True)
    return Licence(name, len(every), None, NOT_KNOWN, False)
