"""Tests of the model compute on one core: their tensors are small, and other programs may hold the rest."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _one_core():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
