"""Tables with a row a task, beside published figures: every cell against the prediction files, in every form."""

import html.parser
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, recall_score

from tests.support.made_grid import TEST, make_grid
from tests.support.made_runs import make_run
from xser.core.document import latex
from xser.core.errors import XserError
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import find_runs
from xser.evidence.figures.published import read_published
from xser.evidence.figures.sections import groups_of_tasks, obstacles, section_of, sort_into_sections
from xser.evidence.figures.significance import holm
from xser.evidence.figures.task_figures import MEAN, task_figures
from xser.evidence.pages.material import headings
from xser.evidence.pages.report import write_report
from xser.evidence.pages.task_tables import task_group

TASKS = ("en-de", "cn-de", "en-fr")
SYSTEMS = ("baseline1", "baseline2", "proposed", "upper_bound")
WHOLE = {"de": 120, "fr": 100}


@pytest.fixture(scope="module")
def published(recipes):
    return read_published(recipes / "zero_shot" / "published.yaml")


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    skip = {("cn-de", "upper_bound", seed) for seed in range(2)} | {("en-fr", "proposed", 1)}
    make_grid(folder, TASKS, SYSTEMS, range(2), WHOLE, size=8, kept=60, skip=skip)
    return folder


@pytest.fixture(scope="module")
def report(grid, published, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_report(find_runs(grid), folder, "r", "A <report>", published, "xser report x")
    return folder


class Tables(html.parser.HTMLParser):
    """Reads tables of figures: {name: rows of cells, each the text of its parts}."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.rows, self.cell, self.tags = {}, None, None, set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "table":
            name = dict(attributes).get("data-table")
            self.rows = self.tables.setdefault(name, []) if name else None
        elif tag == "tr" and self.rows is not None:
            self.rows.append([])
        elif tag in ("td", "th") and self.rows is not None:
            self.cell = []
            self.rows[-1].append(self.cell)

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell.append(data)


def markdown_tables(text):
    """{title: rows of cells without marks}, from the Markdown page."""
    tables, rows = {}, None
    for line in text.splitlines():
        if line.startswith("### "):
            rows = tables[line[4:]] = []
        elif line.startswith("| ") and not line.startswith("| ---"):
            rows.append([cell.strip().replace("**", "").replace("*", "") for cell in line.strip("|").split(" | ")])
    return tables


def predictions(grid, task, system):
    target = task[-2:]
    source = f"corpus_{task[:2]}"
    found = sorted(grid.glob(f"runs/{source}+*-to-corpus_{target}/*/{system}*/*/predictions.csv"))
    return [pd.read_csv(path) for path in found]


def test_every_score_comes_from_the_prediction_files(grid, report, published):
    table = markdown_tables((report / "r.md").read_text(encoding="utf-8"))["UAR on the test part"]
    assert table[0][1:4] == ["n (speakers)", "baseline1", "published"]
    names = [f"{one.label} ({name})" for name, one in published.tasks.items()]
    assert [row[0] for row in table[1:]] == [*names, "mean of 2", "mean"]
    frame = pd.read_csv(report / "r.csv")
    for task in TASKS:
        (row,) = [row for row in table if row[0].endswith(f"({task})")]
        for at, system in enumerate(SYSTEMS):
            tested = [one[one["part"] == "test"] for one in predictions(grid, task, system)]
            of_published = row[3 + 2 * at]
            assert of_published.startswith(f"{published.tasks[task].uar[system]:.2f} [")
            if (task, system) == ("cn-de", "upper_bound"):
                assert not tested and row[2 + 2 * at] == "–"
                continue
            assert {len(one) for one in tested} == {TEST[task[-2:]]}
            uars = [100 * recall_score(one["emotion"], one["prediction"], average="macro") for one in tested]
            cell = row[2 + 2 * at]
            assert cell.startswith(f"{np.mean(uars):.1f}") and cell.count("[") == cell.count("⟨") == 1
            assert ("±" in cell) == (len(uars) > 1)
            chosen = frame[(frame["named_task"] == task) & (frame["system"] == system)]
            line = chosen[chosen["evaluated_on"] == "test"].iloc[0]
            f1 = [100 * f1_score(one["emotion"], one["prediction"], average="macro") for one in tested]
            assert line["uar"] == pytest.approx(np.mean(uars), abs=1e-3)
            assert line["macro_f1"] == pytest.approx(np.mean(f1), abs=1e-3)
            assert line["published_uar"] == published.tasks[task].uar[system] and line["comparable"]
    absent = frame[(frame["named_task"] == "de-cn") & (frame["system"] == "proposed")].iloc[0]
    assert np.isnan(absent["uar"]) and absent["published_uar"] == 73.86


def test_all_forms_hold_the_same_cells(report):
    markdown = list(markdown_tables((report / "r.md").read_text(encoding="utf-8")).values())
    page = Tables((report / "r.html").read_text(encoding="utf-8"))
    in_html = [[[" ".join(cell) for cell in row] for row in table] for table in page.tables.values()]
    assert len(markdown) == 8 and in_html == markdown
    text = (report / "r.tex").read_text(encoding="utf-8")
    bodies = re.findall(r"\\toprule\n(.*?)\\bottomrule", text, flags=re.DOTALL)
    for table, body in zip(markdown, bodies, strict=True):
        rows = [line.removesuffix(r" \\").split(" & ") for line in body.splitlines() if " & " in line]
        unmarked = [
            [
                re.sub(r"\{\\scriptsize (.*?)\}(?= |$)", r"\1", re.sub(r"\\text(?:bf|it)\{(.*?)\}(?= |$)", r"\1", cell))
                for cell in row
            ]
            for row in rows
        ]
        assert unmarked == [[latex(cell) for cell in row] for row in table]


def test_latex_is_whole(report):
    text = (report / "r.tex").read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    code = code.replace("{!}{%\n", "{!}{\n")
    assert code.isascii()
    bare = re.sub(r"\\[&%$#_{}]", "", code)
    depth = np.cumsum([(character == "{") - (character == "}") for character in bare])
    assert depth[-1] == 0 and depth.min() == 0
    assert bare.count("$") % 2 == 0 and "%" not in bare and "#" not in bare
    assert "_" not in bare
    for name in ("table", "tabular"):
        assert bare.count(rf"\begin{{{name}}}") == bare.count(rf"\end{{{name}}}") == 8
    for table in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", bare, flags=re.DOTALL):
        assert {line.count("&") for line in table[1].splitlines() if line.endswith(r"\\")} == {len(table[0]) - 1}
    labels = re.findall(r"\\label\{(.*?)\}", code)
    assert len(set(labels)) == len(labels) == 8


def test_the_page_runs_and_loads_nothing_and_escapes_what_comes_from_files(grid, published, tmp_path):
    bad = "<script>alert('x')</script>\"&"
    make_run(tmp_path, "proposed", command=f"bash run.sh {bad}", left_out=[bad], hyperparameters={"key": bad})
    write_report(find_runs(grid) + find_runs(tmp_path), tmp_path / "out", "r", bad, published, f"report {bad}")
    text = (tmp_path / "out" / "r.html").read_text(encoding="utf-8")
    assert "<script" not in text and "alert(&#39;x&#39;)" in text
    assert Tables(text).tags & {"script", "link", "img", "iframe", "object", "embed", "form"} == set()
    assert "default-src 'none'" in text
    assert not re.search(r"""(?:src|srcset|href|action)\s*=\s*["']?[^#"'\s]|url\(|@import""", text)


def test_means_know_which_tasks_share_their_utterances(grid):
    pooled = pool_runs(find_runs(grid))
    rows = [
        row
        for _, columns in sort_into_sections(pooled).items()
        for group in groups_of_tasks(columns)
        for row in group
        if row.name.endswith("de")
    ]
    assert [row.name for row in rows] == ["cn-de", "en-de"]
    scores = task_figures(rows, "whole").scores["proposed"]
    # The made-up systems are right about the same utterances in both tasks: the second tells nothing new, and their
    # mean is known no better than each.
    draws = [scores[name].uar.over_utterances for name in ("cn-de", "en-de", MEAN)]
    assert draws[0].std() > 1
    assert np.array_equal(draws[0], draws[1]) and np.allclose(draws[0], draws[2])


def test_p_values_are_corrected_over_the_tasks_of_a_table(report):
    frame = pd.read_csv(report / "r_differences.csv")
    assert set(frame["evaluated_on"]) == {"test", "whole"}
    for _, rows in frame.groupby(["evaluated_on", "better", "worse"]):
        means = rows["task"].str.startswith("mean")
        assert rows[means]["p_holm"].isna().all() and rows[means]["p"].notna().all()
        tasks = rows[~means]
        assert set(tasks["task"]) == set(TASKS)
        assert tasks["p_holm"].to_numpy() == pytest.approx(holm(tasks["p"]), abs=3e-4)
        assert tasks["p_speakers_holm"].to_numpy() == pytest.approx(holm(tasks["p_speakers"]), abs=3e-4)
        excluded = (tasks["low"] > 0) | (tasks["high"] < 0)
        assert (excluded == (tasks["p"] < 0.05)).sum() >= len(tasks) - 1  # the ends are interpolated


def test_what_is_missing_is_said(grid, published):
    ((section, columns),) = sort_into_sections(pool_runs(find_runs(grid))).items()
    (rows,) = groups_of_tasks(columns, published)
    group = task_group(section, rows, published)
    assert group.against == []
    assert group.gaps == [
        "not run at all: fr-de, cn-fr, de-fr, en-cn, de-cn, fr-cn",
        "en-de: without no_supcon, no_adversary",
        "cn-de: without upper_bound, no_supcon, no_adversary",
        "en-fr: without no_supcon, no_adversary; proposed without seed 1",
        "The mean of 2 on the test part is over en-de, en-fr",
        "The mean of 3 on the whole target is over en-de, cn-de, en-fr",
    ]
    assert MEAN not in group.figures["test"].scores["proposed"]
    own = task_group(section, groups_of_tasks(columns)[0])
    assert MEAN in own.figures["test"].scores["proposed"] and own.gaps == [
        "cn-de: without upper_bound",
        "en-fr: proposed without seed 1",
        "The mean of 2 on the test part is over en-de, en-fr",
    ]


def test_the_mean_of_an_unfinished_grid_is_over_the_tasks_of_all_systems_in_both_columns(grid, report, published):
    rows = markdown_tables((report / "r.md").read_text(encoding="utf-8"))["UAR on the test part"]
    shared = ["en-de", "en-fr"]  # cn-de has no upper_bound
    for at, system in enumerate(SYSTEMS):
        uars = []
        for task in shared:
            tested = [one[one["part"] == "test"] for one in predictions(grid, task, system)]
            each = [100 * recall_score(one["emotion"], one["prediction"], average="macro") for one in tested]
            uars.append(np.mean(each))
        ours, theirs = rows[-2][2 + 2 * at : 4 + 2 * at]
        assert ours.startswith(f"{np.mean(uars):.1f}")
        assert theirs == f"{np.mean([published.tasks[task].uar[system] for task in shared]):.2f}"
        assert rows[-1][2 + 2 * at : 4 + 2 * at] == ["–", f"{published.mean.uar[system]:.2f}"]


@pytest.mark.parametrize(
    ("info", "whole", "reason"),
    [
        ({"split": "speaker"}, WHOLE, "split is speaker, published paper"),
        ({"scheme": "four_calm"}, WHOLE, "scheme is four_calm, published four"),
        ({"target_statistics": "corpus"}, WHOLE, "target_statistics is corpus, published none"),
        ({"made_up": True}, WHOLE, "recordings are made up"),
        ({"complete": False}, WHOLE, "corpora are incomplete"),
        ({}, {"de": 20}, "the test part of en-de has 20 utterances, published 38"),
    ],
)
def test_published_figures_of_another_test_are_set_aside(tmp_path, published, info, whole, reason):
    make_grid(tmp_path, ["en-de"], ["proposed"], range(1), whole, kept=0, **info)
    pooled = pool_runs(find_runs(tmp_path))
    ((section, columns),) = sort_into_sections(pooled).items()
    (rows,) = groups_of_tasks(columns, published)
    assert obstacles(section, rows, published) == [reason]
    group = task_group(section, rows, published)
    assert group.tables[0].header[3] == "published †"
    assert {cell.style for row in group.tables[0].rows for cell in row[3::2]} == {"aside"}
    write_report(find_runs(tmp_path), tmp_path / "out", "r", "R", published)
    for suffix in (".md", ".html"):
        assert f"another test and no measure of ours: {reason}" in (tmp_path / "out" / f"r{suffix}").read_text("utf-8")


def test_regimes_and_ways_of_training_never_share_a_column(tmp_path):
    for seed, info in enumerate(
        [{}, {"target_statistics": "corpus"}, {"finetuning": "peft"}, {"finetuning": "frozen"}]
    ):
        make_grid(tmp_path / str(seed), ["en-de"], ["proposed"], [seed], {"de": 50}, kept=0, **info)
    sections = sort_into_sections(pool_runs(find_runs(tmp_path)))
    seeds = {
        (section.target_statistics, section.finetuning): [
            system.seeds for task in columns.values() for system in task.values()
        ]
        for section, columns in sections.items()
    }
    assert seeds == {("none", ""): [(0,)], ("corpus", ""): [(1,)], ("none", "peft"): [(2,)], ("none", "frozen"): [(3,)]}


def test_encoders_by_the_sources_language_are_one_table(tmp_path, published):
    rule = {"encoder_option": "language_matched"}
    make_grid(tmp_path, ["en-de"], ["proposed"], [0], {"de": 50}, kept=0, encoder="english", **rule)
    make_grid(tmp_path, ["cn-de"], ["proposed"], [0], {"de": 50}, kept=0, encoder="chinese", **rule)
    ((section, columns),) = sort_into_sections(pool_runs(find_runs(tmp_path))).items()
    assert section.encoder == "language_matched" and len(columns) == 2
    write_report(find_runs(tmp_path), tmp_path / "out", "r", "R", published)
    text = (tmp_path / "out" / "r.md").read_text(encoding="utf-8")
    assert "encoders `chinese` (" in text and "`english` (" in text


def test_other_tasks_stand_in_a_table_of_their_own(grid, tmp_path, published):
    make_run(tmp_path, "proposed", split="paper")
    pooled = pool_runs(find_runs(grid) + find_runs(tmp_path))
    ((section, columns),) = sort_into_sections(pooled).items()
    first, second = groups_of_tasks(columns, published)
    assert len(first) == 9 and [row.name for row in second] == ["beta+gamma-to-alpha"]
    assert "published" not in task_group(section, second, published).tables[0].header


def test_what_was_learned_from_stands_beside_what_was_published(tmp_path, published):
    counts = {"utterances": 20164, "published_utterances": 20165, "speakers": 288, "published_speakers": 288}
    make_grid(tmp_path, ["en-de"], ["proposed"], [0], {"de": 50}, kept=0, task_training=counts)
    write_report(find_runs(tmp_path), tmp_path / "out", "r", "R", published)
    text = (tmp_path / "out" / "r.md").read_text(encoding="utf-8")
    assert "Learned from other numbers than published: en-de: 20164 training utterances, published 20165." in text


def test_tasks_that_do_not_belong_together_are_refused(tmp_path, published):
    make_grid(tmp_path / "a", ["en-de"], ["proposed"], [0], {"de": 50}, kept=0)
    make_grid(tmp_path / "b", ["cn-de"], ["proposed"], [0], {"de": 60}, kept=0)
    with pytest.raises(XserError, match="cn-de and en-de have one target but were evaluated on different utterances"):
        write_report(find_runs(tmp_path), tmp_path / "out", "r", "R", published)
    assert not (tmp_path / "out").exists()
    make_grid(tmp_path / "c", ["en-de"], ["proposed"], [1], {"de": 50}, kept=0, encoder_identity="other")
    with pytest.raises(XserError, match="other encoders of one name"):
        pool_runs(find_runs(tmp_path / "a") + find_runs(tmp_path / "c"))


def test_the_same_runs_give_the_same_bytes(grid, report, tmp_path, published):
    write_report(find_runs(grid)[::-1], tmp_path, "r", "A <report>", published, "xser report x")
    names = {f"r{suffix}" for suffix in (".md", ".tex", ".html", ".csv", ".json", ".png", "_differences.csv")}
    assert {path.name for path in report.iterdir()} == names
    for name in names:
        assert (report / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_headings_tell_sections_apart(grid):
    section = section_of(pool_runs(find_runs(grid))[0])
    assert headings([section]) == {section: "Unseen language, blind, encoder `compact`"}
    other = section._replace(split="speaker", hyperparameters="a=1")
    assert list(headings([section, other]).values()) == [
        "Unseen language, blind, encoder `compact`, split `paper`, hyperparameters `none`",
        "Unseen language, blind, encoder `compact`, split `speaker`, hyperparameters `a=1`",
    ]


def test_sections_know_every_field_of_a_setting(grid):
    (system, *_) = pool_runs(find_runs(grid))
    assert set(system.setting._fields) - set(section_of(system)._fields) == {"task", "target"}
