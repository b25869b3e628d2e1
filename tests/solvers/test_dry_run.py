import re

import pytest

from netdef.errors import NetdefError
from netdef.prototxt import parse_solver
from netdef.solvers.dry_run import plan_run
from tests.solvers.conftest import SOLVER


def test_all_nets_are_planned(folder):
    text = SOLVER + 'test_iter: 1 test_interval: 1 type: "Adam" momentum2: 0.9'
    planned = plan_run(parse_solver(text, "s"), "s")
    assert (len(planned.train.backward) > 0, len(planned.tests)) == (True, 1)
    assert planned.tests[0].backward == ()
    assert planned.train.weight_bytes == 4 * (7 * 5 + 7 + 3 * 7 + 3)
    assert planned.history_bytes == 2 * planned.train.weight_bytes


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("fixed", "fixd", "s: no lr_policy 'fixd'; did you mean 'fixed'?"),
        ("max_iter: 6", 'type: "Adm"', "s: no solver type 'Adm'; did you mean 'Adam'?"),
        (
            "net.prototxt",
            "nt.prototxt",
            "s: net 'nt.prototxt' is neither in the current folder nor in .",
        ),
    ],
)
def test_what_cannot_be_is_refused(folder, old, new, message):
    with pytest.raises(NetdefError, match=f"^{re.escape(message)}$"):
        plan_run(parse_solver(SOLVER.replace(old, new), "s"), "s")
