"""What every test may ask for."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The recordings and data beside the checkout; without them the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the recordings and data in {SHARED.name}/ beside the checkout")
    return SHARED
