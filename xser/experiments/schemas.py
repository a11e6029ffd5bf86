"""The files of experiments that people write by hand, by the name of their JSON schema in recipes/schemas.

`xser.core.records.write_schemas` writes them.
"""

from typing import Any, Literal

import pydantic

from xser.experiments.encoder_choice import LanguageMatched
from xser.experiments.hyperparameter_table import TABLE, Hyperparameter
from xser.experiments.named_tasks import Grids
from xser.experiments.systems import SystemRecord


class _SystemYaml(SystemRecord):
    """A system of recipes/hparams/systems: what it is, and the hyperparameters that it sets."""

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")  # objects, and keys that they refer to


def _field(known: Hyperparameter) -> tuple[Any, Any]:
    """The type and the description of a hyperparameter, which may be left out."""
    kind: Any = Literal.__getitem__(known.choices) if known.choices else known.type
    if known.number_too:
        kind = kind | int
    if known.null:
        kind = kind | None
    limits = {"ge": known.least, "le": known.most}
    given: dict[str, Any] = {name: limit for name, limit in limits.items() if limit is not None}
    return kind, pydantic.Field(default_factory=lambda: None, description=known.help, **given)


_fields: dict[str, Any] = {
    known.key: _field(known) for known in TABLE.values() if known.set_by not in ("data", "option")
}
SystemYaml = pydantic.create_model("SystemYaml", __base__=_SystemYaml, __doc__=_SystemYaml.__doc__, **_fields)

KINDS = {"tasks": Grids, "language_matched": LanguageMatched, "system": SystemYaml}
