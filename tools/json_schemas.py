"""Write recipes/schemas: the JSON schemas by which editors complete the files that people write by hand.

python tools/json_schemas.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from xser.core.records import write_schemas  # noqa: E402
from xser.corpora import schemas as of_corpora  # noqa: E402
from xser.experiments import schemas as of_experiments  # noqa: E402

if __name__ == "__main__":
    write_schemas(ROOT / "recipes" / "schemas", {**of_corpora.KINDS, **of_experiments.KINDS})
