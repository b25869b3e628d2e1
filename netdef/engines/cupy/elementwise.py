"""Elementwise expressions, each a kernel that is made for it."""

from typing import Any

import numpy as np

from netdef.engines.cupy.kernels import TYPES, computed, source
from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import Strides, axes_of, strides_of, struct
from netdef.engines.engine import Refused, Run
from netdef.expression import Expression, c_statements, compile_expression


class Elementwise(Launching):
    """The primitive ``map``: one thread computes one number of the result."""

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
        blocks = self.blocks_for(axes.count)
        return self.launch_text(code, "map", computed(stored), blocks, target, *arrays.values(), by)


def map_source(expression: Expression, stored: str, types: dict[str, str], adds: bool) -> str:
    """Return the text of the kernel of an expression; ``stored`` is the type of its target."""
    operands = (f"const {TYPES[kind]}* in_{name}" for name, kind in types.items())
    parameters = ", ".join(["Image* target", *operands])
    reads = "".join(
        f"    const T of_{name} = in_{name}[place(by.axes, by.operands[{i}], i)];\n"
        for i, name in enumerate(types)
    )
    statements = c_statements(expression, "result = result +" if adds else "result =", prefix="of_")
    lines = statements.replace("; ", ";\n    ")
    return (
        source("map", stored)
        + f"""
typedef Real T;

struct Map {{
    int count;
    Axes axes;
    Strides target{f", operands[{len(types)}]" if types else ""};
}};

extern "C" __global__ void map(
    {parameters}, Map by)
{{
    const int i = thread_number();
    if (i >= by.count)
        return;
{reads}    Image& result = target[place(by.axes, by.target, i)];
    {lines}
}}
"""
    )


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
