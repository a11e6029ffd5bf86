"""What a grid costs, judged by the runs that are finished: the text of ``--dry-run``."""

import collections
import re
import shlex
import statistics

from xser.core.files import read_json
from xser.experiments.runs import PlannedRun
from xser.protocol.systems import read_system


def describe_cost(cells, options, command):
    """Say what of a grid is finished, what is to do, and how long that takes.

    Parameters
    ----------
    cells : list of Cell
        Of `xser.grid.grid.plan_cells`.
    options : argparse.Namespace
        Of `xser.grid.grid.read_options`: ``grid`` and ``at_once``.
    command : list of str
        What starts one cell when ``--task``, ``--system`` and ``--seed`` are put behind it.

    Returns
    -------
    str
    """
    measured, devices = _measured({cell.experiment.work_dir for cell in cells})
    rows, unknown, seconds, to_do, finished = {}, {}, 0.0, 0, 0
    for cell in cells:
        row = rows.setdefault((cell.task, cell.system), [0, 0, 0.0])
        if cell.is_finished:
            row[0] += 1
            finished += 1
            continue
        row[1] += 1
        to_do += 1
        key = _key(cell)
        if key in measured:
            cost = statistics.median(measured[key]) * len(cell.runs or [None])
            row[2] += cost
            seconds += cost
        else:
            row[2] = float("nan")
            unknown.setdefault(key, cell)
    lines = [f"grid {options.grid}: {len(cells)} cells: {finished} finished, {to_do} to do", ""]
    lines += _table(rows)
    lines.append("")
    if any(cell.runs is None for cell in cells):
        lines.append("Stages 0 and 1 (audio and manifests) are still to run: the grid does that first, once.")
    if to_do and seconds:
        known = to_do - sum(_key(cell) in unknown for cell in cells if not cell.is_finished)
        at_once = f", {duration(seconds / options.at_once)} with --at-once {options.at_once}" if options.at_once else ""
        lines.append(
            f"Training of {known} cells: about {duration(seconds)} one after the other{at_once} (median of the "
            f"finished runs of the same system, encoder and steps, on {', '.join(sorted(devices))})."
        )
    if unknown:
        lines.append("No run of these is finished, so what they cost cannot be known yet; one cell of each tells:")
        lines += [f"  {each}" for each in _to_find_out(unknown, command)]
    return "\n".join(lines)


def _to_find_out(unknown, command):
    """A command for each encoder and number of steps, of a first cell of every system that is not known."""
    together = collections.defaultdict(list)
    for (_, encoder, _, steps), cell in unknown.items():
        together[encoder, steps, cell.task, cell.seed].append(cell.system)
    for (encoder, steps, task, seed), systems in together.items():
        words = [*command, "--task", task, "--system", ",".join(systems), "--seed", str(seed)]
        yield f"{', '.join(systems)} ({encoder}, {steps} steps): {' '.join(map(shlex.quote, words))}"


def _key(cell):
    experiment = cell.experiment
    system = read_system(experiment.hparams / "systems" / f"{cell.system}.yaml")
    steps = PlannedRun(experiment, system, (), cell.seed, 0).value_of("steps")
    return cell.system, experiment.encoder, experiment.finetuning, steps


def _measured(work_dirs):
    """Seconds of training of the finished runs by what decides on them, and the devices they ran on."""
    seconds, devices = collections.defaultdict(list), set()
    for path in (path for work_dir in work_dirs for path in work_dir.glob("runs/*/*/*/*/trained.json")):
        info = read_json(path)
        asked = re.search(r"^steps: (\d+)", (path.parent / "hyperparameters.yaml").read_text(encoding="utf-8"), re.M)
        if asked and {"train_seconds", "device"} <= info.keys():  # runs of older versions do not say where
            key = (info["system"], info["encoder"], info.get("finetuning"), int(asked[1]))
            seconds[key].append(info["train_seconds"])
            devices.add(info["device"])
    return seconds, devices


def _table(rows):
    width = [max(len(key[at]) for key in [("task", "system"), *rows]) for at in range(2)]
    lines = [f"{'task':<{width[0]}}  {'system':<{width[1]}}  finished  to do  training"]
    for (task, system), (finished, to_do, seconds) in rows.items():
        cost = "-" if not to_do else "not known" if seconds != seconds else duration(seconds)
        lines.append(f"{task:<{width[0]}}  {system:<{width[1]}}  {finished:>8}  {to_do:>5}  {cost}")
    return lines


def duration(seconds):
    """Write a duration for people.

    Examples
    --------
    >>> duration(42), duration(170), duration(3700), duration(200000)
    ('42 s', '3 min', '1 h 2 min', '55 h 33 min')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
