"""The report's page in a browser: it opens from a file without a network, and its switches work without a script."""

import json
import re
import subprocess

import pytest

from tests.support.browser import BROWSER
from tests.support.made_grid import make_grid
from xser.evidence.figures.predictions import find_runs
from xser.evidence.figures.published import read_published
from xser.evidence.pages.report import write_report

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser, google-chrome or chrome here")

CHECK = """
<script>
const mark = (part) => document.querySelector(`.picture .${part} path`);
const dots = () => [...document.querySelectorAll("details[open] .sources path")];
const strokes = () => dots().map((dot) => getComputedStyle(dot).stroke);
const shown = (name) => getComputedStyle(document.querySelector(name)).display;
const found = {};
const look = (id) => {
  document.querySelector(`label[for=${id}]`).click();
  found[id] = {
    colours: new Set(strokes()).size,
    legends: ["emotion", "language", "speaker"].filter((name) => shown(`.legend.by-${name}`) !== "none"),
  };
};
["by-language", "by-speaker", "by-emotion"].forEach(look);
found.target = getComputedStyle(mark("target").closest(".target")).display;
document.querySelector("label[for=with-target]").click();
found.hidden = getComputedStyle(mark("target").closest(".target")).display;
found.last = [...document.querySelectorAll(".picture")].every((p) => p.lastElementChild.matches(".target"));
found.size = document.querySelector(".picture").getBoundingClientRect().width;
found.resources = performance.getEntriesByType("resource").map((entry) => entry.name);
found.cells = [...document.querySelectorAll("[data-table=uar_test] tbody tr:first-child > *")].map((c) => c.innerText);
found.pictures = document.querySelectorAll(".picture").length;
found.confusions = document.querySelectorAll(".confusion").length;
found.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
document.body.innerHTML = "";
document.body.textContent = "FOUND" + JSON.stringify(found) + "END";
</script>
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory, recipes):
    folder = tmp_path_factory.mktemp("page")
    make_grid(folder, ["en-de", "en-fr"], ["baseline2", "proposed"], range(2), {"de": 120, "fr": 100}, size=8, kept=80)
    published = read_published(recipes / "zero_shot" / "published.yaml")
    write_report(find_runs(folder), folder / "out ü", "r", "Report", published, "xser report x")
    return folder / "out ü" / "r.html"


def browse(page, profile, width=1280):
    """Open a page; what the browser makes of it, and its log."""
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]
    command += ["--disable-dev-shm-usage", "--enable-logging=stderr", f"--user-data-dir={profile}"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--window-size={width},900", "--dump-dom", page.as_uri()]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr[-2000:]
    return process.stdout, process.stderr


def checked(page, tmp_path, width):
    """What the checking script finds in a copy of the page, which alone may run it."""
    text, count = re.subn(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page.read_text(encoding="utf-8"))
    assert count == 1
    copy = tmp_path / "copy.html"
    copy.write_text(text.replace("</body>", CHECK + "</body>"), encoding="utf-8")
    dom, log = browse(copy, tmp_path / "profile", width)
    assert "CONSOLE" not in log, log
    found = re.search(r"<body>FOUND(\{.*\})END", dom, flags=re.DOTALL)
    assert found, dom[-2000:]
    return json.loads(found[1])


def test_the_page_opens_from_a_file_without_a_complaint(page, tmp_path):
    dom, log = browse(page, tmp_path / "profile")
    assert "CONSOLE" not in log, log
    assert "<h1>Report</h1>" in dom and dom.count('class="picture"') == 4


def test_a_page_that_may_not_run_scripts_does_not(page, tmp_path):
    copy = tmp_path / "copy.html"
    text = page.read_text(encoding="utf-8").replace("</body>", "<script>document.title = 'ran'</script></body>")
    copy.write_text(text, encoding="utf-8")
    dom, log = browse(copy, tmp_path / "profile")
    assert "<title>Report</title>" in dom and "Content Security Policy" in log  # so the log is where complaints go


@pytest.mark.parametrize("width", [1280, 500])
def test_tables_pictures_and_switches_work_at_every_width(page, tmp_path, width):
    found = checked(page, tmp_path, width)
    assert found["resources"] == []
    first, size, ours, published = found["cells"][:4]
    assert first.split() == ["EN→DE", "(en-de)"] and size.startswith("38 (")
    assert ours == "–" and published.startswith("52.23")
    assert (found["pictures"], found["confusions"]) == (4, 8)
    assert found["by-emotion"] == {"colours": 4, "legends": ["emotion"]}
    assert found["by-language"] == {"colours": 3, "legends": ["language"]}
    assert found["by-speaker"]["legends"] == ["speaker"] and found["by-speaker"]["colours"] == 8
    assert found["target"] != "none" and found["hidden"] == "none" and found["last"]
    assert found["size"] > 200
    assert found["wide"] <= 0  # wide tables scroll by themselves, the page does not
