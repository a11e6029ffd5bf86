"""The picture of the embeddings: the target has no part in the projection, and damaged files are refused."""

import numpy as np
import pytest

from tests.support.made_grid import make_grid
from xser.core.errors import XserError
from xser.evidence.figures.embeddings import read_embeddings, write_embeddings
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import find_runs
from xser.evidence.figures.projection import MOST, SIDE, project, projection_of


@pytest.fixture
def system(tmp_path):
    make_grid(tmp_path, ["en-de"], ["proposed"], range(2), {"de": 700}, size=12, kept=650)
    return pool_runs(find_runs(tmp_path))[0]


def test_the_target_has_no_part_in_the_projection():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(60, 6)) * np.array([5, 3, 1, 1, 1, 1])
    is_source = np.arange(60) < 40
    first, explained = project(embeddings, is_source)
    moved = embeddings.copy()
    moved[~is_source] = 1000 * rng.normal(size=(20, 6))
    second, again = project(moved, is_source)
    assert np.array_equal(first[is_source], second[is_source]) and explained == again
    centred = embeddings - embeddings[is_source].mean(axis=0)
    _, _, axes = np.linalg.svd(centred[is_source], full_matrices=False)
    for axis in range(2):
        assert np.allclose(np.abs(first[:, axis]), np.abs(centred @ axes[axis]))


def test_a_picture_shows_some_of_each_with_the_target_last(system):
    projection = projection_of(system)
    parts = projection.rows["part"].tolist()
    assert parts == ["source"] * MOST + ["target"] * MOST
    assert projection.points.min() >= 0 and projection.points.max() <= SIDE
    assert projection.fitted == 651 and 0 < sum(projection.explained) <= 1
    assert projection.run.info.seed == 0


def test_the_first_run_that_kept_embeddings_is_shown_and_none_is_no_error(system):
    (system.runs[0].folder / "embeddings.npz").unlink()
    assert projection_of(system).run.info.seed == 1
    (system.runs[1].folder / "embeddings.npz").unlink()
    assert projection_of(system) is None


def damage_nothing_left(path):
    path.write_bytes(b"")


def damage_cut(path):
    path.write_bytes(path.read_bytes()[:2000])


def damage_inside(path):
    content = bytearray(path.read_bytes())
    at = len(content) // 3
    content[at : at + 40] = bytes(40)
    path.write_bytes(content)


def damage_numbers(path):
    rows, embeddings = read_embeddings(path)
    embeddings[3, 2] = np.nan
    write_embeddings(path, rows, embeddings)


def damage_length(path):
    rows, embeddings = read_embeddings(path)
    write_embeddings(path, rows, embeddings[:-1])


def damage_emotion(path):
    rows, embeddings = read_embeddings(path)
    write_embeddings(path, rows.assign(emotion="bored"), embeddings)


@pytest.mark.parametrize(
    "damage", [damage_nothing_left, damage_cut, damage_inside, damage_numbers, damage_length, damage_emotion]
)
def test_a_damaged_file_is_named_with_the_remedy(system, damage):
    path = system.runs[0].folder / "embeddings.npz"
    damage(path)
    with pytest.raises(XserError, match="run stage 3") as error:
        projection_of(system)
    assert str(path) in str(error.value)
