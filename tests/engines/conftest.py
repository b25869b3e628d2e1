"""What several tests of engines run on."""

import pytest

from tests.engines import stand_in
from tests.engines.test_agree import gpu_module

STAND_IN = stand_in.module()


@pytest.fixture(params=["stand-in", pytest.param("cupy", marks=pytest.mark.gpu)])
def xp(request):
    """What kernels run on: the CPU, or a GPU."""
    return STAND_IN if request.param == "stand-in" else gpu_module()
