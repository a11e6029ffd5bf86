"""From what was measured to the ratios, the table and the page."""

import importlib.metadata
import os
import platform
import statistics

from xser.core.errors import XserError
from xser.core.files import write_text

VERSIONED = ("torch", "transformers", "speechbrain", "safetensors")


def described_machine(threads):
    """What the figures were measured on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "threads": threads,
        "load_at_the_start": round(os.getloadavg()[0], 1),
        "processor": platform.machine(),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONED},
    }


def ratios(found):
    """The promises of docs/research/cost.md, each with what was measured.

    Returns
    -------
    list of dict
        ``what``, ``plain``, ``ours``, ``ratio`` (texts) and ``promise`` with ``holds``, or neither for what is only
        told.
    """
    ours, plain, switch = found["peft"]["ours"], found["peft"]["plain"], found["plain_frozen_switch"]
    rows = []
    for clock, promised in (("wall", 3.0), ("cpu", None)):
        (mine, *mine_spread), (theirs, *their_spread) = (_rate(side["steps"], clock) for side in (ours, plain))
        unit = {"wall": "second", "cpu": "second of one core"}[clock]
        rows.append(
            _row(
                f"useful audio, seconds a {unit}",
                _spread(theirs, their_spread, len(plain["steps"])),
                _spread(mine, mine_spread, len(ours["steps"])),
                f"{mine / theirs:.2f} times",
                promised and f"at least {promised:g} times",
                promised and mine / theirs >= promised,
            )
        )
    (switched, *spread), mine = _rate(switch["steps"], "wall"), _rate(ours["steps"], "wall")[0]
    text = _spread(switched, spread, len(switch["steps"]))
    rows.append(_row("the same, plain loop with `freeze_feature_encoder()`", text, "", f"{mine / switched:.2f} times"))
    share = ours["peak_memory"] / plain["peak_memory"]
    rows.append(
        _row("peak memory of the process", *map(_gigabytes, (plain, ours)), f"{share:.2f}", "at most 0.5", share <= 0.5)
    )
    imported = (f"{side['imported'] / 1e9:.2f} GB" for side in (plain, ours))
    rows.append(_row("of it before data and model are loaded", *imported))
    share = ours["peak_memory"] / switch["peak_memory"]
    rows.append(_row("peak memory, `freeze_feature_encoder()`", _gigabytes(switch), _gigabytes(ours), f"{share:.2f}"))
    rows.append(_row("share of padding", *(_percent(_padding(side["steps"])) for side in (plain, ours))))
    seen = (_percent(_seen(side["steps"])) for side in (plain, ours))
    rows.append(_row("share of the drawn audio that the model sees", *seen))
    rows.append(_overhead("our step over a bare step of the same modules", ours, 0.05))
    rows.append(_overhead("the same, compact encoder (the shortest step)", found["compact"], None))
    rows.append(_epochs(found["frozen"]))
    for what, side, promised in (
        ("share of time waiting for data", ours, 0.05),
        ("the same, compact encoder", found["compact"], None),
        ("the same, frozen encoder, kept features", found["frozen"], None),
    ):
        share = _waiting(side["steps"])
        rows.append(_row(what, "", _percent(share), "", promised and "below 5 %", promised and share < promised))
    return rows


def _row(what, plain="", ours="", ratio="", promise=None, holds=None):
    return {"what": what, "plain": plain, "ours": ours, "ratio": ratio, "promise": promise, "holds": holds}


def _rate(steps, clock):
    """Median, least and most of the useful seconds a second of `clock`."""
    rates = [step["useful"] / step[clock] for step in steps]
    return statistics.median(rates), min(rates), max(rates)


def _spread(median, spread, number):
    return f"{median:.2f} ({spread[0]:.2f} to {spread[1]:.2f}, n = {number})"


def _padding(steps):
    return 1 - sum(step["useful"] for step in steps) / sum(step["padded"] for step in steps)


def _seen(steps):
    return sum(step["useful"] for step in steps) / sum(step["available"] for step in steps)


def _waiting(steps):
    return sum(step["waited"] for step in steps) / sum(step["wall"] for step in steps)


def _overhead(what, side, promised):
    """Median over batches of what our step takes beyond a bare one, of the time that all cores spend."""
    pairs = list(zip(side["steps"], side["bare"], strict=True))
    share = statistics.median(step["cpu"] / bare["cpu"] - 1 for step, bare in pairs)
    wall = statistics.median(step["wall"] / bare["wall"] - 1 for step, bare in pairs)
    step, bare = (statistics.median(1000 * each[at]["cpu"] for each in pairs) for at in range(2))
    return _row(
        f"{what}, core time",
        f"bare: {bare:.0f} ms",
        f"{step:.0f} ms (n = {len(pairs)})",
        f"{100 * share:+.1f} % (wall {100 * wall:+.1f} %)",
        promised and f"at most {100 * promised:g} %",
        promised and share <= promised,
    )


def _epochs(frozen):
    """An epoch of the same draws, with the features kept and with the features computed."""
    step = statistics.fmean(each["wall"] for each in frozen["steps"])
    batch = 36 * frozen["features"]["wall"] / frozen["features"]["utterances"]
    return _row(
        "frozen encoder: a batch's share of an epoch, from audio and from kept features",
        f"from audio: {1000 * (batch + step):.0f} ms",
        f"{1000 * step:.1f} ms (n = {len(frozen['steps'])})",
        f"{(batch + step) / step:.0f} times",
        "at least 20 times",
        (batch + step) / step >= 20,
    )


def _percent(share):
    return f"{100 * share:.2f} %"


def _gigabytes(side):
    return f"{side['peak_memory'] / 1e9:.2f} GB"


def written_table(found):
    """The Markdown of what was measured."""
    machine, made = found["machine"], found["material"]
    seconds = "; ".join(
        f"{language} {each['min']:g} to {each['max']:g} s, median {each['50%']:g}"
        for language, each in made["seconds"].items()
    )
    other = made["brought_to_other_durations"]
    repeated = f" (recordings of {', '.join(other)} repeated up to their official durations)" if other else ""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(machine["versions"].items()))
    lines = [
        f"    {found['command']}",
        "",
        f"Encoder `{found['encoder']}`; {made['recordings']} recordings, {made['utterances']} utterances of "
        f"`{made['corpora']}`{repeated}: {seconds}. {machine['threads']} threads on {machine['cores']} cores of "
        f"{machine['processor']}, load {machine['load_at_the_start']} of other programs at the start; {versions}.",
        "",
        "| | plain loop | xser | ratio | promise |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for row in found["ratios"]:
        promise = "" if row["promise"] is None else f"{row['promise']}: {'holds' if row['holds'] else '**missed**'}"
        lines.append(f"| {row['what']} | {row['plain']} | {row['ours']} | {row['ratio']} | {promise} |")
    return "\n".join(lines)


def write_between(page, script, text):
    """Put `text` between the marks of a Markdown page that name `script`.

    Raises
    ------
    XserError
        When the page has no such marks.
    """
    opening, closing = f"<!-- written by tests/benchmarks/{script}: begin -->", f"<!-- {script}: end -->"
    before, begin, rest = page.read_text(encoding="utf-8").partition(opening)
    _, end, after = rest.partition(closing)
    if not (begin and end):
        raise XserError(f"{page} lacks the lines {opening} and {closing}: put them where the table belongs")
    write_text(page, f"{before}{opening}\n\n{text}\n\n{closing}{after}")
