import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what systems give to who asks for any port, or calls from one: nobody takes it while its server is away. */
const [LOWEST, HIGHEST] = [20_000, 30_000];

/** A port that nobody listens on, for a server that is to come back under the same address. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
