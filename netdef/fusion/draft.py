"""The list of calls while passes work on it."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Sequence

from netdef.program import Call
from netdef.values import Value


class Draft:
    """Calls, forward then backward, that may be replaced or left out; and who uses what.

    ``kept`` are the values that somebody looks at afterwards. ``crosses_layers`` is false
    if every layer must still do its own work, because layers are run one by one.
    """

    def __init__(
        self,
        forward: Sequence[Call],
        backward: Sequence[Call],
        kept: frozenset[Value],
        crosses_layers: bool = True,
    ) -> None:
        self._calls: list[Call | None] = [*forward, *backward]
        self._count = len(forward)
        self.kept, self.crosses_layers = kept, crosses_layers
        self._before: dict[int, list[Call]] = defaultdict(list)
        self._readers: dict[Value, list[int]] = defaultdict(list)
        self._writers: dict[Value, list[int]] = defaultdict(list)
        for at, call in self.calls():
            self._note(at, call)

    def calls(self, primitive: str | None = None) -> Iterator[tuple[int, Call]]:
        """Yield the calls (of one primitive) and their places, as they are by then."""
        for at in range(len(self._calls)):
            call = self._calls[at]
            if call is not None and primitive in (None, call.primitive):
                yield at, call

    @property
    def forward(self) -> tuple[Call, ...]:
        """The forward calls that are left."""
        return tuple(self._left(0, self._count))

    @property
    def backward(self) -> tuple[Call, ...]:
        """The backward calls that are left."""
        return tuple(self._left(self._count, len(self._calls)))

    def _left(self, start: int, end: int) -> Iterator[Call]:
        for at in range(start, end):
            yield from self._before[at]
            call = self._calls[at]
            if call is not None:
                yield call

    def is_forward(self, at: int) -> bool:
        """True if the place is one of the forward pass."""
        return at < self._count

    def readers(self, value: Value) -> list[int]:
        """Return the places of the calls that read the value."""
        return self._readers[value]

    def writers(self, value: Value) -> list[int]:
        """Return the places of the calls that write the value."""
        return self._writers[value]

    def at(self, place: int) -> Call:
        """Return the call at a place."""
        call = self._calls[place]
        assert call is not None
        return call

    def only_reader(self, value: Value) -> int | None:
        """Return the place of the one call that reads a value nobody looks at later."""
        readers = self.readers(value)
        return readers[0] if len(readers) == 1 and value not in self.kept else None

    def only_writer(self, value: Value) -> int | None:
        """Return the place of the one call that writes the value."""
        writers = self.writers(value)
        return writers[0] if len(writers) == 1 else None

    def may_join(self, *places: int) -> bool:
        """True if calls of these places may become one."""
        return self.crosses_layers or len({self.at(p).node for p in places}) == 1

    def is_untouched(self, values: set[Value], start: int, end: int) -> bool:
        """True if no call between two places writes one of the values."""
        return not any(start < w < end for v in values for w in self.writers(v))

    def put(self, at: int, call: Call | None) -> None:
        """Put another call in the place of one, or leave it out."""
        old = self._calls[at]
        if old is not None:
            for value in set(old.read_values()):
                self._readers[value].remove(at)
            for value in set(old.written_values()):
                self._writers[value].remove(at)
        self._calls[at] = call
        if call is not None:
            self._note(at, call)

    def put_before(self, at: int, calls: Sequence[Call]) -> None:
        """Add calls that run just before the one at a place; this pass does not see them."""
        self._before[at] += calls

    def _note(self, at: int, call: Call) -> None:
        for value in set(call.read_values()):
            insort(self._readers[value], at)
        for value in set(call.written_values()):
            insort(self._writers[value], at)
