import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a Postgres server on which connections can be lost. */
export interface Proxy {
  /** As `openDatabase` takes it. */
  place: string;
  /** From now on nothing gets through, and nobody is told. Undone by `restore`. */
  silence(): void;
  /** All connections end, and new ones at once. Undone by `restore`. */
  cut(): void;
  restore(): void;
  /** The next transaction with this in it is committed, and its connection lost before the answer. Resolves when it is. */
  loseCommit(of: string): Promise<void>;
  close(): Promise<void>;
}

/** In front of a place of `newDatabase`. */
export async function openProxy(place: string): Promise<Proxy> {
  const behind = new URL(place);
  const path = `${behind.searchParams.get('host')}/.s.PGSQL.5432`;
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'open' | 'silent' | 'cut' = 'open';
  let doomed: { text: string; lost: () => void } | undefined;
  const end = (pair: readonly [Socket, Socket]): void => {
    pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  };
  const server = createServer((client) => {
    if (state === 'cut') return void client.destroy();
    const upstream = connect(path);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let isDoomed = false;
    for (const socket of pair) socket.on('error', () => {}).on('close', () => end(pair));
    client.on('data', (chunk) => {
      if (state === 'silent') return;
      if (doomed && chunk.includes(doomed.text)) isDoomed = true;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (state === 'silent') return;
      if (isDoomed && doomed && chunk.includes('COMMIT\0')) {
        const { lost } = doomed;
        doomed = undefined;
        end(pair);
        return lost();
      }
      client.write(chunk);
    });
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on TCP, so not the path of a pipe.
  const { port } = server.address() as AddressInfo;
  const endAll = (): void => {
    for (const pair of pairs) end(pair);
  };
  return {
    place: `postgres://postgres@127.0.0.1:${port}${behind.pathname}`,
    silence: () => void (state = 'silent'),
    cut() {
      state = 'cut';
      endAll();
    },
    restore: () => void (state = 'open'),
    loseCommit: (text) => new Promise((lost) => (doomed = { text, lost })),
    async close() {
      endAll();
      server.close();
      await once(server, 'close');
    },
  };
}
