"""EmoBox's folder of published folds, made from a list of utterances."""

import json


def write_emobox(root, id, listed):
    """Write ``data/<id>/fold_<N>/<id>_<part>_fold_<N>.jsonl`` below `root` as EmoBox lays them out.

    Parameters
    ----------
    root : Path
    id : str
        The corpus.
    listed : dict of int to dict of str to list
        Fold -> part -> utterances as (path below the corpus's root, label, key or None, whether it is a stretch of a
        long recording).

    Returns
    -------
    Path
        `root`.
    """
    for fold, parts in listed.items():
        folder = root / "data" / id / f"fold_{fold}"
        folder.mkdir(parents=True, exist_ok=True)
        for part, utterances in parts.items():
            lines = [line(id, number, *utterance) for number, utterance in enumerate(utterances)]
            (folder / f"{id}_{part}_fold_{fold}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def line(id, number, path, label, key=None, is_segment=False):
    """A line as EmoBox writes it: JSON in ASCII."""
    content = {
        "key": f"{id}-{key or number}", "dataset": id, "wav": f"downloads/{id}/{path}", "type": "raw",
        "sample_rate": 16000, "num_frame": 16000.0, "task": "category", "length": 1.0, "emo": label, "channel": 1,
    }  # fmt: skip
    return json.dumps(content | ({"start_time": 2.0 * number, "end_time": 2.0 * number + 1} if is_segment else {}))
