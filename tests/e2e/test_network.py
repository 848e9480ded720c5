#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_network - a guest reaches the port of the host that was granted."""

import http.server
import sys
import threading

import support
from support import Place, check



class Web:
    """An HTTP server on the host's loopback; counts its visitors."""

    def __init__(self):
        self.hits = []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 30

            def do_GET(self):
                web.hits.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"hello from the host\n")

            def log_message(self, format, *args):
                del format, args

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


def get(place, host, port, *flags):
    script = (
        f"exec 3<>/dev/tcp/{host}/{port} || exit 9; "
        "printf 'GET /x HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3"
    )
    return place.bbox(
        "run-image",
        "base",
        *flags,
        "--",
        "timeout",
        "20",
        "bash",
        "-c",
        script,
    )


def test_a_granted_port_is_reached():
    with Place() as place, Web() as web:
        result = get(
            place,
            "host.bbox.internal",
            web.port,
            "--allow-host",
            f"host.bbox.internal:{web.port}",
        )
        result.expect(0, "hello from the host\n")
        check(web.hits == ["/x"], f"hits: {web.hits}")


if __name__ == "__main__":
    sys.exit(support.run(globals()))
