"""One port for HTTP/1.1, HTTP/2 and WebSocket; see `door`."""

from lastlight.front_door.door import DoorStatistics, FrontDoor, open_front_door
from lastlight.front_door.patience import Patience
from lastlight.front_door.socket_lane import Socket, SocketClosed, SocketEndpoint, frame_text
from lastlight.front_door.tls import CannotListen, TlsFiles

__all__ = [
    "CannotListen",
    "DoorStatistics",
    "FrontDoor",
    "Patience",
    "Socket",
    "SocketClosed",
    "SocketEndpoint",
    "TlsFiles",
    "frame_text",
    "open_front_door",
]
