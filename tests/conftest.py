"""What all tests share."""

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


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
