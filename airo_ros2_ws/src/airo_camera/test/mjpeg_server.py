"""A camera that speaks HTTP: motion JPEG on 127.0.0.1, at 50 images per second. Prints "ready" and "serving".

python mjpeg_server.py PORT [--garbage]     with --garbage, all but the first image are torn JPEGs
"""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

PERIOD_SECS = 0.02


class Handler(BaseHTTPRequestHandler):
    """Streams until the reader or the process has gone."""

    def do_GET(self) -> None:
        """Answer a request."""
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=image")
        self.end_headers()
        print("serving", flush=True)
        noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
        content = cv2.imencode(".jpg", noise)[1].tobytes()
        try:
            while True:
                self.wfile.write(b"--image\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(content))
                self.wfile.write(content + b"\r\n")
                time.sleep(PERIOD_SECS)  # its frame rate
                if "--garbage" in sys.argv:
                    content = b"\xff\xd8\xff\xe0 no image \xff\xd9" * 20
        except OSError:
            return  # the reader has gone

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Server(ThreadingHTTPServer):
    """Ends at once, whoever still reads."""

    daemon_threads = True
    allow_reuse_address = True


with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
    print("ready", server.server_port, flush=True)
    server.serve_forever()
