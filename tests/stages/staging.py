"""Short ways from a net's text to the value of each stage."""

from netdef.engines.numpy import NumpyEngine
from netdef.graph import Graph, build
from netdef.infer import infer
from netdef.plan import Plan, compile_program
from netdef.program import Program
from netdef.proto import TRAIN
from netdef.prototxt import parse_net
from netdef.record import record


def layer(
    name: str, kind: str, bottoms: str = "", tops: str | None = None, fields: str = ""
) -> str:
    """Write one layer; ``bottoms`` and ``tops`` (``name`` by default) are separated by spaces."""
    wires = [f'bottom: "{b}"' for b in bottoms.split()]
    wires += [f'top: "{t}"' for t in (name if tops is None else tops).split()]
    return f'layer {{ name: "{name}" type: "{kind}" {" ".join(wires)} {fields} }}\n'


def given(tops: str, *shapes: tuple[int, ...]) -> str:
    """Write an Input layer called ``in``."""
    sizes = " ".join("shape {" + " ".join(f"dim: {n}" for n in s) + "}" for s in shapes)
    return layer("in", "Input", tops=tops, fields=f"input_param {{ {sizes} }}")


def product(name: str, bottom: str, outputs: int = 2, fields: str = "") -> str:
    """Write an InnerProduct layer."""
    return layer(
        name,
        "InnerProduct",
        bottom,
        None,
        f"{fields} inner_product_param {{ num_output: {outputs} }}",
    )


def graph_of(text: str, phase: int = TRAIN, level: int = 0, stages: tuple[str, ...] = ()) -> Graph:
    return build(parse_net(text, "net.prototxt"), phase, level, stages)


def program_of(text: str, phase: int = TRAIN) -> Program:
    graph = graph_of(text, phase)
    return record(graph, infer(graph))


def plan_of(text: str, phase: int = TRAIN, keep: str = "outputs") -> Plan:
    return compile_program(program_of(text, phase), [NumpyEngine()], keep)
