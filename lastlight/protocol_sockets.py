"""What `docs/protocol.md` says of sockets, in words: no table has it."""

from __future__ import annotations

from typing import Final

SOCKETS: Final = """\
`GET /ws` with subprotocol `lastlight.v1`; messages are JSON objects in text frames, told apart by
`op`. The client says:

- `{op: "hello", token}` first, within 10 s, and again with a new token before 60 s after the old
  one's end. The answer is `{op: "welcome", user_id, display_name, expires_at, server_time,
  ping_interval_s}`.
- `{op: "subscribe", room, after_seq?, epoch?, snapshot?}`: hear a room, from after what was heard
  before. The answer is `{op: "subscribed", room, epoch, seq, snapshot?}`; then comes what was
  missed, up to `seq`, then what happens. With a snapshot `{view, latest}` the room begins anew:
  nothing was heard before, or what was missed is too much, forgotten, or of another `epoch`. `view`
  is what all events up to `seq` came to by the table `x-fold` of `/docs/asyncapi.json`; fold what
  follows into it, an urgent copy once its `seq` comes. To `snapshot: false` the answer is then
  `cursor_expired`, and an event `system.resync_required` says why.
- `{op: "command", id, command, data?, idempotency_key?}`: any operation above that does not say
  *not over sockets*, by its name; `data` has its path, query and body members. The answer is
  `{op: "reply", id, status, data}` or `{op: "error", id, problem}`.
- `{op: "ack", room, seq}`: the room was taken in up to here; `{op: "ack", room, id}`: so was this
  event, as an urgent copy has no `seq`. Say it of the `seq` that a room is subscribed at, and of
  every alert: it is how an incident knows who has it, and it gets louder sooner if nobody does.
- `{op: "ping"}`: answered by `{op: "pong"}`.

The server also says `{op: "event", room, seq, event}`, and `{op: "error", problem}` to what it did
not understand. An event of null is a place that is not this connection's to see; one with `id`
beside it was sent before as an urgent copy. It pings every 25 s, and closes with 4401 (no token, or
one that counts no more), 4403 (a room that is not, or no longer, yours), 4408 (too slow) or 4429
(too much, or too many connections).

Rooms are `venue:{id}:patrons` for guests who are there, `venue:{id}:staff`, `:management` and
`:owner` for those who work there, and `user:{id}` for oneself. Without a socket,
[ReadEvents](#readevents) reads the same.
"""
SOCKET_IO: Final = """\
`/socket.io/` speaks Socket.IO to its stock client, version 4 (Engine.IO 4): polls and then an
upgrade, a WebSocket alone, or polls alone. It is the same by other words:

- `auth: {token, cursors?}` in the handshake; `cursors` is `{room: {seq, epoch}}`. Who is not let in
  gets `connect_error`, whose `data` is the problem.
- `emit('subscribe', {room, after_seq?, epoch?, snapshot?}, ack)`: the acknowledgement is `{room,
  epoch, seq, snapshot?}`. `emit('command', {command, data?, idempotency_key?}, ack)`: `{status,
  data}`. `emit('hello', {token}, ack)` renews. `emit('ack', {room, seq})` or `{room, id}`. An
  acknowledgement of no is `{problem}`; without one, answers are the events `subscribed`, `reply`,
  `welcome` and `error`. A room that is not yours is refused, and the connection stays.
- An event comes under its type, with `{id, room, seq, type, …}` as its one argument. The event
  `cursor` with `{room, seq}` is a place without anything to show; it has an `id` after an urgent
  copy.
- A client that comes again within 2 minutes is `recovered`, in its rooms and with all that it
  missed, if it is known what had arrived: by `cursors` (of every room it is in; a function as
  `auth` gives the ones of now), which count after any time, or by pings. If it is not, it
  subscribes anew with `after_seq`.
- A token that counts no more: `error` with `{problem}`, then `disconnect`. Other ends leave the
  client to come again by itself.
"""
