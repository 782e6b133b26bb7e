import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * How a server's connections end when it closes: those that never sent anything at once (Node takes them for active, and
 * clients open them ahead of need), those with a request in work when it is answered, all others after `drainMs`.
 */
export function createDrain(server: Server, drainMs: number): () => void {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) {
      if (socket.bytesRead === 0) socket.destroy();
    }
    const timer = setTimeout(() => server.closeAllConnections(), drainMs);
    timer.unref();
    server.once('close', () => clearTimeout(timer));
  };
}
