"""Long work says how far it is: on a terminal with a bar, in a log with a line now and then."""

import io

import pytest

from xser.core import progress as module
from xser.core.progress import progress


@pytest.fixture
def clock(monkeypatch):
    """Return a list whose sum is the time."""
    ticks = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: sum(ticks))
    return ticks


def work(clock, steps, seconds, fail=False, **options):
    with progress(10, "features", "utterances", **options) as bar:
        for step in range(steps):
            clock.append(seconds)
            bar.update()
            bar.note(f"batch {step}")
        if fail:
            raise KeyboardInterrupt


def test_a_log_gets_a_line_every_half_minute_and_one_at_the_end(clock, caplog):
    caplog.set_level("INFO")
    work(clock, 10, 12)
    assert caplog.messages == [
        "features: 3 of 10 utterances, 36 s, some 1:24 min left; batch 1",
        "features: 6 of 10 utterances, 1:12 min, some 48 s left; batch 4",
        "features: 9 of 10 utterances, 1:48 min, some 12 s left; batch 7",
        "features: 10 of 10 utterances, 2:00 min; batch 9",
    ]


def test_what_was_done_before_does_not_count_as_fast(clock, caplog):
    caplog.set_level("INFO")
    work(clock, 1, 60, done=8)
    assert caplog.messages[0] == "features: 9 of 10 utterances, 1:00 min, some 1:00 min left"


def test_short_hidden_and_failed_work_leaves_no_last_line(clock, caplog):
    caplog.set_level("INFO")
    work(clock, 10, 2)
    work(clock, 10, 60, shown=False)
    assert caplog.messages == []
    with pytest.raises(KeyboardInterrupt):
        work(clock, 1, 40, fail=True)
    assert len(caplog.messages) == 1


def test_bytes_of_an_unknown_number_are_written_for_people(clock, caplog):
    caplog.set_level("INFO")
    with progress(None, "speech.zip", "B") as bar:
        clock.append(31)
        bar.update(12_000_000)
    assert caplog.messages[0] == "speech.zip: 12 MB, 31 s"


def test_a_terminal_gets_a_bar_and_no_lines(clock, caplog, monkeypatch):
    caplog.set_level("INFO")
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", terminal)
    work(clock, 10, 60)
    assert "features" in terminal.getvalue() and "10/10" in terminal.getvalue() and "batch 9" in terminal.getvalue()
    assert caplog.messages == []
