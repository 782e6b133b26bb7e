import { archive, change, receive, remove } from '../../src/harness/inputs.js';
import { eventsRefusal } from '../../src/harness/refusals.js';
import { summarize } from '../../src/harness/summary.js';
import type { SessionAgent } from '../../src/session/session.js';
import { openThread, type TestThread } from './play.js';
import { message, outcome } from './said.js';

const types = (thread: TestThread): string[] =>
  thread.entries.map((entry) => (entry.kind === 'event' ? entry.event.type : entry.kind));

describe('receiving', () => {
  test('the same request twice counts once, also much later', () => {
    const thread = openThread();
    receive(thread, 'a', [message(thread)]);
    receive(thread, 'a', [message(thread)]);
    expect(thread.state.queue).toHaveLength(1);
    for (let index = 0; index < 255; index += 1) receive(thread, `other_${index}`, []);
    receive(thread, 'a', [message(thread)]);
    expect(thread.state.queue).toHaveLength(1);
    expect(thread.state.recent).toHaveLength(256);
  });

  test('P2: what is remembered holds ids, not what was said', () => {
    const thread = openThread();
    receive(thread, 'a', [message(thread, 'x'.repeat(100_000))]);
    expect(JSON.stringify(thread.state).length).toBeLessThan(1_000);
  });

  test('is refused for a second outcome, and for a session that is over', () => {
    const thread = openThread();
    const second = /^events\.1: the session works toward one outcome at a time/;
    expect(eventsRefusal(thread.state, [outcome(thread), outcome(thread)])?.message).toMatch(second);
    receive(thread, 'a', [outcome(thread)]);
    expect(eventsRefusal(thread.state, [message(thread), outcome(thread)])?.message).toMatch(second);
    expect(eventsRefusal(thread.state, [message(thread)])).toBeUndefined();
    archive(thread);
    expect(eventsRefusal(thread.state, [message(thread)])?.message).toMatch(/archived or terminated/);
  });
});

describe('an update', () => {
  const start = { title: 'old', metadata: { a: '1' } };
  // Its content is none of the harness's business.
  const agent = { id: 'agent_1' } as SessionAgent;
  const rows: [string, Parameters<typeof change>[1], object[]][] = [
    ['of the title', { title: 'new' }, [{ title: 'new' }]],
    ['that takes the title away', { title: null }, [{ title: null }]],
    ['of one key', { metadata: { b: '2' } }, [{ metadata: { a: '1', b: '2' } }]],
    ['that replaces one key by another', { metadata: { a: null, b: '2' } }, [{ metadata: { b: '2' } }]],
    ['of the agent', { agent }, [{ agent }]],
    ['to what is there already', { title: 'old', metadata: { a: '1' } }, []],
    ['of nothing', {}, []],
    ['that deletes what is not there', { metadata: { z: null } }, []],
    ['that empties the metadata', { metadata: { a: null } }, [{}]],
    ['that empties it at once', { metadata: null }, [{}]],
    ['that empties it and more', { metadata: null, title: 'new' }, [{ title: 'new' }, {}]],
  ];
  test.each(rows)('%s', (_, asked, written) => {
    const thread = openThread(start);
    change(thread, asked);
    const events = thread.entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event] : []));
    expect(events).toEqual(written.map((fields) => ({ id: expect.any(String), type: 'session.updated', ...fields })));
  });
});

test('archiving says so once; deleting is the last word', () => {
  const thread = openThread();
  archive(thread);
  archive(thread);
  remove(thread);
  expect(types(thread)).toEqual(['session.thread_status_terminated', 'session.status_terminated', 'session.deleted']);
});

test('the summary for the Temporal UI says what is going on', () => {
  const { state } = openThread({ title: 'Tests' });
  expect(summarize(state, { type: 'wait' })).toBe(
    '**coder** · Tests\n\nIdle: waits for a message.\n\n0 tokens in, 0 out, $0.00',
  );
  const calls = [
    { id: '1', name: 'bash', input: {} },
    { id: '2', name: 'read', input: {} },
  ];
  expect(summarize(state, { type: 'run_tools', calls })).toContain('Runs `bash`, `read`.');
  expect(summarize(state, { type: 'back_off', ms: 2_600 })).toContain('the next attempt is in 3 s');
});
