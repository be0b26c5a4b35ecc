"""A double of the models' hub: its list of a repository's files, the files, and the ways in which it refuses."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

REVISION = "0a1b2c3d4e" * 4


class FakeHub:
    """Serves these files as one repository, by names with their folders, as huggingface_hub 2.4 asks for them.

    `refusal` is a status and the hub's own word for it. After `breaks_after_files` whole files it is out of order.
    `asked` lists the files that were fetched.
    """

    def __init__(
        self,
        name: str,
        files: Mapping[str, bytes],
        *,
        refusal: tuple[int, str] | None = None,
        breaks_after_files: int | None = None,
    ) -> None:
        self.name = name
        self.files = files
        self.refusal = refusal
        self.breaks_after_files = breaks_after_files
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def do_HEAD(self) -> None:
                hub.answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        path = request.path.partition("?")[0]
        api, resolve = f"/api/models/{self.name}", f"/{self.name}/resolve/{REVISION}/"
        if self.refusal:
            _send(request, self.refusal[0], b"{}", {"X-Error-Code": self.refusal[1]})
        elif path == f"{api}/revision/main":
            _send(request, 200, json.dumps({"id": self.name, "sha": REVISION, "siblings": []}).encode())
        elif path == f"{api}/tree/{REVISION}":
            _send(request, 200, json.dumps(list(map(self._listed, self.files))).encode())
        elif path.startswith(resolve) and path.removeprefix(resolve) in self.files:
            self._send_file(request, path.removeprefix(resolve))
        else:
            _send(request, 404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _listed(self, file: str) -> dict[str, object]:
        data = self.files[file]
        return {"type": "file", "path": file, "size": len(data), "oid": _etag(data)}

    def _send_file(self, request: BaseHTTPRequestHandler, file: str) -> None:
        if request.command == "GET":
            if self.breaks_after_files is not None and len(self.asked) >= self.breaks_after_files:
                _send(request, 500, b"{}")
                return
            self.asked.append(file)
        _send(request, 200, self.files[file], {"X-Repo-Commit": REVISION, "ETag": f'"{_etag(self.files[file])}"'})


def _etag(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
        request.send_header(name, value)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)
