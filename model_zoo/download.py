"""Fetching a file by http: goes on where it was cut, and is there whole or not at all."""

import http.client
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from netdef.errors import DataError, RunError, cannot_write
from netdef.model_zoo.checksum import agrees

_CHUNK = 1 << 18
_TIMEOUT = 30
"""Seconds without a byte after which the connection counts as lost."""

Tell = Callable[[int, int], None]
"""Is told the bytes that are there, and those of the whole file."""


def download(url: str, path: Path, expected: str, tell: Tell) -> None:
    """Fetch ``url`` into ``path``; ``expected`` is its checksum, ``kind:digits``.

    What a cut connection left in ``<path>.part`` is gone on with.

    Raises:
        RunError: the server cannot be reached, the connection was cut, or the disk is full.
        DataError: the file is not the one that the table describes; nothing is kept.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        _fetch_rest(url, part, tell)
        if not agrees(part, expected):
            part.unlink()
            raise DataError(
                f"{url}: what came does not have the checksum {expected}; nothing was kept."
                " Run it again; if that does not help, the file there has changed"
            )
        part.replace(path)
    except urllib.error.HTTPError as error:
        error.close()
        raise _unreachable(url, f"{error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise _unreachable(url, error.reason) from None
    except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
        raise _cut(url, error) from None
    except OSError as error:
        raise cannot_write(path, error) from None


def _fetch_rest(url: str, part: Path, tell: Tell) -> None:
    there = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and there:
            error.close()
            return  # nothing is left to fetch: the checksum decides
        raise
    with response:
        if response.status != http.client.PARTIAL_CONTENT:
            there = 0
        length = response.headers["Content-Length"]
        total = there + int(length) if length else 0
        with part.open("r+b" if there else "wb") as file:
            file.seek(there)
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                tell(file.tell(), total)
            there = file.tell()
            file.flush()
            os.fsync(file.fileno())
    if there < total:
        raise _cut(url, f"{there} of {total} bytes came")


def _cut(url: str, why: object) -> RunError:
    return RunError(f"{url}: the connection was cut ({why}); run it again to go on from there")


def _unreachable(url: str, why: object) -> RunError:
    return RunError(
        f"{url}: cannot be fetched ({why}); where there is no network, bring the file from"
        " elsewhere and run netdef zoo import FILE"
    )
