"""How near a training step comes to what its plan has to do at the rates of the device."""

from typing import Any

from contenders import Netdef
from gpu_peaks import Rates
from plan_work import Work, work_of
from results import Result

from netdef.plan import steps

_UPDATE = 6
"""How often the update by momentum touches each weight, gradient and history: three are read,
three written, the gradient as zero."""


class NetdefWithWork(Netdef):
    """The net on netdef, which says of each call and of the update what it has to do."""

    def about(self) -> dict[str, Any]:
        plan = self.net.plan
        calls = [work_of(call) for call, _ in steps(plan)]
        update = Work(0, _UPDATE * plan.weight_bytes)
        return super().about() | {"work": [(w.flops, w.bytes) for w in (*calls, update)]}


def floor_text(calls: list[Work], mine: Result, rates: Rates) -> str:
    """Return what the plan has to do, and how near the step comes to what the device can."""
    whole = sum(calls, Work(0, 0))
    floor = sum(call.ms_at_best(rates.product, rates.copy) for call in calls)
    ms = mine.counts.median
    compute, memory = whole.flops / ms / 1e6, whole.bytes / ms / 1e6
    return (
        f"device: {rates}\n"
        f"plan: {whole.flops / 1e9:,.1f} GFLOP, {whole.bytes / 1e9:,.2f} GB in {len(calls)} calls;"
        f" {compute:,.0f} GFLOP/s ({compute / rates.product:.0%}),"
        f" {memory:,.0f} GB/s ({memory / rates.copy:.0%})\n"
        f"at best {floor:.2f} ms call by call, {floor / ms:.0%} of the step"
    )
