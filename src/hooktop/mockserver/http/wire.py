"""Reading from and writing to a client's socket, for cheroot: its own files are written in Python, ours in C.

This is most of the time that cheroot takes for a request.
"""

from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class _Raw(socket.SocketIO):
    """A socket's bytes, counted as they come."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "r")
        self.received = 0

    def readinto(self, b: WriteableBuffer) -> int | None:
        """Read what is there, waiting as long as the socket's timeout says."""
        count = super().readinto(b)
        self.received += count or 0
        return count


class Reader(io.BufferedReader):
    """What cheroot reads requests from. Only `read` and `readline` may be used."""

    def __init__(self, sock: socket.socket, size: int) -> None:
        self._bytes = _Raw(sock)
        self.bytes_read = 0
        super().__init__(self._bytes, size)

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, fewer only at the end."""
        data = super().read(size)
        self.bytes_read += len(data)
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        """A line, or its first `size` bytes."""
        line = super().readline(size)
        self.bytes_read += len(line)
        return line

    def has_data(self) -> bool:
        """Whether bytes of the next request have come already."""
        return self._bytes.received > self.bytes_read


class Writer:
    """What cheroot writes answers to: at once, without a buffer."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.bytes_written = 0

    def write(self, data: ReadableBuffer) -> int:
        """Write all of it. The socket's timeout counts anew whenever the client takes some."""
        view = memoryview(data)
        sent = 0
        while sent < len(view):
            sent += self._sock.send(view[sent:])
        self.bytes_written += sent
        return sent


def make_file(sock: socket.socket, mode: str, size: int) -> Any:
    """What cheroot asks for with `rb` and with `wb`."""
    return Reader(sock, size) if "r" in mode else Writer(sock)
