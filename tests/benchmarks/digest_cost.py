"""What the digests cost that every reader checks, as a share of each stage's time, in one run on made-up corpora.

python tests/benchmarks/digest_cost.py [--steps 200]

Every stage is run twice in one process: when there is all to do, and again when there is nothing. Seconds within
functions of digests count, with the reading of what they digest.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.support import stages  # noqa: E402
from xser.core import digests  # noqa: E402
from xser.corpora.audio import preparation  # noqa: E402

STAGES = ("prepare", "manifests", "train", "evaluate")
DIGESTS = {
    digests.content_digest, digests.file_digest, digests.samples_digest, digests.sealed, digests.is_as_sealed,
    preparation._digest_of_samples,
}  # fmt: skip


class Clock:
    """Seconds within functions of digests; those that they call count once."""

    def __init__(self) -> None:
        self.seconds, self.depth = 0.0, 0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time added."""

        def call(*arguments: Any, **options: Any) -> Any:
            self.depth += 1
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.depth -= 1
                self.seconds += time.perf_counter() - started if not self.depth else 0

        return call


@contextlib.contextmanager
def timing(clock: Clock) -> Iterator[None]:
    """Time the functions wherever they were imported by name."""
    changed = [
        (module, name, value)
        for module in [each for key, each in sys.modules.items() if key.startswith("xser")]
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__hash__", None) and value in DIGESTS
    ]
    for module, name, value in changed:
        setattr(module, name, clock.timed(value))
    try:
        yield
    finally:
        for module, name, value in changed:
            setattr(module, name, value)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", default="200", help="optimiser steps of the training")
    options = parser.parse_args()
    import xser.experiments.evaluate
    import xser.experiments.train
    import xser.model.encoders.feature_store
    import xser.model.prediction
    import xser.model.training  # noqa: F401

    with tempfile.TemporaryDirectory() as work_dir:
        words = ["zero_shot", "--work-dir", work_dir, "--jobs", "1", "--system", "proposed", "--steps", options.steps]
        print(f"{'stage':<22} {'seconds':>8} {'digests':>8} {'share':>7}")
        for again in ("", ", again"):
            for stage in STAGES:
                clock, started = Clock(), time.perf_counter()
                with timing(clock), contextlib.redirect_stdout(sys.stderr):
                    stages.run(stage, words)
                took = time.perf_counter() - started
                print(f"{stage + again:<22} {took:>8.2f} {clock.seconds:>8.3f} {100 * clock.seconds / took:>6.1f}%")


if __name__ == "__main__":
    main()
