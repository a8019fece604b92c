// Socket.IO's rooms: who is told what, after it is on the disk.
import { Server } from "socket.io";
import { freshId } from "./ids.mjs";

export function told(type, rooms, data, venueId = null) {
  return { id: freshId(), rooms, type, venueId, data };
}

// The events as the write statements take them.
export function eventColumns(events) {
  return {
    event_ids: events.map((event) => event.id),
    event_rooms: events.map((event) => event.rooms.join(" ")),
    event_types: events.map((event) => event.type),
    event_venues: events.map((event) => event.venueId),
    event_payloads: events.map((event) => JSON.stringify(event.data)),
  };
}

export class Rooms {
  #io;

  constructor(server, tokens) {
    this.#io = new Server(server, { pingInterval: 25_000, pingTimeout: 20_000 });
    this.#io.use((socket, next) => {
      try {
        socket.data.principal = tokens.verify(String(socket.handshake.auth.token));
        next();
      } catch (error) {
        next(error);
      }
    });
    this.#io.on("connection", (socket) => socket.join(roomsOf(socket.data.principal)));
  }

  tell(events, now) {
    for (const event of events) {
      for (const room of event.rooms) {
        this.#io.to(room).emit(event.type, {
          id: event.id,
          room,
          type: event.type,
          venue_id: event.venueId,
          occurred_at: now,
          version: 1,
          data: event.data,
        });
      }
    }
  }
}

function roomsOf(principal) {
  const rooms = [`user:${principal.userId}`];
  for (const [venueId, role] of Object.entries(principal.roles)) {
    rooms.push(`venue:${venueId}:staff`);
    if (role !== "staff") rooms.push(`venue:${venueId}:${role}`);
  }
  return rooms;
}
