"""The service manager's side of sd_notify."""

from __future__ import annotations

import queue
import socket
import threading

import pytest


class Listener:
    """The socket of a service manager."""

    def __init__(self, path, patience_s):
        self.path, self._patience_s = path, patience_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._heard = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def hear(self):
        """The next datagram; queue.Empty when none comes."""
        return self._heard.get(timeout=self._patience_s)

    def hear_until(self, last):
        """Every datagram up to this one."""
        datagrams = [self.hear()]
        while datagrams[-1] != last:
            datagrams.append(self.hear())
        return datagrams

    def _listen(self):
        while datagram := self._socket.recv(4096):
            self._heard.put(datagram.decode())

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def listener(tmp_path, patience_s):
    manager = Listener(tmp_path / "notify", patience_s)
    yield manager
    manager.close()
