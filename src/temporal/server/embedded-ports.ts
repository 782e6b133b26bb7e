import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ports } from './embedded-record.js';

/** The remembered ports when both can be bound (or soon can), else free ones. */
export async function choosePorts(remembered: Ports | undefined): Promise<Ports> {
  if (remembered && (await becomeFree(remembered))) return remembered;
  const [server, ui] = await Promise.all([bind(0), bind(0)]);
  const ports = { port: portOf(server), uiPort: portOf(ui) };
  await Promise.all([release(server), release(ui)]);
  return ports;
}

type Listener = ReturnType<typeof createServer>;

// The kernel gives a port back some milliseconds after the process that held it was seen to die.
const PATIENCE_MS = 500;
const POLL_MS = 20;

async function becomeFree(ports: Ports): Promise<boolean> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await sleep(POLL_MS)) {
    if (await areFree(ports)) return true;
  }
  return false;
}

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
