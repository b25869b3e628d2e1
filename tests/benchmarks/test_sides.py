"""Which forms of PyTorch take part."""

from sides import TUNED, Side, torch_sides

THREADS = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3", "MKL_NUM_THREADS": "3"}


def make():
    raise AssertionError("not started here")


def test_each_form_has_two_layouts_as_they_are_and_compiled():
    found = torch_sides(make, "task", ["user", "tuned"], True, 3)
    form, last = "torch as started", ("task", "channels_last")
    alone = THREADS | {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
    assert found[:4] == [
        Side(form, "NCHW", make, ("task", "contiguous_format", None), THREADS),
        Side(form, "channels_last", make, (*last, None), THREADS),
        Side(form, "NCHW compiled", make, ("task", "contiguous_format", "default"), alone, True),
        Side(
            form, "channels_last compiled", make, ("task", "channels_last", "default"), alone, True
        ),
    ]
    assert [s.form for s in found[4:]] == ["torch tuned"] * 4
    assert [s.env for s in found[4:]] == [THREADS | TUNED] * 2 + [alone | TUNED] * 2


def test_compiling_and_forms_can_be_left_out():
    found = torch_sides(make, "task", ["tuned"], False, 3)
    assert [s.name for s in found] == ["torch tuned, NCHW", "torch tuned, channels_last"]
    assert torch_sides(make, "task", [], True, 3) == []
