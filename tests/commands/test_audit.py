"""The audit as a user meets it: planted faults by name, in the command and in stage 1, which they stop."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.support import stages
from tests.support.made_audit import make_root, plant_stretch, read, speech_like, write
from xser.audit import corpus
from xser.audit.checks import CHECKS, STOPPING
from xser.audit.confounds import FEWEST_PERMUTATIONS
from xser.audit.kept import KeptAudits
from xser.audit.shared_audio import pairs
from xser.commands import audit
from xser.commands.command_line import parser_of
from xser.core.errors import UsageError, XserError
from xser.core.files import read_json
from xser.core.rows import read_rows


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A data root without a fault, and a work folder where it is prepared and audited."""
    folder = tmp_path_factory.mktemp("with spaces")
    root, work_dir = make_root(folder / "data"), folder / "exp"
    stages.run("prepare manifests", within(root, work_dir))
    return root, work_dir


@pytest.fixture
def place(clean, tmp_path):
    """Copies of both, to change."""
    root, _ = clean
    return shutil.copytree(root, tmp_path / "data"), tmp_path / "exp"


def where(root, work_dir):
    return ["--data-root", str(root), "--work-dir", str(work_dir), "--jobs", "1"]


def within(root, work_dir, *options):
    return ["--corpus", "emodb", *where(root, work_dir), *options]


def zero_shot(root, work_dir, *options):
    return ["--sources", "cafe", "--target", "emodb", *where(root, work_dir), *options]


def options_of(*words):
    """The options of ``xser audit``."""
    words = [str(word) for word in words]
    options = parser_of("audit", audit).parse_args(words)
    options.words = words
    return options


def run_audit(*words):
    """Run the command; return its JSON file's findings by what they are about and by name."""
    output = words[words.index("--output") + 1]
    audit.main(options_of(*words))

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    content = json.loads((output / "audit.json").read_text(encoding="utf-8"), parse_constant=refuse)
    return {(each["about"], each["name"]): each for each in content["findings"]}


def parts_of(clean):
    """Files of the parts of the clean corpus, which speakers decide: they are the same in its copies."""
    rows = read_rows(stages.manifests_of(within(*clean))["emodb"].folder / "manifest.csv")
    return {part: list(mine["source"]) for part, mine in rows.groupby("part")}


def worse_than_a_note(findings):
    return {name for _, name in findings if findings[_, name]["severity"] in ("warning", "severe")}


# The command. ---------------------------------------------------------------------------------------------------------


def test_a_clean_corpus_is_not_accused(clean, tmp_path, capsys):
    found = run_audit("emodb", "--split", "loso", *where(*clean), "--output", tmp_path)
    assert worse_than_a_note(found) == set()
    assert {name for _, name in found} <= set(CHECKS)
    said = capsys.readouterr().out
    assert "emodb: 64 utterances, split loso" in said and "fine: speaker-emotion" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "audit.csv",
        "audit.json",
        "audit.md",
        "audit_emodb.png",
    ]
    assert (tmp_path / "audit_emodb.png").stat().st_size < 150_000
    table = pd.read_csv(tmp_path / "audit.csv")
    assert list(table["name"]) == [name for _, name in found] and set(table["about"]) == {"emodb"}
    page = (tmp_path / "audit.md").read_text(encoding="utf-8")
    assert "![emodb](audit_emodb.png)" in page and "xser audit emodb --split loso" in page


@pytest.fixture(scope="module")
def faulty(clean, tmp_path_factory):
    """What the command finds in a corpus with every fault that recordings can have, and the files that have it."""
    folder = tmp_path_factory.mktemp("faulty")
    root = shutil.copytree(clean[0], folder / "data")
    wavs = sorted((root / "emodb" / "wav").glob("*.wav"))
    by_emotion = {letter: [path for path in wavs if path.name[5] == letter] for letter in "WFNT"}
    planted = {}
    plant_stretch(wavs[0], wavs[-1])
    planted["shared-stretches"] = {wavs[0].stem, wavs[-1].stem}
    write(wavs[9], 0.6 * read(wavs[8])[2000:])
    planted["near-duplicates"] = {wavs[8].stem, wavs[9].stem}
    hiss = 1e-4 * np.random.default_rng(0).standard_normal(80000)
    write(wavs[12], np.concatenate([read(wavs[12]), hiss]))
    planted["silence"] = {wavs[12].stem}
    write(wavs[17], speech_like(17, 0.2))
    planted["too-short"] = {wavs[17].stem}
    for path in by_emotion["T"]:
        write(path, np.clip(8 * read(path), -1, 1))
    planted["clipping"] = planted["level-emotion"] = {path.stem for path in by_emotion["T"]}
    for path in by_emotion["F"]:
        write(path, np.repeat(read(path)[:, None], 2, axis=1))
    planted["mixed-channels"] = {path.stem for path in by_emotion["F"]}
    for path in by_emotion["N"]:
        write(path, read(path), 15000)
    planted["mixed-rates"] = {path.stem for path in by_emotion["N"]}
    for path in by_emotion["W"]:
        write(path, np.concatenate([np.zeros(1600), 0.04 + read(path), np.zeros(800)]))
    found = run_audit("emodb", "--split", "loso", *where(root, folder / "exp"), "--output", folder / "out")
    return {name: finding for (_, name), finding in found.items()}, planted


@pytest.mark.parametrize(
    "name",
    [
        "shared-stretches", "near-duplicates", "silence", "too-short", "clipping", "mixed-channels", "mixed-rates",
    ],
)  # fmt: skip
def test_a_fault_of_recordings_is_found_with_the_recordings_that_have_it(faulty, name):
    found, planted = faulty
    assert found[name]["severity"] != "fine"
    named = {case[key] for case in found[name]["cases"] for key in ("utterance", "one", "other") if key in case}
    assert named == {f"emodb-{stem}" for stem in planted[name]}


@pytest.mark.parametrize(
    "name", ["level-emotion", "dc-emotion", "silence-start-emotion", "silence-end-emotion", "split-stretches"]
)
def test_what_tells_the_emotion_is_found(faulty, name):
    found, _ = faulty
    assert found[name]["severity"] in ("warning", "severe")


def test_what_was_not_planted_is_not_found(faulty):
    found, _ = faulty
    for name in ("speaker-emotion", "text-emotion", "duplicates", "split-speakers", "small-groups"):
        assert found[name]["severity"] == "fine", found[name]


def test_what_stage_0_repairs_is_told_of_the_recordings_alone(clean, place, recipes, tmp_path):
    root, work_dir = place
    for path in (root / "emodb" / "wav").glob("?????W*.wav"):
        write(path, np.concatenate([np.zeros(1600), 0.04 + read(path)]))
    mended = shutil.copytree(recipes, tmp_path / "recipes")
    description = mended / "emodb" / "corpus.yaml"
    description.write_text(
        description.read_text(encoding="utf-8") + "\nrepairs: [dc, digital_silence]\n", encoding="utf-8"
    )
    asked = ("emodb", *where(root, work_dir), "--recipes", mended, "--output", tmp_path / "out")
    repaired, as_recorded = run_audit(*asked), run_audit(*asked, "--as-recorded")
    for name in ("dc-emotion", "silence-start-emotion"):
        assert repaired["emodb", name]["severity"] == "fine"
        assert repaired["emodb", f"recorded-{name}"]["severity"] == "note"
        assert as_recorded["emodb", name]["severity"] in ("warning", "severe")
        assert ("emodb", f"recorded-{name}") not in as_recorded


def test_a_manifest_and_rows_can_be_audited(clean, tmp_path):
    root, work_dir = clean
    (manifest,) = work_dir.glob("manifests/emodb-*/manifest.csv")
    (rows,) = work_dir.glob("audio/emodb-*/rows.csv")
    found = run_audit(manifest, rows, *where(*clean), "--output", tmp_path)
    names = [f"{manifest.parent.name}/manifest.csv", f"{rows.parent.name}/rows.csv"]
    assert {about for about, _ in found} == set(names)
    assert (names[0], "split-speakers") in found and (names[1], "split-speakers") not in found
    assert found[names[0], "split-speakers"]["severity"] == "fine"
    changed = read_rows(manifest)
    changed.loc[changed["part"].eq("train").idxmax(), "part"] = "test"
    changed.to_csv(tmp_path / "manifest.csv", index=False)
    found = run_audit(tmp_path / "manifest.csv", *where(*clean), "--output", tmp_path / "changed")
    assert {name: each["severity"] for (_, name), each in found.items()}[
        "split-speakers"
    ] == "warning"  # no promise known
    shutil.copy(manifest.parent / "manifest.json", tmp_path)
    found = run_audit(tmp_path / "manifest.csv", *where(*clean), "--output", tmp_path / "changed")
    assert {name: each["severity"] for (_, name), each in found.items()}["split-speakers"] == "severe"


def test_several_corpora_are_looked_at_together(place, tmp_path, capsys):
    root, work_dir = place
    one, other = next((root / "cafe").rglob("*.wav")), next((root / "emodb").rglob("*.wav"))
    plant_stretch(one, other)
    found = run_audit("cafe", "emodb", *where(root, work_dir), "--output", tmp_path / "out")
    finding = found["cafe and emodb", "corpora-stretches"]
    assert (finding["severity"], finding["value"]) == ("severe", 1)
    assert {finding["cases"][0]["one"], finding["cases"][0]["other"]} == {f"cafe-{one.stem}", f"emodb-{other.stem}"}
    assert "What corpora share" in capsys.readouterr().out


def test_a_split_that_cannot_be_made_is_a_finding_unless_it_was_asked_for(clean, tmp_path):
    root, work_dir = make_root(tmp_path / "data", emodb=("03", "08")), tmp_path / "exp"
    found = run_audit("emodb", *where(root, work_dir), "--output", tmp_path / "out")
    assert "2 speakers, 3 are needed" in found["emodb", "impossible-split"]["sentence"]
    assert ("emodb", "split-speakers") not in found
    with pytest.raises(XserError, match="3 are needed"):
        run_audit("emodb", "--split", "speaker", *where(root, work_dir), "--output", tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not a table", "has no column"),
        (None, "there is no corpus and no file"),
        ("{header}\n", "holds no utterance"),
        ("{header}\n{row}\n{row}\n", "twice"),
        ("{header},emotion,part\n{row},sad,exam\n", "'part' should be train or valid or test"),
    ],
)
def test_what_cannot_be_audited_is_one_line_and_leaves_nothing(clean, tmp_path, content, said):
    path = tmp_path / "manifest.csv"
    if content is not None:
        (rows,) = clean[1].glob("audio/emodb-*/rows.csv")
        header, row, *_ = rows.read_text(encoding="utf-8").splitlines()
        path.write_text(content.format(header=header, row=row), encoding="utf-8")
    with pytest.raises(XserError, match=said):
        run_audit(path, *where(clean[0], tmp_path / "exp"), "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists() and not (tmp_path / "exp").exists()


def test_a_misspelt_corpus_is_named_as_it_is_spelt(clean, tmp_path):
    with pytest.raises(XserError, match=r"'emodp' \(did you mean emodb\?\)"):
        run_audit("emodp", *where(*clean), "--output", tmp_path / "out")


@pytest.mark.parametrize("words", [("--permutations", "5"), ("--name", "a/b"), ("--system", "proposed"), ()])
def test_wrong_options_are_one_line(clean, words, capsys):
    with pytest.raises(SystemExit) as end:
        options_of(*(["emodb"] if words else []), *words)
    assert end.value.code == 2 and len(capsys.readouterr().err.splitlines()) == 1


def test_missing_recordings_are_told(clean, tmp_path):
    work_dir = shutil.copytree(clean[1], tmp_path / "exp")
    (rows,) = work_dir.glob("audio/emodb-*/rows.csv")
    shutil.rmtree(rows.parent / "audio")
    found = run_audit(rows, *where(clean[0], work_dir), "--output", tmp_path / "out")
    ((about, name),) = found
    assert name == "no-recordings" and "64 of 64 prepared recordings" in found[about, name]["sentence"]


# Stage 1. -------------------------------------------------------------------------------------------------------------


def test_stage_1_prints_a_summary_and_the_second_time_computes_nothing(clean, capsys, monkeypatch):
    for module, name in ((pairs, "shared_pairs"), (corpus, "corpus_findings"), (corpus, "measure_prepared")):
        monkeypatch.setattr(module, name, None)
    before = {path: path.stat().st_mtime_ns for path in KeptAudits(clean[1]).folder.iterdir()}
    stages.run("manifests", within(*clean))
    out = capsys.readouterr().out
    said = [line for line in out.splitlines() if line.startswith("  audit:")]
    assert re.search(
        r"^  emodb: .*; audit: (\d warnings?, )?\d notes? \(--verbose\), \d\d checks fine$", out, re.MULTILINE
    )
    assert said[-1].startswith("  audit: fine    ") and said[-1].endswith("checks")
    assert [line.split()[1] for line in said] == sorted(
        (line.split()[1] for line in said), key=["warning", "note", "fine"].index
    )
    assert before == {path: path.stat().st_mtime_ns for path in KeptAudits(clean[1]).folder.iterdir()}


def test_a_damaged_result_is_made_again(clean, tmp_path):
    root, work_dir = clean[0], shutil.copytree(clean[1], tmp_path / "exp")
    (manifest,) = work_dir.glob("manifests/emodb-four-speaker-*")
    results = [KeptAudits(work_dir).file(f"{manifest.name}{of}") for of in ("", f"-{FEWEST_PERMUTATIONS}")]
    before = [path.read_bytes() for path in results]
    for path, content in zip(results, ("{}", "{"), strict=True):
        path.write_text(content)
    stages.run("manifests", within(root, work_dir))
    assert [path.read_bytes() for path in results] == before


def test_a_stretch_in_train_and_test_stops_stage_1_and_leaves_no_manifest(clean, place):
    root, work_dir = place
    parts = parts_of(clean)
    plant_stretch(root / "emodb" / parts["train"][0], root / "emodb" / parts["test"][0])
    stages.run("prepare", within(root, work_dir))
    with pytest.raises(XserError, match="^emodb: split-stretches: 1 pair of .*--allow split-stretches$") as stopped:
        stages.run("manifests", within(root, work_dir))
    assert "\n" not in str(stopped.value) and "`faults` in corpus.yaml" in str(stopped.value)
    assert not (work_dir / "manifests").exists()
    with pytest.raises(XserError, match="split-stretches"):  # what else is allowed does not matter
        stages.run("manifests", within(root, work_dir, "--allow", "split-speakers"))
    stages.run("manifests", within(root, work_dir, "--allow", "split-stretches,split-speakers"))
    assert list(work_dir.glob("manifests/emodb-*/manifest.json"))


def test_a_nearly_equal_recording_in_train_and_test_stops_it_too(clean, place):
    root, work_dir = place
    parts = parts_of(clean)
    write(root / "emodb" / parts["test"][1], 0.5 * read(root / "emodb" / parts["train"][1])[1000:])
    stages.run("prepare", within(root, work_dir))
    with pytest.raises(XserError, match="emodb: split-near-duplicates: 1 pair"):
        stages.run("manifests", within(root, work_dir))


def test_a_stretch_in_train_and_valid_is_a_warning(clean, place, capsys):
    root, work_dir = place
    parts = parts_of(clean)
    plant_stretch(root / "emodb" / parts["train"][0], root / "emodb" / parts["valid"][0])
    stages.run("prepare manifests", within(root, work_dir))
    assert "audit: warning split-stretches: 1 pair beside valid" in capsys.readouterr().out


def test_the_parts_of_a_target_matter_to_a_system_that_learns_from_them(clean, place, capsys):
    root, work_dir = place
    parts = parts_of(clean)
    plant_stretch(root / "emodb" / parts["train"][0], root / "emodb" / parts["test"][0])
    stages.run("prepare manifests", zero_shot(root, work_dir))
    assert "audit: note    split-stretches" in capsys.readouterr().out
    with pytest.raises(XserError, match="emodb: split-stretches"):
        stages.run("manifests", zero_shot(root, work_dir, "--system", "proposed,upper_bound"))


def test_the_parts_of_a_source_stop_nothing(clean, place, capsys):
    root, work_dir = place
    parts = parts_of(clean)
    plant_stretch(root / "emodb" / parts["train"][0], root / "emodb" / parts["test"][0])
    words = ["--sources", "emodb", "--target", "cafe", *where(root, work_dir)]
    stages.run("prepare manifests", words)
    assert "audit: warning split-stretches" in capsys.readouterr().out


def test_a_stretch_of_the_target_in_a_source_stops_stage_1(clean, place):
    root, work_dir = place
    sources = sorted((root / "cafe").rglob("*.wav"))
    target = root / "emodb" / parts_of(clean)["valid"][0]
    words = zero_shot(root, work_dir)
    stages.run("prepare manifests", words)
    learned = read_rows(stages.manifests_of(words)["cafe"].folder / "manifest.csv").query("part == 'train'")
    plant_stretch(next(path for path in sources if f"cafe-{path.stem}" in set(learned["utterance"])), target)
    stages.run("prepare", words)
    with pytest.raises(XserError, match="^cafe and emodb: corpora-stretches: 1 pair of .*--allow corpora-stretches$"):
        stages.run("manifests", words)
    stages.run("manifests", [*words, "--system", "upper_bound"])  # learns from nothing but the target
    stages.run("manifests", [*words, "--allow=corpora-stretches"])


def test_an_unknown_name_is_refused_with_the_known_ones(clean):
    with pytest.raises(UsageError, match="did you mean split-stretches?") as refused:
        stages.run("manifests", within(*clean, "--allow", "split-stretch"))
    assert all(name in str(refused.value) for name in STOPPING)


def test_what_may_stop_is_a_check():
    assert set(STOPPING) < set(CHECKS)


def test_what_was_allowed_stands_in_the_results_and_changes_no_training(clean, place):
    root, work_dir = place
    parts = parts_of(clean)
    plant_stretch(root / "emodb" / parts["train"][0], root / "emodb" / parts["test"][0])
    words = within(root, work_dir, *stages.TINY)
    allowed = [*words, "--allow", "split-stretches"]
    stages.run("prepare manifests train evaluate", allowed)
    (with_it,), (without,) = (stages.runs_of(each) for each in (allowed, words))
    assert with_it.folder == without.folder and with_it.is_trained
    (said,) = read_json(with_it.folder / "run.json")["allowed"]
    assert said.startswith("emodb: split-stretches: 1 pair of recordings of train and test")
    assert said in next(work_dir.glob("results/**/table.md")).read_text(encoding="utf-8")


def test_a_result_without_a_severe_finding_says_nothing(clean, tmp_path):
    root, work_dir = clean[0], shutil.copytree(clean[1], tmp_path / "exp")
    words = within(root, work_dir, *stages.TINY)
    stages.run("prepare manifests train evaluate", words)
    (run,) = stages.runs_of(words)
    assert read_json(run.folder / "run.json")["allowed"] == []
    assert "allowed" not in next(work_dir.glob("results/**/table.md")).read_text(encoding="utf-8")


def test_a_grid_stops_before_it_trains(place, recipes):
    from xser.commands import grid

    root, work_dir = place
    recipes = shutil.copytree(recipes, work_dir.parent / "recipes")
    tasks = {"fr-de": {"source": "cafe", "non_target": [], "target": "emodb"}}
    (recipes / "zero_shot" / "tasks.yaml").write_text(yaml.safe_dump({"one": {"tasks": tasks}}))
    words = ["one", "--system", "baseline2", "--recipes", str(recipes), *where(root, work_dir), *stages.TINY]
    plant_stretch(*(next((root / name).rglob("*.wav")) for name in ("cafe", "emodb")))
    with pytest.raises(XserError, match="cafe and emodb: corpora-stretches"):
        grid.run_words(words)
    assert not (work_dir / "runs").exists()
