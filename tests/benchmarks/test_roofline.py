"""What a layer does of what the machine can."""

import pytest
from click.testing import CliRunner
from contenders import solver_of
from peaks import CONVOLUTION, Peaks
from plan_work import bytes_moved, flops
from roofline import Line, Roofline, main, roofline_table

from netdef.errors import ConfigError
from netdef.graph import build
from netdef.infer import infer
from netdef.proto import TRAIN
from netdef.prototxt import parse_net
from netdef.record import record

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" loss_weight: 1
  inner_product_param { num_output: 5 bias_term: false } }
"""
PEAKS = Peaks(convolution=100, product=80, copy=10)


def test_operations_and_bytes_of_a_product():
    text = parse_net(NET, "net.prototxt")
    graph = build(text, TRAIN)
    program = record(graph, infer(graph), True)
    assert flops(program, "forward") == {1: 2 * 2 * 3 * 5}
    assert flops(program, "backward")[1] == 2 * 2 * 3 * 5
    assert [bytes_moved(c) for c in program.forward] == [4 * (2 * 3 + 3 * 5 + 2 * 5)]
    # The gradient is added to: read and written.
    (gradient,) = [c for c in program.backward if c.adds]
    assert bytes_moved(gradient) == 4 * (2 * 3 + 2 * 5 + 2 * 3 * 5)


def test_the_convolution_of_the_peak_is_narrow_in_bf16():
    try:
        solver = solver_of(parse_net(CONVOLUTION, "peak.prototxt"), "bf16")
    except ConfigError as error:
        pytest.skip(str(error))
    (conv,) = [c for c in solver.net.plan.forward if c.primitive == "conv"]
    assert next(conv.written_values()).dtype == conv.reads["x"].dtype == "bfloat16"


def test_a_line_is_held_against_the_nearer_limit():
    assert Line("conv", "Convolution", "forward", 5, 10**8, 10**6).ms_at_best(PEAKS) == 1
    assert Line("pool", "Pooling", "forward", 5, 0, 10**8).ms_at_best(PEAKS) == 10


def test_the_higher_rates_of_two_measurements_count():
    assert PEAKS.or_higher(Peaks(90, 120, 11)) == Peaks(100, 120, 11)
    assert Peaks(90, 120, 11).compute == 120


def test_the_table_tells_where_the_time_goes():
    lines = (
        Line("conv", "Convolution", "forward", 2, 10**8, 10**6),
        Line("pool", "Pooling", "forward", 1, 0, 5 * 10**6),
        Line("conv", "Convolution", "backward", 4, 2 * 10**8, 10**6),
    )
    lead, head, _, *rows = roofline_table(Roofline(lines, 10, PEAKS), top=2).splitlines()
    assert lead == "step 10.00 ms; peak 100 GFLOP/s (convolution 100, product 80), copy 10.0 GB/s"
    assert head.split()[-3:] == ["at", "best", "above"]
    assert [" ".join(row.split()) for row in rows] == [
        "conv Convolution backward 4.00 40% 50 50% 0.2 2% 2.00 2.00",
        "conv Convolution forward 2.00 20% 50 50% 0.5 5% 1.00 1.00",
        "all layers forward 3.00 30% 33 33% 2.0 20% 1.50 1.50",
        "all layers backward 4.00 40% 50 50% 0.2 2% 2.00 2.00",
        "update, rest 3.00 30%",
    ]


@pytest.mark.slow
def test_the_command():
    ran = CliRunner().invoke(main, ["lenet", "--batch", "2", "--steps", "2", "--threads", "1"])
    assert ran.exit_code == 0, ran.output
    assert "conv1 " in ran.output and "update, rest" in ran.output
