"""A net run over its data once, from the first record to the last."""

from collections.abc import Iterator

from netdef.errors import at
from netdef.net import Net
from netdef.sources import DataSize


def plan_whole_set(net: Net) -> DataSize:
    """Plan a net for all batches of its data, the last one shorter; nothing is read.

    Raises:
        ConfigError: the records of its data layers cannot be counted, differ in number, or
            a layer does not take the shorter batch.
    """
    with at(net.text.path):
        size = net.sources.size()
    try:
        for batch in {min(size.batch, size.records), size.records % size.batch or size.batch}:
            with at(f"{net.text.path}: a batch of {batch} of the {size.records} records"):
                net.reshape_batch(batch)
                net.reshape()
    finally:
        net.reshape_batch(size.batch)
    return size


def whole_set(net: Net) -> Iterator[int]:
    """Run a net forward over every record of its data once, in batches, the last one shorter.

    Yields the number of records of each batch, while the blobs hold it. It begins with the
    first record, wherever the data stood, so it sees the same each time.

    Raises:
        ConfigError: see ``plan_whole_set``.
        DataError: the data are damaged.
    """
    size = plan_whole_set(net)
    net.sources.begin_pass()
    try:
        for first in range(0, size.records, size.batch):
            records = min(size.batch, size.records - first)
            net.reshape_batch(records)
            net.forward()
            yield records
    finally:
        net.reshape_batch(size.batch)
        net.sources.begin_pass()
