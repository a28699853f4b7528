"""Objects sent from one process to another over a socket, whole or not at all."""

from __future__ import annotations

import io
import pickle
import select
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!Q")
_MOST = 200_000_000
"""Bytes of one message; the largest document has 15,000,000, and no honest result is many times as large."""
_DOOR = "door"


class Channel:
    """One end of a connection to another process of ours.

    Args:
        end: A connected stream socket; closed with the channel.
        door: Object that never crosses: its place is taken by the other end's own.
    """

    def __init__(self, end: socket.socket, door: object = None) -> None:
        self._end = end
        self.door = door

    def send(self, message: object) -> None:
        """Send an object.

        Args:
            message: Anything that pickles, the door within it excepted.

        Raises:
            OSError: The other process is gone.
            Exception: Whatever pickle makes of an object that cannot be sent; nothing was sent then.
        """
        written = io.BytesIO()
        _Pickler(written, self.door).dump(message)
        data = written.getbuffer()
        self._end.sendall(_LENGTH.pack(len(data)))
        self._end.sendall(data)

    def receive(self) -> Any:
        """Wait for an object.

        Raises:
            EOFError: The other process is gone, or sends more than any message has.
        """
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if length > _MOST:
            raise EOFError(f"a message of {length} bytes")
        return _Unpickler(io.BytesIO(self._exactly(length)), self.door).load()

    def is_ready(self, seconds: float) -> bool:
        """Wait until something can be received, or the other process is gone.

        Args:
            seconds: How long to wait at most.
        """
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        """Close this end; the other one finds out by an EOFError."""
        self._end.close()

    def _exactly(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            try:
                part = self._end.recv(min(length - len(data), 1 << 20))
            except OSError as error:
                raise EOFError(str(error)) from None
            if not part:
                raise EOFError("the other process is gone")
            data += part
        return bytes(data)


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, door: object) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._door = door

    def persistent_id(self, obj: object) -> str | None:
        return _DOOR if obj is self._door and obj is not None else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, door: object) -> None:
        super().__init__(file)
        self._door = door

    def persistent_load(self, _: str) -> object:
        return self._door
