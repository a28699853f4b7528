"""The HTTP client that reaches vetted addresses only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from newsletter.sources.http.connection import CONNECT_SECONDS, READ_SECONDS, AddressGuard

if TYPE_CHECKING:
    import ssl

    import httpcore2
    import httpx2


def guarded_client(guard: AddressGuard) -> httpx2.Client:
    """Make a client whose every connection goes through the guard.

    Only public names of httpx2 and httpcore2 are used: a transport over a pool that is given our backend.
    """
    import httpcore2
    import httpx2

    class DeadlineStream(httpcore2.NetworkStream):
        """A connection that keeps the deadline at every read, write and handshake."""

        def __init__(self, inner: httpcore2.NetworkStream) -> None:
            self._inner = inner

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return self._inner.read(max_bytes, guard.clock.left(timeout or READ_SECONDS))

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self._inner.write(buffer, guard.clock.left(timeout or READ_SECONDS))

        def close(self) -> None:
            self._inner.close()

        def start_tls(
            self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
        ) -> httpcore2.NetworkStream:
            left = guard.clock.left(timeout or CONNECT_SECONDS)
            return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left))

        def get_extra_info(self, info: str) -> Any:
            return self._inner.get_extra_info(info)

    class Backend(httpcore2.NetworkBackend):
        """Connects to vetted addresses only, and to nothing that a second look-up might answer."""

        _tcp = httpcore2.SyncBackend()

        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore2.NetworkStream:
            try:
                vetted = guard.vetted(host, port)
            except OSError as error:
                raise httpcore2.ConnectError(str(error)) from None
            failure: Exception | None = None
            for address in vetted:
                left = guard.clock.left(timeout or CONNECT_SECONDS)
                try:
                    return DeadlineStream(self._tcp.connect_tcp(address, port, left, local_address, socket_options))
                except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                    failure = error
            raise failure or httpcore2.ConnectError("its name has no address")

        def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.NetworkStream:
            raise httpcore2.ConnectError("Unix sockets are not asked")

    class Transport(httpx2.BaseTransport):
        """Hands requests of httpx2 to the guarded pool of httpcore2."""

        def __init__(self) -> None:
            self._pool = httpcore2.ConnectionPool(
                ssl_context=httpx2.create_ssl_context(trust_env=False),
                max_connections=32,
                keepalive_expiry=5.0,
                network_backend=Backend(),
            )

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            url = httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            )
            answer = self._pool.handle_request(
                httpcore2.Request(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    content=request.read(),
                    extensions=request.extensions,
                )
            )
            return httpx2.Response(
                answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
            )

        def close(self) -> None:
            self._pool.close()

    class _Body(httpx2.SyncByteStream):
        def __init__(self, answer: httpcore2.Response) -> None:
            self._answer = answer

        def __iter__(self) -> Iterator[bytes]:
            yield from self._answer.iter_stream()

        def close(self) -> None:
            self._answer.close()

    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    return httpx2.Client(transport=Transport(), timeout=timeout, trust_env=False)
