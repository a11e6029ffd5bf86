#!/usr/bin/env python3
"""What the cut of hierarchical batches to their shortest utterance keeps of the audio, and what length then tells.

    python tests/benchmarks/cut_audio.py --data-root ~/corpora

For each value of --shortest_crop_seconds, over the training parts: the share of padding, the share of the drawn audio
that the model sees, and how often a decision tree guesses language and emotion from the length alone.
"""

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import numpy as np  # noqa: E402
from cost_material import material, material_options, quoted_command  # noqa: E402
from cost_table import write_between  # noqa: E402
from sklearn.tree import DecisionTreeClassifier  # noqa: E402
from worker import read_rows  # noqa: E402

from xser.commands.command_line import OneLineParser, run  # noqa: E402
from xser.core.files import write_json  # noqa: E402
from xser.model.samplers import HierarchicalBatches, Lengths  # noqa: E402

FRAMES, CROP = 50, 4.0  # a second; the longest piece of an utterance that is learned from, in seconds
SHORTEST = (0.5, 0.75, 1.0, 1.5, 2.0, None)
EPOCHS = 10


def main(argv):
    """Draw batches, print the table."""
    options = OneLineParser(prog="cut_audio.py", description=__doc__)
    material_options(options)
    options.add_argument("--output", metavar="FILE", help="write what was found, as JSON")
    options.add_argument("--page", metavar="FILE", help="write the table between the marks of this Markdown page")
    chosen = options.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        rows, _, said = material(chosen, Path(chosen.work_dir or temporary).expanduser().resolve(), number=None)
        rows = read_rows(rows)
    found = {
        "command": quoted_command("cut_audio.py", argv),
        "material": said,
        "shares": [shares(rows, shortest) for shortest in SHORTEST],
    }
    print(written(found))
    if chosen.output:
        write_json(Path(chosen.output), found)
    if chosen.page:
        write_between(Path(chosen.page), "cut_audio.py", written(found))


def shares(rows, shortest):
    """What one setting (None: whole utterances, padded) keeps and tells."""
    frames = (rows["seconds"].to_numpy() * FRAMES).astype(int)
    least = 1 if shortest is None else round(shortest * FRAMES)
    lengths = Lengths(frames, least=least, most=round(CROP * FRAMES), alike=shortest is not None)
    labels = {name: rows[name].to_numpy() for name in ("language", "emotion")}
    sampler = HierarchicalBatches(labels["language"], labels["emotion"], 3, 3, seed=0, lengths=lengths)
    batches = [batch for epoch in range(EPOCHS) for batch in (sampler.set_epoch(epoch), *sampler)[1:]]
    drawn = [np.array([draw.index for draw in batch]) for batch in batches]
    seen = [np.minimum(frames[which], batch[0].frames or 10**9) for which, batch in zip(drawn, batches, strict=True)]
    padded = sum(each.max() * len(each) for each in seen)
    seen_all, drawn_all = np.concatenate(seen), np.concatenate(drawn)
    kept = {
        language: float(seen_all[here].sum() / frames[drawn_all[here]].sum())
        for language in sorted(set(labels["language"]))
        for here in [labels["language"][drawn_all] == language]
    }
    return {
        "shortest_crop_seconds": shortest,
        "padding": 1 - float(seen_all.sum() / padded),
        "seen": float(seen_all.sum() / frames[drawn_all].sum()),
        "seen_of": kept,
        **{f"{name} told": told(seen, [label[which] for which in drawn]) for name, label in labels.items()},
    }


def told(seen, labels):
    """Share of right guesses from length, and length by the batch's longest, on every other batch."""
    known = [np.stack([each, each / each.max()], axis=1) for each in seen]
    tree = DecisionTreeClassifier(max_depth=6, random_state=0)
    tree.fit(np.concatenate(known[::2]), np.concatenate(labels[::2]))
    return float(tree.score(np.concatenate(known[1::2]), np.concatenate(labels[1::2])))


def written(found):
    """The Markdown of what was found."""
    languages = list(found["shares"][0]["seen_of"])
    lasting = found["material"]["seconds"].items()
    columns = ["`--shortest_crop_seconds`", "padding", "audio seen", *languages, "language guessed", "emotion guessed"]
    lines = [
        f"    {found['command']}",
        "",
        "; ".join(f"{name} {each['min']:g} to {each['max']:g} s, median {each['50%']:g}" for name, each in lasting)
        + f". Guessing at random: {100 / len(languages):.1f} % and 25.0 %.",
        "",
        f"| {' | '.join(columns)} |",
        f"| --- |{' ---: |' * (len(columns) - 1)}",
    ]
    for each in found["shares"]:
        shortest = each["shortest_crop_seconds"]
        values = [each["padding"], each["seen"], *each["seen_of"].values(), each["language told"], each["emotion told"]]
        name = "`--like_durations false`" if shortest is None else f"{shortest:g}"
        lines.append(f"| {name} | {' | '.join(f'{100 * value:.1f} %' for value in values)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    run(lambda: main(sys.argv[1:]))
