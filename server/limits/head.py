"""The head of a request, bounded: its first line and headers, which come before anybody knows who asks."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

BYTES_MOST = 64 << 10

_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-type: application/json\r\n\r\n"
    b'{"code":"TOO_LARGE","message":"The address and headers of a request are larger than 64 KiB, which is the limit."}'
)


class BoundedHead(HttpToolsProtocol):
    """Uvicorn's protocol over httptools, which by itself keeps a head however long it becomes.

    What is counted is what came since the last piece of a body or the end of a head; so the framing and the trailers of a chunked
    body are bounded too.
    """

    _since_progress = 0

    def data_received(self, data: bytes) -> None:
        self._since_progress += len(data)
        super().data_received(data)
        if self._since_progress > BYTES_MOST and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_REFUSAL)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._since_progress = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._since_progress = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._since_progress = 0
        super().on_message_complete()
