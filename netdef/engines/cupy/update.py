"""The text of kernels that update arenas: each one pass over them, made from a formula."""

from collections.abc import Sequence
from dataclasses import dataclass

from netdef.expression import Expression, c_statements
from netdef.formula import Formula, names_read

MOST_NUMBERS = 128
"""Those that ``write_numbers`` takes in one call."""
BEHIND_THE_TABLE = 2
"""Numbers: the norm that gradients may have, and what they are divided by."""


@dataclass(frozen=True)
class Pass:
    """A formula over arenas, and over numbers that have names in the table's rows."""

    name: str
    formula: Formula
    numbers: Sequence[str]
    arenas: Sequence[str]
    """Those that there are; a kernel takes in this order those of them that it uses."""
    changed: Sequence[str]
    """Those that the formula may give other numbers; what else it assigns is only passing."""
    measured: Sequence[str] = ()
    """Names whose sums of squares are put to ``parts``, chunk by chunk."""
    narrows: bool = False
    """True if the new weights ``w`` are also stored as ``Image``."""
    clears: bool = False
    """True if ``grad`` is set to 0."""
    is_halted: bool = False
    """True if the kernel takes a number more, and does nothing while that is not 0."""

    @property
    def used(self) -> list[str]:
        """The arenas that the kernel takes."""
        named = {*names_read(self.formula), *self.written, *self.measured}
        named |= {"grad"} if self.clears else set()
        return [name for name in self.arenas if name in named]

    @property
    def written(self) -> list[str]:
        """The arenas that the formula gives other numbers."""
        assigned = {line.name for line in self.formula}
        return [name for name in self.arenas if name in assigned & {*self.changed}]

    def text(self) -> str:
        """Return the text of the kernel."""
        parameters = [f"Real* in_{name}" for name in self.used]
        parameters += ["Image* narrow"] if self.narrows else []
        parameters += ["const float* halted"] if self.is_halted else []
        parameters += ["double* parts"] if self.measured else []
        numbers = [
            f"    const T of_{name} = row[{i}];"
            for i, name in enumerate(self.numbers)
            if name in names_read(self.formula)
        ]
        lines = [
            f'extern "C" __global__ void {self.name}(',
            f"    const Chunk* chunks, const double* table, {', '.join(parameters)})",
            "{",
            *(["    if (!(*halted == 0))", "        return;"] if self.is_halted else []),
            "    const Chunk chunk = chunks[blockIdx.x];",
            f"    const double* row = table + chunk.region * {len(self.numbers)};",
            *numbers,
            *(f"    double sum_{name} = 0;" for name in self.measured),
            "    for (long long i = chunk.first + 4 * threadIdx.x; i < chunk.stop;"
            " i += 4 * THREADS) {",
            *_indented(_indented(self._four())),
            "    }",
        ]
        for i, name in enumerate(self.measured):
            lines += [
                f"    sum_{name} = over_block(sum_{name});",
                "    if (threadIdx.x == 0)",
                f"        parts[{len(self.measured)} * blockIdx.x + {i}] = sum_{name};",
            ]
        return "\n".join(["", *lines, "}\n"])

    def _four(self) -> list[str]:
        """Return the lines for four numbers of each arena."""
        used, written = self.used, self.written
        made = sorted({line.name for line in self.formula} - set(used))
        return [
            *(f"Four four_{name} = four(in_{name}, i);" for name in used),
            "for (int k = 0; k < 4; ++k) {",
            *(f"    T of_{name} = four_{name}.of[k];" for name in used),
            *(f"    T of_{name};" for name in made),
            *_indented(_statements(self.formula)),
            "    if (i + k >= chunk.stop)",
            "        continue;",
            *(f"    four_{name}.of[k] = of_{name};" for name in written),
            *(f"    sum_{name} += (double)of_{name} * of_{name};" for name in self.measured),
            "}",
            *(f"four(in_{name}, i) = four_{name};" for name in written),
            *(["four(in_grad, i) = {};"] if self.clears else []),
            *(["store(narrow, i, four_w);"] if self.narrows else []),
        ]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _statements(formula: Formula) -> list[str]:
    """Return a line of C++ for each of the formula."""
    return [
        ("if (of_decay != 0) " if line.is_decay else "")
        + f"{{ {c_statements(line.expression, f'of_{line.name} =', prefix='of_')} }}"
        for line in formula
    ]


def trust_text(trust: Expression, numbers: Sequence[str]) -> str:
    """Return the text of a kernel that multiplies the rate of each region by its trust.

    A block has a region, whose parts lie from ``firsts[region]`` to below those of the next.
    """
    rate, decay = numbers.index("rate"), numbers.index("decay")
    return f"""
extern "C" __global__ void trust(const double* parts, const int* firsts, double* table)
{{
    typedef double T;
    double weights = 0, others = 0;
    for (int i = firsts[blockIdx.x] + threadIdx.x; i < firsts[blockIdx.x + 1]; i += THREADS) {{
        weights += parts[2 * i];
        others += parts[2 * i + 1];
    }}
    double* row = table + blockIdx.x * {len(numbers)};
    const T of_weights = sqrt(over_block(weights)), of_others = sqrt(over_block(others));
    const T of_decay = row[{decay}];
    if (threadIdx.x == 0) {{
        {c_statements(trust, f"row[{rate}] *=", prefix="of_")}
    }}
}}
"""
