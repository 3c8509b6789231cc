"""A camera that speaks RTSP: GStreamer's own server on 127.0.0.1, with motion JPEG at 50 images per second.

python rtsp_server.py PORT      prints "ready PORT", with the port that was bound if PORT is 0
python rtsp_server.py --check   status 0 if it could run, or one line on stderr that says what is missing

GStreamer's bindings come with the system and its own Python: where this one has none, that one is tried.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

SYSTEM_PYTHON = "/usr/bin/python3"
ENCODER = "videotestsrc is-live=true ! video/x-raw,format=I420,width=64,height=48,framerate=50/1 ! jpegenc"
TRIED = "AIRO_ROS2_RTSP_TRIED"

try:
    gi = importlib.import_module("gi")  # of the system, so no dependency of this package
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    GLib, Gst, GstRtspServer = (
        importlib.import_module(f"gi.repository.{name}") for name in ("GLib", "Gst", "GstRtspServer")
    )
    Gst.init(None)
    missing = [name for name in ("videotestsrc", "jpegenc", "rtpjpegpay") if Gst.ElementFactory.find(name) is None]
    if missing:
        sys.exit(f"GStreamer lacks {', '.join(missing)}")
except (ImportError, ValueError) as error:
    if TRIED in os.environ or not Path(SYSTEM_PYTHON).exists():
        sys.exit(f"no GStreamer RTSP server (Debian: gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good): {error}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LD_"))}
    os.execve(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv], environment | {TRIED: "1"})

if sys.argv[1:] == ["--check"]:
    sys.exit(0)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(f"( {ENCODER} ! rtpjpegpay name=pay0 pt=26 )")
factory.set_shared(True)
server.get_mount_points().add_factory("/", factory)
server.attach(None)
print("ready", server.get_bound_port(), flush=True)
GLib.MainLoop().run()
