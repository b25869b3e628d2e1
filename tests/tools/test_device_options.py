"""Options that say how nets compute, and what a terminal is shown meanwhile."""

import pytest

from netdef.engines import settings
from netdef.tools.progress import status_line

NET = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }'


@pytest.fixture
def show(netdef, tmp_path, monkeypatch):
    """Run ``netdef show`` with options."""
    (tmp_path / "net.prototxt").write_text(NET)
    monkeypatch.delenv("NETDEF_ENGINE", raising=False)
    return lambda *options: netdef("show", "--model", "net.prototxt", "--stage", "plan", *options)


def test_how_gpus_compute(show):
    assert show().status == 0
    assert (settings.chosen.tf32, settings.chosen.autotune) == (False, False)
    assert show("--tf32", "--autotune").status == 0
    assert (settings.chosen.tf32, settings.chosen.autotune) == (True, True)
    assert settings.chosen.tell is status_line


def test_an_engine_of_gpus_on_the_cpu(show):
    ran = show("--engine", "cudnn")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "netdef: error: the engine cudnn runs on a GPU, and this net on the CPU; give --gpu 0"
        " (solver_mode: GPU), or take one of onednn, numpy\n"
    )
    assert show("--engine", "numpy").status == 0


def test_a_line_that_is_drawn_over(capsys, monkeypatch):
    status_line("to nobody")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    status_line("one")
    status_line("")
    out, err = capsys.readouterr()
    assert out == ""
    assert "one" in err
    assert "nobody" not in err
    assert err.startswith("\r")
