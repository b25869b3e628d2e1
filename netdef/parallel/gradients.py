"""The mean of the gradients of several GPUs, made while backward still runs."""

from collections.abc import Sequence
from typing import Any

from netdef.net import Net
from netdef.parallel.buckets import Bucket, buckets_of
from netdef.parallel.communicators import Communicators
from netdef.plan import Plan

LEAST_BYTES = 4 << 20
"""Of what travels at once: less would not be faster, for each exchange takes its time to begin."""


class Gradients:
    """Runs backward on copies of one net, and averages what they get for the weights.

    The gradients lie in one arena. As soon as backward has passed the layers that write to a
    part of it, that part travels, in a stream beside the one that goes on computing.
    """

    def __init__(self, nets: Sequence[Net], communicators: Communicators) -> None:
        self._nets, self._communicators = nets, communicators
        self._plans: tuple[Plan, ...] = ()
        self._buckets: tuple[Bucket, ...] = ()

    def backward_and_average(self) -> None:
        """Run all nets backward; then each has the mean of the sums that all have so far."""
        first = None
        for bucket in self._buckets_of_now():
            for rank, net in enumerate(self._nets):
                with net.device.made_current():
                    net.executor.backward(first, bucket.node)
                self._communicators.follow(rank)
            self._communicators.average([_parts(net, bucket) for net in self._nets])
            first = bucket.node - 1
        self._communicators.lead()

    def _buckets_of_now(self) -> tuple[Bucket, ...]:
        """Return where backward is parted: nowhere if nets differ in it, or are looked at."""
        plans = tuple(net.plan for net in self._nets)
        if [id(plan) for plan in plans] != [id(plan) for plan in self._plans]:
            self._plans = plans
            first, *others = (buckets_of(n.plan, n.weights, LEAST_BYTES) for n in self._nets)
            is_one_way = all(buckets == first for buckets in others)
            self._buckets = first if is_one_way else _whole(self._nets[0])
        is_watched = any(net.executor.observer is not None for net in self._nets)
        return _whole(self._nets[0]) if is_watched else self._buckets


def _whole(net: Net) -> tuple[Bucket, ...]:
    return (Bucket(0, ((0, net.weights.learned),)),)


def _parts(net: Net, bucket: Bucket) -> list[Any]:
    return [net.weights.grad[start:stop] for start, stop in bucket.parts]
