import type { Socket } from 'node:net';

/**
 * Ends `socket` at once, with a reset. A plain close leaves megabytes to the kernel, which goes on delivering them: a
 * broker that reads late would store messages whose producer was closed long before.
 * @param socket the one of TCP: what lies on top of it cannot reset.
 */
export function cutOff(socket: Socket): void {
  if (!socket.connecting && !socket.destroyed) {
    // On its own it waits until everything is written.
    socket.resetAndDestroy();
  }
  socket.destroy();
}
