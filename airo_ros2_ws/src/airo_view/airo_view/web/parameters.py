"""Parameters of the web view."""

from __future__ import annotations

from dataclasses import dataclass

from airo_frames.parameters import parameter

__all__ = ["WebViewParameters"]


@dataclass(frozen=True)
class WebViewParameters:
    """See the descriptions; README.md has them as a table."""

    host: str = parameter("127.0.0.1", "address to listen on; one that others can reach needs a token, see README")
    port: int = parameter(8080, "TCP port; 0 for any free one", minimum=0, maximum=65535)
    any_port: bool = parameter(False, "take another free port when this one is taken")
    allowed_hosts: list[str] = parameter([""], "further names of this machine that browsers may use, beside localhost")
    quality: int = parameter(80, "JPEG quality", minimum=1, maximum=100)
    max_clients: int = parameter(32, "pages that may be open at the same time", minimum=1, maximum=1000)
