"""HTTP calls that end in their time however slowly the answer comes.

A timeout of `requests` is about one read: who answers a byte a second keeps a thread for minutes, and a few
such answers keep all of them. Here the whole answer has a moment by which it is there; then the connection
is shut under whoever reads it, who sees it cut.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_calling: Final = threading.local()


class _Watch:
    """The connection of one call, shut when its time is over."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._over = False
        self._lock = threading.Lock()

    def follow(self, connection: socket.socket | None) -> None:
        with self._lock:
            self._socket = connection
            if self._over:
                self._shut()

    def end(self) -> None:
        with self._lock:
            self._over = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class _Watched(HTTPConnection):
    def getresponse(self, *args: Any, **named: Any) -> Any:
        _follow(self)
        return super().getresponse(*args, **named)


class _WatchedTls(HTTPSConnection):
    def getresponse(self, *args: Any, **named: Any) -> Any:
        _follow(self)
        return super().getresponse(*args, **named)


def _follow(connection: HTTPConnection) -> None:
    watch: _Watch | None = getattr(_calling, "watch", None)
    if watch is not None:
        watch.follow(connection.sock)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class InTime(HTTPAdapter):
    """Every call sent through it has its whole answer within `within_s`, or fails as a cut connection does.

    Counted from the moment the request begins; a connect has the timeout the call names.
    """

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        super().__init__()

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> requests.Response:
        with _watched(self._within_s):
            response = super().send(request, *args, **named)
            _ = response.content  # the body, too, while its time is watched
        return response


@contextlib.contextmanager
def _watched(within_s: float) -> Iterator[None]:
    watch = _Watch()
    timer = threading.Timer(within_s, watch.end)
    timer.daemon = True
    _calling.watch = watch
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _calling.watch = None
