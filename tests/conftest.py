"""Fixtures that every part shares: the recorded data, where it is at hand."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of recorded data beside the checkout; skip, and say so, where there is none."""
    if not SHARED.is_dir():
        pytest.skip("needs the recorded data of ../shared/data, which is not here")
    return SHARED
