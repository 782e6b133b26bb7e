import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import { API_KEY, rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { deadline, patience } from '../support/patience.js';

let server: TestServer;
let client: Anthropic;
let id: string;
beforeEach(async () => {
  server = await startTestServer({ streams: { pingIntervalMs: 50, maxBacklog: 256 * 1024, lingerMs: 200 } });
  client = server.client;
  const environment = await client.beta.environments.create({ name: 'e' });
  const agent = await client.beta.agents.create({ name: 'a', model: 'm' });
  id = (await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id })).id;
});
afterEach(() => server.stop());

const message = { type: 'user.message' as const, content: [{ type: 'text' as const, text: 'hi' }] };

test('the SDK sees every event of a turn, in the order of the list', async () => {
  const stream = await client.beta.sessions.events.stream(id);
  await client.beta.sessions.events.send(id, { events: [message] });
  const seen = [];
  for await (const event of stream) {
    seen.push(event);
    if (event.type === 'session.status_idle') break;
  }
  expect(seen).toEqual((await client.beta.sessions.events.list(id)).data);
});

test('the headers and the first event are there at once; several clients, the thread’s stream too', async () => {
  const [thread] = (await client.beta.sessions.threads.list(id)).data;
  const streams = await Promise.all([
    client.beta.sessions.events.stream(id),
    client.beta.sessions.events.stream(id),
    client.beta.sessions.threads.events.stream(thread?.id ?? '', { session_id: id }),
  ]);
  expect(server.session.subscribers()).toBe(3);
  server.session.emit(id, { type: 'session.status_running' });
  for (const stream of streams) {
    for await (const event of stream) {
      expect(event).toMatchObject({ type: 'session.status_running' });
      break;
    }
  }
  await until(() => server.session.subscribers() === 0);
});

test('framing: named, one line of data, pings, no compression', async () => {
  const response = await rawFetch(server, `/v1/sessions/${id}/events/stream`, {
    headers: { 'accept-encoding': 'gzip' },
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(response.headers.get('content-encoding')).toBeNull();
  expect(response.headers.get('request-id')).toMatch(/^req_/);
  expect(response.headers.get('anthropic-workspace-id')).toBe('wrkspc_default');
  const event = server.session.emit(id, { type: 'agent.message', content: [{ type: 'text', text: 'a\nb\u2028c' }] });
  server.session.emit(id, { type: 'session.status_terminated' });
  const body = await response.text();
  expect(body).toContain(`event: agent.message\ndata: ${JSON.stringify(event)}\n\n`);
  const pinged = await rawFetch(server, `/v1/sessions/${id}/events/stream`);
  let seen = '';
  const reading = (async () => {
    for await (const chunk of pinged.body ?? []) seen += Buffer.from(chunk).toString();
  })();
  await until(() => (seen.match(/event: ping\ndata: {"type":"ping"}\n\n/g)?.length ?? 0) >= 2);
  server.session.emit(id, { type: 'session.deleted' });
  await reading;
});

test.each(['session.deleted', 'session.status_terminated'] as const)('the stream ends after %s', async (type) => {
  const stream = await client.beta.sessions.events.stream(id);
  server.session.emit(id, { type });
  server.session.emit(id, { type: 'session.status_running' });
  const seen = [];
  for await (const event of stream) seen.push(event.type);
  expect(seen).toEqual([type]);
  expect(server.session.subscribers()).toBe(0);
});

test('a new stream on a terminated session is 200 and ends', async () => {
  await client.beta.sessions.archive(id);
  const seen = [];
  for await (const event of await client.beta.sessions.events.stream(id)) seen.push(event);
  expect(seen).toEqual([]);
});

describe('previews', () => {
  test('only what was asked for', async () => {
    expect(await collect(undefined, turn)).toEqual([]);
  });

  test('messages', async () => {
    expect(await collect(['agent.message'], turn)).toEqual(['start m1', 'delta m1 a', 'delta m1 b']);
  });

  test('thinking and messages', async () => {
    const seen = await collect(['agent.message', 'agent.thinking'], turn);
    expect(seen).toEqual(['start t1', 'start m1', 'delta m1 a', 'delta m1 b']);
  });

  test('one start an id; what starts again gets no more deltas, nor does what has come whole', async () => {
    const seen = await collect(['agent.message'], () => {
      turn();
      start('m1');
      delta('m1', 'a');
      start('m2');
      server.session.emit(id, { id: 'm2', type: 'agent.message', content: [] });
      delta('m2', 'late');
      start('m3');
      server.session.emit(id, { type: 'span.model_request_end' });
      delta('m3', 'late');
    });
    expect(seen).toEqual(['start m1', 'delta m1 a', 'delta m1 b', 'start m2', 'start m3']);
  });

  test.each(['event_deltas[]=agent.tool_use', 'event_deltas[]=agent.message&'.repeat(101)])(
    'a wrong value or too many are 400 naming the field',
    async (query) => {
      const response = await rawFetch(server, `/v1/sessions/${id}/events/stream?${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/^event_deltas: /) } });
    },
  );
});

test('a client that goes away leaves no subscriber behind', async () => {
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write(`GET /v1/sessions/${id}/events/stream HTTP/1.1\r\nhost: x\r\nx-api-key: ${API_KEY}\r\n\r\n`);
  await until(() => server.session.subscribers() === 1);
  socket.destroy();
  await until(() => server.session.subscribers() === 0);
  expect(server.session.subscribers()).toBe(0);
});

test('a reader that does not read is told so and dropped; memory does not grow with it', async () => {
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write(`GET /v1/sessions/${id}/events/stream HTTP/1.1\r\nhost: x\r\nx-api-key: ${API_KEY}\r\n\r\n`);
  await until(() => server.session.subscribers() === 1);
  socket.pause();
  const content = [{ type: 'text', text: 'x'.repeat(64 * 1024) }];
  let sent = 0;
  while (server.session.subscribers() > 0 && sent < 1000) {
    server.session.emit(id, { type: 'agent.message', content });
    sent += 1;
    await sleep(1);
  }
  // The kernel's own buffers take some megabytes before ours begins to fill.
  expect(sent).toBeLessThan(1000);
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received = (received + chunk).slice(-2000)));
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  expect(received).toMatch(/event: error\ndata: {"type":"error","error":{"type":"overloaded_error"/);
});

test('events larger than the limit, several at once, are no reason to drop anybody', async () => {
  const stream = await client.beta.sessions.events.stream(id);
  const content = [{ type: 'text', text: 'x'.repeat(2 * 1024 * 1024) }];
  // As of a message that is queued and at once taken up.
  for (let copies = 0; copies < 3; copies += 1) server.session.emit(id, { type: 'user.message', content });
  server.session.emit(id, { type: 'session.status_running' });
  server.session.emit(id, { type: 'session.deleted' });
  const seen = [];
  for await (const event of stream) seen.push(event.type);
  expect(seen).toEqual(['user.message', 'user.message', 'user.message', 'session.status_running', 'session.deleted']);
});

test('a shutdown ends every stream cleanly and at once', async () => {
  const stream = await client.beta.sessions.events.stream(id);
  const began = Date.now();
  const closed = server.stop();
  const seen = [];
  for await (const event of stream) seen.push(event);
  await closed;
  expect(seen).toEqual([]);
  expect(Date.now() - began).toBeLessThan(patience(2_000));
});

async function until(fact: () => boolean): Promise<void> {
  for (const isOver = deadline(5_000); !fact() && !isOver();) await sleep(10);
  expect(fact()).toBe(true);
}

function start(event: string, type: 'agent.message' | 'agent.thinking' = 'agent.message'): void {
  server.session.preview(id, { type: 'event_start', event: { type, id: event } });
}

function delta(event: string, text: string): void {
  server.session.preview(id, {
    type: 'event_delta',
    event_id: event,
    delta: { type: 'content_delta', index: 0, content: { type: 'text', text } },
  });
}

async function collect(event_deltas: Anthropic.Beta.Sessions.EventStreamParams['event_deltas'], act: () => void) {
  const stream = await client.beta.sessions.events.stream(id, event_deltas ? { event_deltas } : {});
  act();
  server.session.emit(id, { type: 'session.status_terminated' });
  const seen: string[] = [];
  for await (const event of stream) {
    if (event.type === 'event_start') seen.push(`start ${event.event.id}`);
    else if (event.type === 'event_delta') seen.push(`delta ${event.event_id} ${event.delta.content.text}`);
  }
  return seen;
}

function turn(): void {
  start('t1', 'agent.thinking');
  delta('m0', 'never started');
  start('m1');
  delta('m1', 'a');
  delta('m1', 'b');
}
