import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Ports } from './embedded-record.js';

/** The remembered ports when both can be bound, else free ones. */
export async function choosePorts(remembered: Ports | undefined): Promise<Ports> {
  if (remembered && (await areFree(remembered))) return remembered;
  const [server, ui] = await Promise.all([bind(0), bind(0)]);
  const ports = { port: portOf(server), uiPort: portOf(ui) };
  await Promise.all([release(server), release(ui)]);
  return ports;
}

type Listener = ReturnType<typeof createServer>;

async function areFree({ port, uiPort }: Ports): Promise<boolean> {
  const bound = await Promise.allSettled([bind(port), bind(uiPort)]);
  await Promise.all(bound.map((one) => (one.status === 'fulfilled' ? release(one.value) : Promise.resolve())));
  return bound.every((one) => one.status === 'fulfilled');
}

function bind(port: number): Promise<Listener> {
  const { promise, resolve, reject } = Promise.withResolvers<Listener>();
  const server = createServer();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', () => resolve(server));
  return promise;
}

function portOf(server: Listener): number {
  // It listens on TCP, so the address is no pipe's name and not null.
  return (server.address() as AddressInfo).port;
}

function release(server: Listener): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  return promise;
}
