"""What a scheme makes of the corpora's labels: utterances of each class, every merge and every drop.

    xser labels
    xser labels emodb turevdb --scheme four_calm
    xser labels --scheme mine.yaml --csv labels.csv
    xser labels --schemes

The numbers are those of the official releases; stage 1 prints the same table of the recordings that it finds. A `?` is
a number that is not published label by label, and `+` stands behind a sum without such numbers. A scheme of your own is
a YAML file: `emotions` (the classes in order), and where wanted `merges` (emotion: class) and `merges_in` (corpus: the
same, for that corpus alone).
"""

import argparse
import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from xser.commands.options import add_recipes_option
from xser.core.errors import XserError
from xser.core.files import folder_of, write_text
from xser.core.words import close_match
from xser.corpora.description.class_counts import ClassCounts, class_table, count_classes, label_notes
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.emotions import SCHEMES, Scheme, load_scheme
from xser.experiments.catalogue import Catalogue, catalogue_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser labels``."""
    parser.add_argument("corpora", metavar="corpus", nargs="*", help="recipes to show (default: all)")
    parser.add_argument("--scheme", metavar="X", default="four", help="a scheme's name, or a YAML file of one")
    parser.add_argument("--schemes", action="store_true", help="list the schemes there are, and nothing else")
    parser.add_argument("--csv", metavar="FILE", help="write the table there instead of printing it")
    parser.add_argument("--json", action="store_true", help="print all as JSON, label by label")
    add_recipes_option(parser)


def main(options: argparse.Namespace) -> None:
    """Print or write the table corpus x class."""
    if options.schemes:
        print("\n".join(_scheme_line(scheme) for scheme in SCHEMES.values()))
        return
    catalogue = catalogue_of(options.recipes)
    scheme = load_scheme(options.scheme, catalogue.corpus_ids)
    corpora = [catalogue.corpus(name) for name in _chosen(options.corpora, catalogue)]
    rows = [
        count_classes(corpus.id, corpus.id, corpus.languages, corpus.labels, corpus.counts, scheme)
        for corpus in corpora
    ]
    if options.csv:
        write_text(folder_of(options.csv), _as_csv(rows))
    if options.json:
        print(json.dumps(_as_data(rows, scheme), ensure_ascii=False, indent=2))
    elif not options.csv:
        print(_as_text(rows, corpora, scheme))


def _chosen(names: Sequence[str], catalogue: Catalogue) -> list[str]:
    for name in names:
        if name not in catalogue.corpus_ids:
            known = catalogue.corpus_ids
            raise XserError(f"there is no corpus {name!r}{close_match(name, known)}; there are {', '.join(known)}")
    return list(dict.fromkeys(names)) or catalogue.corpus_ids


def _scheme_line(scheme: Scheme) -> str:
    return f"{scheme.name}: {', '.join(scheme.emotions)}" + "".join(f"; {merge}" for merge in scheme.describe_merges())


def _as_text(rows: Sequence[ClassCounts], corpora: Sequence[Corpus], scheme: Scheme) -> str:
    lines = [f"utterances of the official releases, scheme {_scheme_line(scheme)}", "", *class_table(rows), ""]
    for row, corpus in zip(rows, corpora, strict=True):
        lines += [f"{row.name}: {sentence}" for sentence in [*label_notes(row), *_use(row, corpus, scheme)]]
    return "\n".join(lines).rstrip()


def _use(row: ClassCounts, corpus: Corpus, scheme: Scheme) -> list[str]:
    """What a corpus that lacks classes is good for."""
    instead = f"; its recipe takes scheme {corpus.scheme}" if corpus.scheme != scheme.name else ""
    having = len(row.emotions) - len(row.missing)
    if having == 0:
        return [f"cannot be used with this scheme{instead}"]
    if having == 1:
        return [f"cannot be used by itself with this scheme, in which it has one class{instead}"]
    return [f"can be used with the other classes{instead}"] if row.missing else []


def _as_csv(rows: Sequence[ClassCounts]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["corpus", "languages", *rows[0].emotions, "all", "utterances"])
    for row in rows:
        writer.writerow([row.name, " ".join(row.languages), *row.classes.values(), row.kept, row.utterances])
    return text.getvalue()


def _as_data(rows: Sequence[ClassCounts], scheme: Scheme) -> dict[str, Any]:
    return {
        "scheme": {
            "name": scheme.name,
            "emotions": scheme.emotions,
            "merges": scheme.merges,
            "merges_in": scheme.merges_in,
        },
        "corpora": [
            {
                "corpus": row.name,
                "languages": row.languages,
                "utterances": row.utterances,
                "in_scheme": row.kept,
                "classes": row.classes,
                "missing": row.missing,
                "labels": {
                    label.name: {
                        "emotion": label.emotion,
                        "counts_as": label.counts_as,
                        "utterances": label.utterances,
                    }
                    for label in row.labels
                },
            }
            for row in rows
        ],
    }
