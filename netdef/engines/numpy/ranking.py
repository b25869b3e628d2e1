"""The largest numbers and their places."""

from typing import Any

from netdef.engines.engine import Engine, Run


class Ranking(Engine):
    """The primitive ``largest``."""

    def largest(self, x: Any, index: Any, value: Any, *, count: int, axis: int) -> Run:
        """Sort x turned around, stably: then the last of equal numbers comes out first."""
        xp, axis = self.xp, axis % x.ndim
        lead = (slice(None),) * axis
        last, turned = x.shape[axis] - 1, x[(*lead, slice(None, None, -1))]

        def places() -> Any:
            if count == 1:
                return last - xp.expand_dims(xp.argmax(turned, axis=axis), axis)
            order = xp.argsort(x, axis=axis, kind="stable")
            return order[(*lead, slice(None, -count - 1, -1))]

        def run() -> None:
            found = places()
            if index is not None:
                index[...] = found
            if value is not None:
                value[...] = xp.take_along_axis(x, found, axis=axis)

        return run
