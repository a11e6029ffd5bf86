"""tasks.yaml: the nine tasks of the published table, and what is said of a file that is at fault."""

import pytest

from xser.core.errors import XserError
from xser.experiments.catalogue import Catalogue
from xser.experiments.named_tasks import find_grid, find_task, read_grids
from xser.experiments.selections import resolve_selections
from xser.protocol.tasks import Task

# method: the source and the other non-target languages, URDU always among the latter.
CORPUS = {"en": "meld", "cn": "esd:cmn", "de": "emodb", "fr": "cafe"}
PUBLISHED = {"de": (20165, 288), "fr": (20011, 286), "cn": (9231, 288)}


def test_the_paper_s_nine_tasks(recipes):
    grid = find_grid(Catalogue([recipes]), "paper")
    assert grid.options == {"encoder": "language_matched", "split": "paper"}
    assert [task.name for task in grid.tasks.values()] == [
        "en-de", "cn-de", "fr-de", "en-fr", "cn-fr", "de-fr", "en-cn", "de-cn", "fr-cn"
    ]  # fmt: skip
    for task in grid.tasks.values():
        source, target = task.name.split("-")
        assert (task.source, task.target) == (CORPUS[source], CORPUS[target])
        assert set(task.non_target) == set(CORPUS.values()) - {task.source, task.target} | {"urdu"}
        assert len(task.non_target) == 3 and task.sources == (task.source, *task.non_target)
        assert (task.training_utterances, task.training_speakers) == PUBLISHED[target]


def test_the_published_sums_are_those_of_the_sizes_of_the_corpora(recipes, tmp_path):
    for task in find_grid(Catalogue([recipes]), "paper").tasks.values():
        sources = resolve_selections(task.sources, Catalogue([recipes]), tmp_path)
        (target,) = resolve_selections([task.target], Catalogue([recipes]), tmp_path)
        Task(tuple(sources), target, task.name).check()
        sizes = [source.corpus.stratified["train"] for source in sources]
        assert sum(sizes) == task.training_utterances


def test_an_unknown_name_is_told_with_the_nearest(recipes):
    with pytest.raises(XserError, match=r"no task 'en-dee' \(did you mean en-de\?\).* has en-de, cn-de, .*fr-cn"):
        find_task(Catalogue([recipes]), "en-dee")
    with pytest.raises(XserError, match=r"no grid 'papr' \(did you mean paper\?\)"):
        find_grid(Catalogue([recipes]), "papr")


TASK = "{source: meld, non_target: [cafe], target: emodb}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read"),
        ("a: [", "not valid YAML"),
        ("- a", "key: value"),
        ("g: {options: {}}", "`g: tasks` is missing"),
        ("g: {tasks: {}}", "`g: tasks`"),
        (f"g: {{options: [split], tasks: {{a: {TASK}}}}}", "`g: options`"),
        (f"g: {{tasks: {{a b: {TASK}}}}}", "letters"),
        ("g: {tasks: {a: {source: meld, target: emodb}}}", "`g: tasks: a: non_target` is missing"),
        ("g: {tasks: {a: {source: meld, non_target: cafe, target: emodb}}}", "non_target"),
        ("g: {tasks: {a: {source: [meld], non_target: [cafe], target: emodb}}}", "`g: tasks: a: source` must be text"),
        ("g: {tasks: {a: {source: meld, non_target: [], target: emodb, training_utterances: many}}}", "whole"),
        (f"g: {{tasks: {{a: {TASK}}}}}\nh: {{tasks: {{a: {TASK}}}}}", "two tasks are called a"),
        (f"g:\n  tasks:\n    a: {TASK}\n    b: {{sorce: meld}}", "line 4: unknown key `g: tasks: b: sorce`"),
    ],
)
def test_what_is_wrong_with_the_file_is_told_in_one_line(tmp_path, text, told):
    path = tmp_path / "tasks.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(XserError, match=told) as caught:
        read_grids(path)
    assert "\n" not in str(caught.value) and "tasks.yaml" in str(caught.value)
