"""What is printed of an experiment before the work: what will be done, and what a user may want to change."""

from xser.corpora.description.emotions import SCHEMES
from xser.experiments.experiment import Experiment
from xser.protocol.tasks import Selection


def preview(experiment: Experiment) -> list[str]:
    """Describe an experiment in a few lines: task, scheme, split and systems, and classes that a corpus lacks."""
    task, split = experiment.task, experiment.split
    sources = ", ".join(map(str, task.sources))
    what = f"{sources} -> {task.target}" if task.target else f"within {sources}"
    systems = ", ".join(system.name for system in experiment.systems)
    seeds = f"seed{'s' if len(experiment.seeds) > 1 else ''} {', '.join(map(str, experiment.seeds))}"
    lines = [
        what,
        f"  scheme {experiment.scheme.name}: {', '.join(experiment.scheme.emotions)}; split {split.name}",
        f"  {systems} with {experiment.encoder_and_finetuning}, {seeds}; in {experiment.work_dir}",
    ]
    return lines + [f"  {line}" for selection in task.selections for line in _missing(experiment, selection)]


def _missing(experiment: Experiment, selection: Selection) -> list[str]:
    """Classes that no label of a corpus counts as, and the scheme that would have them."""
    scheme, corpus = experiment.scheme, selection.corpus
    emotions = [emotion for emotion in corpus.labels.values() if emotion]
    there = {scheme.emotion_of(emotion, corpus.id) for emotion in emotions}
    lines = []
    for missing in [emotion for emotion in scheme.emotions if emotion not in there]:
        better = [
            other
            for other in SCHEMES.values()
            if set(other.emotions) == set(scheme.emotions)
            and missing in {other.emotion_of(emotion, corpus.id) for emotion in emotions}
        ]
        counted = [
            f"--scheme {other.name} counts {emotion} as {missing}"
            for other in better
            for emotion in dict.fromkeys(emotions)
            if other.emotion_of(emotion, corpus.id) == missing
        ]
        lines.append(f"{selection} has no {missing}" + (f": {counted[0]}" if counted else ""))
    return lines
