"""The files of this package that people write by hand, by the name of their JSON schema in recipes/schemas.

`xser.core.records.write_schemas` writes them.
"""

from xser.corpora.description.corpus_yaml import CorpusYaml
from xser.corpora.description.counts import Counts
from xser.corpora.description.emotions import SchemeYaml
from xser.corpora.tables.sidecar import Sidecar

KINDS = {"corpus": CorpusYaml, "counts": Counts, "scheme": SchemeYaml, "table": Sidecar}
