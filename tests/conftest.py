"""What all tests share."""

import gc
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let the garbage collector pass over what collection makes: it stays, and is more than all that tests make."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Look for doctests in the package alone: none are written below this folder."""
    return [collector for collector in (yield) if type(collector) is pytest.Module]


@pytest.fixture(scope="session")
def recipes():
    """Return the folder of recipes."""
    return CHECKOUT / "recipes"


@pytest.fixture(scope="session")
def shared():
    """Return the folder `shared` beside the checkout: real recordings and a pretrained encoder."""
    folder = CHECKOUT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}: real recordings and pretrained encoders are no part of the repository")
    return folder
