"""Systems: what is trained, on what, how. One YAML file each in ``recipes/hparams/systems``."""

import dataclasses
from pathlib import Path

import pydantic

from xser.core.records import parse_record
from xser.experiments.hyperparameters import NOT_HYPERPARAMETERS, read_nodes
from xser.protocol.tasks import TrainedOn


class SystemRecord(pydantic.BaseModel):
    """What a system's file says of the system itself; all else in it are hyperparameters."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    description: str = pydantic.Field("", description="one line for people")
    trained_on: TrainedOn = pydantic.Field(
        description="sources: all sources together; source: each by itself, a run each; target: the target itself"
    )
    order: int = pydantic.Field(100, description="its place in tables: the lower, the earlier")
    compared_with: tuple[str, ...] = pydantic.Field(
        (), description="systems that tables show its difference from, where they were run too"
    )


@dataclasses.dataclass(frozen=True)
class System:
    """A system.

    Attributes
    ----------
    name
        The name of its file, as in ``--system proposed``.
    file
        That file: what it sets differently from ``hparams/train.yaml``.
    record
        What it says of itself.
    """

    name: str
    file: Path
    record: SystemRecord

    @property
    def trained_on(self) -> TrainedOn:
        """What it is trained on. Within one corpus every system is trained on that corpus."""
        return self.record.trained_on


def read_system(path: Path) -> System:
    """Read a system's file. Its hyperparameters are read when they are resolved.

    Raises
    ------
    XserError
        When it does not say what the system is trained on, or a key cannot be.
    """
    nodes = {key: node for key, node in read_nodes(path).items() if key in NOT_HYPERPARAMETERS}
    content = {
        key: [each.value for each in node.value] if isinstance(node.value, list) else node.value
        for key, node in nodes.items()
    }
    return System(path.stem, path, parse_record(SystemRecord, content, path))
