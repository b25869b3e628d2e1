"""Results that tests make up."""

from results import Result, Spread

CALLS = {"plan_mb": 9.1, "engines": {"onednn": 7, "numpy": 14}}


def result(form, train, variant="", net="lenet", forward=1, peak=100.4):
    """Medians as given; minima of half of them, or of a third for training."""
    passes = {"forward": Spread(float(forward), forward / 2)}
    passes["train"] = Spread(float(train), train / 3)
    return Result(net, 64, form, variant, "f32", passes, peak, CALLS if form == "netdef" else {})
