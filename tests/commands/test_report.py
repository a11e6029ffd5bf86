"""The command `xser report`: files from run folders, the same bytes each time, one-line errors."""

import json
import shutil

import pandas as pd
import pytest

from tests.support.made_runs import make_rows, make_run
from xser.commands import report
from xser.commands.command_line import run_command
from xser.evidence.figures.predictions import find_runs
from xser.evidence.pages.report import write_table

SUFFIXES = (".csv", ".json", ".md", ".png")
MORE = (".html", ".tex", "_differences.csv")


@pytest.fixture
def runs(tmp_path):
    """A folder of runs: three systems, two seeds, one of them with a candidate per source."""
    folder = tmp_path / "exp ü"
    for seed in range(2):
        for system, accuracy in (("baseline2", 0.5), ("proposed", 0.7)):
            make_run(folder, system, accuracy, seed=seed)
        for source, validation in (("beta", 0.4), ("gamma", 0.5)):
            make_run(folder, "baseline1", 0.4, seed=seed, source=source, validation=validation)
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def main(argv):
    run_command("report", report, list(map(str, argv)))


def failure(capsys, argv):
    """Exit code and the one line that a failing command prints; nothing on standard output."""
    with pytest.raises(SystemExit) as end:
        main(argv)
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and said.out == ""
    return end.value.code, said.err


def test_every_form_and_the_printed_table(tmp_path, runs, capsys):
    main([str(runs), "--output", str(tmp_path / "out"), "--name", "mine"])
    printed = capsys.readouterr().out
    assert set(contents(tmp_path / "out")) == {f"mine{suffix}" for suffix in (*SUFFIXES, *MORE)}
    table = pd.read_csv(tmp_path / "out" / "mine.csv")
    row = table[(table["system"] == "proposed") & (table["evaluated_on"] == "whole")].iloc[0]
    assert f"{row['uar']:.1f} [{row['low']:.1f}, {row['high']:.1f}]" in printed
    assert "baseline1 (gamma)" in printed and "mine.md" in printed
    assert json.loads((tmp_path / "out" / "mine.json").read_text())["command"].startswith("xser report ")


def test_the_same_runs_give_the_same_bytes_wherever_they_lie_and_in_whatever_order(tmp_path, runs):
    write_table(find_runs(runs), tmp_path / "a")
    elsewhere = shutil.copytree(runs, tmp_path / "elsewhere")
    write_table(find_runs(elsewhere)[::-1], tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_folders_that_overlap_count_a_run_once(tmp_path, runs):
    argv = ["--output", str(tmp_path / "out")]
    main([str(runs), str(runs / "runs"), *argv])
    assert len(json.loads((tmp_path / "out" / "results.json").read_text())["runs"]) == 6


def test_an_overview_from_one_command(tmp_path, runs):
    options = ["--output", str(tmp_path / "out"), "--name", "page", "--overview", "--title", "All of it"]
    main([str(runs), *options, "--note", "One.", "--note", "Two."])
    page = (tmp_path / "out" / "page.md").read_text(encoding="utf-8")
    assert page.startswith("# All of it\n\nOne.\n\nTwo.\n\n## `proposed` against `baseline2`, at a glance\n")
    assert set(contents(tmp_path / "out")) == {f"page{suffix}" for suffix in SUFFIXES}


def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(tmp_path, runs, capsys):
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    assert failure(capsys, [tmp_path / "empty", "--output", out]) == (
        1,
        f"xser: no finished run below {tmp_path / 'empty'}: stage 3 (evaluate) makes them\n",
    )
    code, said = failure(capsys, [tmp_path / "nowhere", "--output", out])
    assert code == 1 and "there is no folder" in said
    code, said = failure(capsys, [runs, "--output", out, "--settings", "propsed"])
    assert code == 1 and "no setting 'propsed'" in said
    wrong_options = (
        ["--settings", "proposed", "--overview"],
        ["--name", "a/b"],
        ["--note", "x"],
        ["--overview", "--published", "x"],
        ["--nonsense"],
        ["--name"],
    )
    for wrong in wrong_options:
        code, said = failure(capsys, [runs, "--output", out, *wrong])
        assert code == 2 and "--help" in said
    assert failure(capsys, [runs])[0] == 2
    (tmp_path / "published.yaml").write_text("source: x\nnonsense: 1\n")
    code, said = failure(capsys, [runs, "--output", out, "--published", tmp_path / "published.yaml"])
    assert code == 1 and "unknown key `nonsense`" in said
    embeddings = next(runs.glob("runs/*/*/proposed/*")) / "embeddings.npz"
    embeddings.write_bytes(b"no embeddings")
    code, said = failure(capsys, [runs, "--output", out])
    assert code == 1 and str(embeddings) in said and "run stage 3" in said
    embeddings.unlink()
    path = next(runs.glob("runs/*/*/proposed/*/predictions.csv"))
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-3]))
    code, said = failure(capsys, [runs, "--output", out])
    assert code == 1 and str(path) in said and "run stage 3" in said
    assert not out.exists()


def test_systems_evaluated_on_other_recordings_are_not_put_in_one_table(tmp_path, runs, capsys):
    make_run(runs, "no_supcon", rows=make_rows(100))
    code, said = failure(capsys, [runs, "--output", tmp_path / "out"])
    assert code == 1 and "different utterances or labels" in said


def test_settings_are_compared_with_the_one_that_is_named(tmp_path, runs, capsys):
    options = ["--output", tmp_path / "out", "--name", "choices", "--settings", "proposed", "--note", "Why."]
    main([runs, *options])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"choices.{kind}" for kind in ("md", "csv", "json")}
    page = (tmp_path / "out" / "choices.md").read_text()
    assert "Why." in page and "| `proposed` |" in page and "reference" in capsys.readouterr().out


def test_a_single_system_leaves_no_differences_of_before(tmp_path, runs):
    main([str(runs), "--output", str(tmp_path / "out")])
    assert len(pd.read_csv(tmp_path / "out" / "results_differences.csv")) > 0
    main([*map(str, runs.glob("runs/*/*/proposed")), "--output", str(tmp_path / "out")])
    assert len(pd.read_csv(tmp_path / "out" / "results_differences.csv")) == 0


def test_a_published_file_does_not_say_where_an_encoder_lay(tmp_path):
    make_run(tmp_path, "proposed", encoder_source="/home/someone/models/tiny", encoder_identity="0123")
    main([str(tmp_path), "--output", str(tmp_path / "out"), "--overview"])
    (run_info,) = json.loads((tmp_path / "out" / "results.json").read_text())["runs"]
    assert (run_info["encoder_source"], run_info["encoder_identity"]) == ("tiny", "0123")


def test_runs_of_before_are_ordered_and_compared_as_their_systems_are_now(tmp_path, runs):
    main([runs, "--output", tmp_path / "now"])
    for path in runs.rglob("run.json"):
        content = json.loads(path.read_text())
        new = ("system_order", "compared_with", "content_digest")
        older = {key: value for key, value in content.items() if key not in new}
        path.write_text(json.dumps(older))
    main([runs, "--output", tmp_path / "before"])
    now, before = (pd.read_csv(tmp_path / when / "results_differences.csv") for when in ("now", "before"))
    assert now.equals(before) and set(now["better"]) == {"proposed", "baseline2"}
    tables = [pd.read_csv(tmp_path / when / "results.csv")["system"].tolist() for when in ("now", "before")]
    assert tables[0] == tables[1]


def test_a_system_of_ones_own_stands_where_its_runs_say(tmp_path):
    for name, order, compared_with in (("mine", 2, ["theirs"]), ("theirs", 1, [])):
        make_run(tmp_path, name, system_order=order, compared_with=compared_with)
    main([tmp_path, "--output", tmp_path / "out"])
    assert pd.read_csv(tmp_path / "out" / "results.csv")["system"].tolist()[::2] == ["theirs", "mine"]
    differences = pd.read_csv(tmp_path / "out" / "results_differences.csv")
    assert set(zip(differences["better"], differences["worse"], strict=True)) == {("mine", "theirs")}
