"""Primitives of oneDNN on NumPy arrays: described, made, and ready to run."""

import ctypes
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from netdef.engines.engine import Run
from netdef.engines.onednn.library import Dims, Library

# Arguments of primitives.
SRC, SRC_1, DST, WEIGHTS, BIAS = 1, 2, 17, 33, 41
MEAN, VARIANCE, SCALE, SHIFT, WORKSPACE, SCRATCHPAD = 49, 50, 51, 52, 64, 80
DIFF_SRC, DIFF_DST, DIFF_WEIGHTS, DIFF_BIAS = 129, 145, 161, 169
DIFF_SCALE, DIFF_SHIFT = 255, 256
MULTIPLE_SRC, POST_OP_SRC = 1024, 32768 | SRC_1
# Kinds of passes.
TRAINING, INFERENCE, BACKWARD, BACKWARD_DATA = 64, 96, 128, 160
# What a normalization does besides.
SCALES, SHIFTS = 2, 4
# Formats, types and queries.
ANY = 1
TYPES = {"float32": 3, "float16": 1, "bfloat16": 2, "uint8": 6, "int32": 4}
_NAME = 8
_QUERIES = {
    **{SRC: (129, 0), SRC_1: (129, 1), DIFF_SRC: (130, 0), WEIGHTS: (131, 0), BIAS: (131, 1)},
    **{DIFF_WEIGHTS: (132, 0), DIFF_BIAS: (132, 1), DST: (133, 0), DIFF_DST: (134, 0)},
    **{WORKSPACE: (135, 0), SCRATCHPAD: (136, 0)},
}
RELU, RELU_BY_RESULT, CLIP = 0x20, 256, 0x2E
Eltwise = tuple[int, float, float]
"""A function of one number, and its two parameters."""
ADD = 0x1FFF0


class Argument(ctypes.Structure):
    """What an argument of a primitive is, and its memory."""

    _fields_ = (("kind", ctypes.c_int), ("memory", ctypes.c_void_p))


def dims(numbers: Iterable[int]) -> Any:
    """Return numbers as oneDNN takes them."""
    return Dims(*numbers)


class Owner:
    """Destroys handles of the library when nobody has it any more."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._handles: list[tuple[Callable[..., Any], int]] = []

    def own(self, kind: str, handle: int) -> int:
        """Destroy the handle, of that kind, with this."""
        self._handles.append((getattr(self.library.dll, f"dnnl_{kind}_destroy"), handle))
        return handle

    def __del__(self) -> None:
        for destroy, handle in reversed(self._handles):
            destroy(handle)


class Descriptions(Owner):
    """Describes the memory of arrays."""

    def like(self, array: Any, shape: Sequence[int] | None = None) -> int:
        """Describe an array as it lies, or a contiguous one as if it had another shape."""
        size = array.dtype.itemsize
        if shape is None:
            shape, strides = array.shape, [s // size for s in array.strides]
        else:
            strides = [int(np.prod(shape[i + 1 :])) for i in range(len(shape))]
        kind = TYPES[array.dtype.name]
        made = self.library.make(
            "memory_desc_create_with_strides", len(shape), dims(shape), kind, dims(strides)
        )
        return self.own("memory_desc", made)

    def any(self, shape: Sequence[int], dtype: str = "float32") -> int:
        """Describe an array that oneDNN may lay out as it likes."""
        made = self.library.make(
            "memory_desc_create_with_tag", len(shape), dims(shape), TYPES[dtype], ANY
        )
        return self.own("memory_desc", made)

    def tagged(self, shape: Sequence[int], tag: str, dtype: str = "float32") -> int:
        """Describe an array laid out as one of oneDNN's words says, such as ``aBcd16b``."""
        made = self.library.make(
            "memory_desc_create_with_string_tag",
            *(len(shape), dims(shape), TYPES[dtype], tag.encode()),
        )
        return self.own("memory_desc", made)

    def attributes(
        self,
        eltwise: Eltwise | None = None,
        adds: bool = False,
        plus: int | None = None,
    ) -> int:
        """Make attributes: scratch memory is given.

        Afterwards add to what was there, add the array that ``plus`` describes, and map by
        an ``eltwise`` function, in this order.
        """
        attr = self.own("primitive_attr", self.library.make("primitive_attr_create"))
        self.library.call("primitive_attr_set_scratchpad_mode", attr, 1)
        if eltwise is not None or adds or plus is not None:
            post = self.own("post_ops", self.library.make("post_ops_create"))
            if adds:
                self.library.call("post_ops_append_sum", post, 1.0, 0, 0)
            if plus is not None:
                self.library.call("post_ops_append_binary", post, ADD, plus)
            if eltwise is not None:
                self.library.call("post_ops_append_eltwise", post, *eltwise)
            self.library.call("primitive_attr_set_post_ops", attr, post)
        return attr


class Kernel(Owner):
    """One primitive descriptor: what it runs, and which memory it wants.

    Raises:
        Unsupported: oneDNN has no implementation for it.
    """

    def __init__(self, library: Library, name: str, *arguments: Any) -> None:
        super().__init__(library)
        made = library.make(f"{name}_primitive_desc_create", *arguments)
        self.handle = self.own("primitive_desc", made)
        self.implementation = library.text(self.handle, _NAME)

    @property
    def is_reference(self) -> bool:
        """True if it is one of oneDNN's slow ones, made to be right only."""
        return self.implementation.startswith("ref")

    def wants(self, argument: int) -> int:
        """Return the description of the memory of an argument."""
        what, index = _QUERIES[argument]
        answer = self.library.dll.dnnl_primitive_desc_query_md(self.handle, what, index)
        return int(answer or 0)

    def takes(self, argument: int, description: int) -> bool:
        """True if memory of that description needs no reordering."""
        equal = self.library.dll.dnnl_memory_desc_equal
        return bool(equal(self.wants(argument), description))

    def bytes_of(self, argument: int) -> int:
        """Return the size of an argument; 0 if it has none."""
        wanted = self.wants(argument)
        return int(self.library.dll.dnnl_memory_desc_get_size(wanted)) if wanted else 0


class Prepared(Owner):
    """A primitive with its memory, ready to run."""

    def __init__(
        self,
        kernel: Kernel,
        arrays: Mapping[int, tuple[int, Any]],
    ) -> None:
        library = kernel.library
        super().__init__(library)
        self.kernel = kernel
        self._arrays = [array for _, array in arrays.values()]
        primitive = self.own("primitive", library.make("primitive_create", kernel.handle))
        given = (Argument * len(arrays))()
        for place, (kind, (description, array)) in enumerate(arrays.items()):
            at = array.ctypes.data
            made = library.make("memory_create", description, library.engine, at)
            given[place] = Argument(kind, self.own("memory", made))
        self._given = given
        self._call = (
            ctypes.c_void_p(primitive),
            ctypes.c_void_p(library.stream),
            ctypes.c_int(len(arrays)),
            ctypes.c_void_p(ctypes.addressof(given)),
        )

    @property
    def run(self) -> Run:
        """What runs it."""
        execute, arguments, owner = self.library.execute, self._call, self

        def run() -> None:
            if execute(*arguments):
                raise RuntimeError(f"oneDNN: {owner.kernel.implementation} failed")

        return run
