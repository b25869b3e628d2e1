"""The kernels that ``ops.map`` makes for a GPU compile, without one."""

import json
from pathlib import Path

import pytest

import netdef
from netdef.engines.cupy.elementwise import map_source
from netdef.engines.cupy.kernels import NARROW
from netdef.errors import UnknownType
from netdef.expression import compile_expression
from netdef.graph import build
from netdef.infer import infer
from netdef.prototxt import read_net
from netdef.record import record
from tests.engines.nvrtc import ARCHITECTURES, complaints, library

NETS = sorted((Path(__file__).parents[2] / "benchmarks" / "nets").glob("*.prototxt"))


def kernels(path: Path, stored: str = "float32") -> set[str]:
    """Return the source of a kernel for every elementwise call of a net, stored in one type."""
    graph = build(read_net(path), netdef.TRAIN)
    program = record(graph, infer(graph))
    sources = set()
    for call in (*program.forward, *program.backward):
        if call.primitive == "map":
            text = call.options["expression"]
            compiled = compile_expression(text, call.options["numbers"])
            types = dict.fromkeys(call.reads, stored)
            sources.add(map_source(compiled, stored, types, adds="add_to" in call.writes))
    return sources


@pytest.mark.parametrize("path", NETS, ids=lambda p: p.stem)
@pytest.mark.parametrize("stored", ["float32", *NARROW])
def test_kernels_of_the_benchmarks_nets_compile(path, stored):
    nvrtc = library()
    sources = kernels(path, stored)
    assert sources
    # What test_cupy.py compiles for all has every instruction that is only in 16 bits.
    for architecture in ARCHITECTURES if stored == "float32" else ARCHITECTURES[-1:]:
        assert not [c for s in sources if (c := complaints(nvrtc, s, architecture))]


def test_kernels_of_every_recorded_layer_compile(shared):
    nvrtc, sources = library(), set()
    for case in json.loads((shared / "goldens/layers/index.json").read_text()):
        try:
            sources |= kernels(shared / "goldens" / "layers" / f"{case['name']}.prototxt")
        except UnknownType:
            continue
    assert len(sources) > 20
    assert not [c for s in sources if (c := complaints(nvrtc, s, "sm_90"))]


def test_the_compiler_does_complain():
    assert "undefined" in complaints(library(), 'extern "C" __global__ void k() { x; }', "sm_80")
