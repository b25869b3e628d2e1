"""Elementwise expressions, each a kernel that is made for it."""

from typing import Any

import numpy as np

from netdef.engines.cupy.kernels import TYPES, computed, source
from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import Strides, axes_of, strides_of, struct
from netdef.engines.engine import Refused, Run
from netdef.expression import Expression, c_statements, compile_expression

EACH = 4
"""Numbers that a thread computes. It asks for the operands of all before it writes one: memory
answers so many questions at once that those of one number of 16 bits would not keep it busy."""


class Elementwise(Launching):
    """The primitive ``map``."""

    def map(
        self,
        out: Any = None,
        add_to: Any = None,
        *,
        expression: str,
        numbers: dict[str, float],
        **arrays: Any,
    ) -> Run:
        target = out if add_to is None else add_to
        stored, shape = self.image_type((target,)), target.shape
        lying = (strides_of(target), *(_along(shape, a) for a in arrays.values()))
        axes = axes_of(shape, *lying)
        by = struct(axes.count, axes.packed(), *axes.packed_strides())
        code = map_source(
            compile_expression(expression, numbers),
            stored.name,
            {name: _type(array) for name, array in arrays.items()},
            adds=add_to is not None,
        )
        blocks = self.blocks_for(-(-axes.count // EACH))
        return self.launch_text(code, "map", computed(stored), blocks, target, *arrays.values(), by)


def map_source(expression: Expression, stored: str, types: dict[str, str], adds: bool) -> str:
    """Return the text of the kernel of an expression; ``stored`` is the type of its target."""
    pointers = (f"const {TYPES[kind]}* in_{name}" for name, kind in types.items())
    parameters = ", ".join(["Image* target", *pointers])
    places = {
        f"read_{name}": f"in_{name}[{_place(f'operands[{i}]')}]" for i, name in enumerate(types)
    }
    if adds:
        places["before"] = f"target[{_place('target')}]"
    result = "result = before[k] +" if adds else "result ="
    statements = c_statements(expression, result, prefix="of_").split("; ")
    own = (f"const T of_{name} = read_{name}[k];" for name in types)
    return (
        source("map", stored)
        + f"""
typedef Real T;

const int EACH = {EACH};

struct Map {{
    int count;
    Axes axes;
    Strides target{f", operands[{len(types)}]" if types else ""};
}};

extern "C" __global__ void map(
    {parameters}, Map by)
{{
    const int first = blockIdx.x * (EACH * THREADS) + threadIdx.x;
{_lines(4, *(f"T {name}[EACH];" for name in places))}\
    for (int k = 0; k < EACH; ++k) {{
        const int i = min(first + k * THREADS, by.count - 1);
{_lines(8, *(f"{name}[k] = {place};" for name, place in places.items()))}\
    }}
    for (int k = 0; k < EACH; ++k) {{
        const int i = first + k * THREADS;
        if (i >= by.count)
            return;
{_lines(8, *own, f"Image& result = target[{_place('target')}];", *statements)}\
    }}
}}
"""
    )


def _place(strides: str) -> str:
    return f"place(by.axes, by.{strides}, i)"


def _lines(indent: int, *lines: str) -> str:
    return "".join(f"{' ' * indent}{line.rstrip(';')};\n" for line in lines)


def _along(shape: tuple[int, ...], array: Any) -> Strides:
    """Return the strides of an array along the axes of what it is broadcast to."""
    lead = len(shape) - array.ndim
    pairs = zip(array.shape, strides_of(array), strict=True)
    own = [0 if n == 1 else s for n, s in pairs]
    return (*(0,) * lead, *own)


def _type(array: Any) -> str:
    """Return the type of an operand's numbers.

    Raises:
        Refused: kernels do not know it.
    """
    name = str(np.dtype(array.dtype).name)
    if name not in TYPES:
        raise Refused(f"computes with no numbers of the type {name}")
    return name
