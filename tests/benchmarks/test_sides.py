"""Which forms of PyTorch take part."""

from sides import TUNED, Side, torch_sides

THREADS = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3", "MKL_NUM_THREADS": "3"}


def make():
    raise AssertionError("not started here")


def test_each_form_has_two_layouts_as_they_are_and_compiled():
    found = torch_sides(make, "task", ["user", "tuned"], True, 3)
    form = "torch as started"
    assert found[:4] == [
        Side(form, "NCHW", make, ("task", "contiguous_format", False), THREADS),
        Side(form, "channels_last", make, ("task", "channels_last", False), THREADS),
        Side(form, "NCHW compiled", make, ("task", "contiguous_format", True), THREADS, True),
        Side(form, "channels_last compiled", make, ("task", "channels_last", True), THREADS, True),
    ]
    assert [(s.form, s.env) for s in found[4:]] == [("torch tuned", THREADS | TUNED)] * 4


def test_compiling_and_forms_can_be_left_out():
    found = torch_sides(make, "task", ["tuned"], False, 3)
    assert [s.name for s in found] == ["torch tuned, NCHW", "torch tuned, channels_last"]
    assert torch_sides(make, "task", [], True, 3) == []
