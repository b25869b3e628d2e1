"""What netdef is to reach against its peers, and the table that says where it does."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from results import RATIO, Result, best_of_each_form, geometric_mean, ratio

from netdef.table import Row, table


@dataclass(frozen=True)
class Target:
    """How many times as fast as a form each net and their geometric mean are to be."""

    each: float
    mean: float
    nets: dict[str, float] = field(default_factory=dict)
    """Nets that are to reach another ratio."""

    def of(self, net: str) -> float:
        """Return the ratio that a net is to reach."""
        return self.nets.get(net, self.each)


TRAINING = {
    "torch as started": Target(1.3, 1.7),
    "torch tuned": Target(1.25, 1.35, {"resnet18": 1.1, "resnet50": 1.1}),
    "netdef f32": Target(1.6, 1.6),
}
TRAINING_ON_GPU = {
    "bf16": {"torch": Target(1.1, 1.1, {"lenet": 1.5, "cifar10_quick": 1.5})},
    "f32": {"torch": Target(1.0, 1.0)},
    "tf32": {"torch": Target(1.0, 1.0)},
}
"""By precision."""
INFERENCE = {
    "onnxruntime": Target(1.0, 1.0),
    "torch as started": Target(1.3, 1.3),
    "torch tuned": Target(1.3, 1.3),
}


def summary(nets: Sequence[Sequence[Result]], targets: dict[str, Target]) -> str:
    """Return a line for each net and form, and the geometric means; ``missed`` is said.

    Each item of ``nets`` is the results of one net, netdef's first.
    """
    rows: list[Row] = []
    ratios: dict[str, list[float]] = {}
    for mine, *others in nets:
        for form, best in best_of_each_form(others).items():
            found = ratio(mine, best)
            ratios.setdefault(form, []).append(found)
            rows.append(
                (
                    f"{mine.net} ({mine.batch})",
                    best.name,
                    *(_ms(mine), _ms(best), f"{found:.2f}"),
                    f"{ratio(mine, best, point='minimum'):.2f}",
                    *_verdict(found, targets[form].of(mine.net)),
                )
            )
    for form, found_ones in ratios.items():
        mean = geometric_mean(found_ones)
        verdict = _verdict(mean, targets[form].mean)
        rows.append(("geometric mean", form, "", "", f"{mean:.2f}", "", *verdict))
    head = ("net (batch)", "fastest of", "netdef ms", "ms", "ratio", "of minima", "target", "")
    return f"{RATIO}\n{table(head, rows)}"


def memory_table(nets: Sequence[Sequence[Result]], of: str = "the process") -> str:
    """Return netdef's peak memory, what its plan says, and the least of each other form, in MB."""
    forms = list(dict.fromkeys(r.form for results in nets for r in results[1:]))
    rows: list[Row] = []
    for mine, *others in nets:
        peaks = {f: [round(r.peak_mb) for r in others if r.form == f] for f in forms}
        plan = round(mine.about.get("plan_mb", 0))
        least = (min(peaks[form], default="") for form in forms)
        rows.append((f"{mine.net} ({mine.batch})", plan, round(mine.peak_mb), *least))
    head = (f"peak MB of {of}", "netdef's plan", "netdef", *forms)
    return table(head, rows)


def _ms(result: Result) -> str:
    return f"{result.counts.median:.2f}"


def _verdict(found: float, wanted: float) -> tuple[str, str]:
    return f"{wanted:.2f}", "" if found >= wanted else "missed"
