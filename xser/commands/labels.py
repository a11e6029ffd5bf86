"""What a scheme makes of the corpora's labels: utterances of each class, every merge and every drop.

    python -m xser.commands.labels
    python -m xser.commands.labels emodb turevdb --scheme four_calm
    python -m xser.commands.labels --scheme mine.yaml --csv labels.csv
    python -m xser.commands.labels --schemes

The numbers are those of the official releases; stage 1 prints the same table of the recordings that it finds. A `?` is
a number that is not published label by label, and `+` stands behind a sum without such numbers. A scheme of your own is
a YAML file: `emotions` (the classes in order), and where wanted `merges` (emotion: class) and `merges_in` (corpus: the
same, for that corpus alone).
"""

import csv
import io
import json

from xser.commands.command_line import OneLineParser, run
from xser.commands.options import PLACE
from xser.core.errors import XserError
from xser.core.files import folder_of, write_text
from xser.core.words import close_match
from xser.corpora.description.class_counts import class_table, count_classes, label_notes
from xser.corpora.description.corpus import corpus_ids, read_corpus
from xser.corpora.description.emotions import SCHEMES, load_scheme


def main(argv):
    """Print or write the table corpus x class."""
    options = parser().parse_args(argv)
    if options.schemes:
        print("\n".join(_scheme_line(scheme) for scheme in SCHEMES.values()))
        return
    recipes = folder_of(options.recipes)
    known = corpus_ids(recipes)
    scheme = load_scheme(options.scheme, known)
    corpora = [read_corpus(recipes / id / "corpus.yaml") for id in _chosen(options.corpora, known, recipes)]
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


def parser():
    """Options of the verb."""
    options = OneLineParser(prog="python -m xser.commands.labels", description=__doc__)
    options.add_argument("corpora", metavar="corpus", nargs="*", help="recipes to show (default: all)")
    options.add_argument(
        "--scheme", metavar="X", default="four", help="a scheme's name, or a YAML file that defines one"
    )
    options.add_argument("--schemes", action="store_true", help="list the schemes there are, and nothing else")
    options.add_argument("--recipes", metavar="DIR", default=PLACE / "recipes", help="the recipes of a checkout")
    options.add_argument("--csv", metavar="FILE", help="write the table there instead of printing it")
    options.add_argument("--json", action="store_true", help="print all as JSON, label by label")
    options.add_argument("--debug", action="store_true", help="show tracebacks")
    return options


def _chosen(names, known, recipes):
    if not known:
        raise XserError(f"{recipes} holds no recipe of a corpus: give --recipes the recipes folder of a checkout")
    for name in names:
        if name not in known:
            raise XserError(f"there is no corpus {name!r}{close_match(name, known)}; {recipes} has {', '.join(known)}")
    return list(dict.fromkeys(names)) or known


def _scheme_line(scheme):
    return f"{scheme.name}: {', '.join(scheme.emotions)}" + "".join(f"; {merge}" for merge in scheme.describe_merges())


def _as_text(rows, corpora, scheme):
    lines = [f"utterances of the official releases, scheme {_scheme_line(scheme)}", "", *class_table(rows), ""]
    for row, corpus in zip(rows, corpora, strict=True):
        lines += [f"{row.name}: {sentence}" for sentence in [*label_notes(row), *_use(row, corpus, scheme)]]
    return "\n".join(lines).rstrip()


def _use(row, corpus, scheme):
    """What a corpus that lacks classes is good for."""
    instead = f"; its recipe takes scheme {corpus.scheme}" if corpus.scheme != scheme.name else ""
    having = len(row.emotions) - len(row.missing)
    if having == 0:
        return [f"cannot be used with this scheme{instead}"]
    if having == 1:
        return [f"cannot be used by itself with this scheme, in which it has one class{instead}"]
    return [f"can be used with the other classes{instead}"] if row.missing else []


def _as_csv(rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["corpus", "languages", *rows[0].emotions, "all", "utterances"])
    for row in rows:
        writer.writerow([row.name, " ".join(row.languages), *row.classes.values(), row.kept, row.utterances])
    return text.getvalue()


def _as_data(rows, scheme):
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


if __name__ == "__main__":
    run(main)
