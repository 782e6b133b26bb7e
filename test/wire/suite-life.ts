import { BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { heldReply } from './held-reply.js';
import { follow } from './recording.js';
import { only, openTalk, textOf, typesOf } from './session.js';
import type { GetWire } from './suite.js';

/** Updates, threads, and the ends of a session. */
export function describeLife(get: GetWire): void {
  const sessions = () => get().client.beta.sessions;

  describe('an update', () => {
    test('of title and metadata is an event with what changed, and nothing when nothing did', async () => {
      const talk = await openTalk(get(), { title: 'old', metadata: { a: '1' } });
      const updated = await sessions().update(talk.id, { title: 'new', metadata: { b: '2' } });
      expect(updated).toMatchObject({ title: 'new', metadata: { a: '1', b: '2' } });
      await sessions().update(talk.id, { title: 'new', metadata: { a: '1' } });
      await sessions().update(talk.id, { metadata: { a: null, b: null } });
      expect(await sessions().retrieve(talk.id)).toMatchObject({ title: 'new', metadata: {} });
      const events = only(await talk.list(), 'session.updated');
      expect(events).toMatchObject([{ title: 'new', metadata: { a: '1', b: '2' } }, {}]);
      expect(Object.keys(events[1] ?? {}).sort()).toEqual(['id', 'processed_at', 'type']);
      await talk.stream.until((event) => 'id' in event && event.id === events[1]?.id);
    });

    test('of metadata: a key may be any text, and what is deleted need not be there', async () => {
      const metadata = { $drover_blob: 'x', keep: '1' };
      const talk = await openTalk(get(), { metadata });
      expect((await sessions().retrieve(talk.id)).metadata).toEqual(metadata);
      const absent = Array.from({ length: 6_000 }, (_, n) => [`${'k'.repeat(50)}${n}`, null]);
      await sessions().update(talk.id, { metadata: { ...Object.fromEntries(absent), $drover_blob: 'y' } });
      expect((await sessions().retrieve(talk.id)).metadata).toEqual({ $drover_blob: 'y', keep: '1' });
      expect(only(await talk.list(), 'session.updated')).toMatchObject([
        { metadata: { $drover_blob: 'y', keep: '1' } },
      ]);
    });

    test('of metadata twice at once: together they do not make more pairs than there may be', async () => {
      const talk = await openTalk(get());
      const updates = ['a', 'b'].map((name) => sessions().update(talk.id, { metadata: tenPairs(name) }));
      const results = await Promise.allSettled(updates);
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(refused).toEqual([expect.any(BadRequestError)]);
      expect(String(refused[0])).toMatch(/metadata: has more than 16 pairs/);
      expect(Object.keys((await sessions().retrieve(talk.id)).metadata)).toHaveLength(10);
    });

    test('of the title is taken while it runs', async () => {
      const { reply, release } = heldReply();
      const talk = await openTalk(get(), { replies: [reply] });
      await talk.send('go');
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      expect(await sessions().update(talk.id, { title: 'meanwhile' })).toMatchObject({ title: 'meanwhile' });
      release();
      await talk.stream.untilIdle(0);
      expect(typesOf(await talk.list())).toContain('session.updated');
    });

    test('of the agent’s tools is in force from the next message on', async () => {
      const talk = await openTalk(get(), { tools: true });
      await talk.turn('one');
      await sessions().update(talk.id, { agent: { tools: [] } });
      await talk.turn('two');
      const [before, after] = get().requestsOf(talk.model);
      expect(before?.body.tools?.length).toBeGreaterThan(0);
      expect(after?.body.tools).toBeUndefined();
    });
  });

  describe('the primary thread', () => {
    test('is a thread with the session’s log and status', async () => {
      const talk = await openTalk(get());
      await talk.turn('hi');
      const session_id = talk.id;
      const threads = (await sessions().threads.list(talk.id)).data;
      expect(threads).toMatchObject([{ type: 'session_thread', status: 'idle', parent_thread_id: null }]);
      const id = threads[0]?.id ?? '';
      expect(only(await talk.list(), 'session.thread_status_running')[0]?.session_thread_id).toBe(id);
      expect(await sessions().threads.retrieve(id, { session_id })).toMatchObject({ id, status: 'idle' });
      const events = [];
      for await (const event of sessions().threads.events.list(id, { session_id })) events.push(event);
      expect(events).toEqual(await talk.list());
    });

    test('can be followed', async () => {
      const talk = await openTalk(get());
      const session_id = talk.id;
      const id = (await sessions().threads.list(talk.id)).data[0]?.id ?? '';
      const stream = await sessions().threads.events.stream(id, { session_id });
      await talk.send('hi');
      const types: string[] = [];
      for await (const { type } of stream) {
        types.push(type);
        if (type === 'session.status_idle') break;
      }
      await talk.stream.untilIdle(0);
      expect(types).toEqual(typesOf(talk.stream.events));
    });
  });

  describe('archiving', () => {
    test('ends every stream after its last event, keeps the log, and takes nothing more', async () => {
      const talk = await openTalk(get());
      await talk.turn('hi');
      const other = await follow(get().client, talk.id);
      const archived = await sessions().archive(talk.id);
      expect(archived).toMatchObject({ status: 'terminated', archived_at: expect.any(String) });
      await Promise.all([talk.stream.ended, other.ended]);
      expect(typesOf(other.events)).toEqual(['session.thread_status_terminated', 'session.status_terminated']);
      const list = await talk.list();
      expect(typesOf(list).slice(-2)).toEqual(typesOf(other.events));
      await expect(talk.send('more')).rejects.toThrow(BadRequestError);
      await expect(sessions().update(talk.id, { title: 'more' })).rejects.toThrow(BadRequestError);
      expect(await sessions().archive(talk.id)).toMatchObject({ archived_at: archived.archived_at });
      expect(await talk.list()).toEqual(list);
      await sessions().delete(talk.id);
      await expect(sessions().retrieve(talk.id)).rejects.toThrow(NotFoundError);
    });

    test('and deleting are refused while it runs', async () => {
      const talk = await openTalk(get(), { replies: [{ firstTokenMs: 20_000 }] });
      await talk.send('go');
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      await expect(sessions().archive(talk.id)).rejects.toThrow(BadRequestError);
      await expect(sessions().delete(talk.id)).rejects.toThrow(BadRequestError);
      await talk.interrupt();
      await talk.stream.untilIdle(0);
      await sessions().archive(talk.id);
    });
  });

  describe('a workflow that somebody ends from outside', () => {
    test('by cancelling it: its turn is interrupted, then the session is archived', async () => {
      const talk = await openTalk(get(), { replies: [{ firstTokenMs: 20_000 }] });
      await talk.send('go');
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      await get().temporal.workflow.getHandle(talk.id).cancel();
      await talk.stream.ended;
      expect(typesOf(talk.stream.events).slice(-5)).toEqual([
        'session.thread_status_idle',
        'session.usage',
        'session.status_idle',
        'session.thread_status_terminated',
        'session.status_terminated',
      ]);
      await get().temporal.workflow.getHandle(talk.id).result();
      expect((await sessions().retrieve(talk.id)).status).toBe('terminated');
    });

    test('by terminating it: the session is terminated, its log as it was', async () => {
      const talk = await openTalk(get(), { replies: [{}, { firstTokenMs: 20_000 }] });
      await talk.turn('one');
      await talk.send('two');
      await talk.stream.until(({ type }) => type === 'span.model_request_start', talk.stream.all.length - 1);
      await get().temporal.workflow.getHandle(talk.id).terminate('by hand');
      await expect(talk.send('three')).rejects.toThrow(BadRequestError);
      expect((await sessions().retrieve(talk.id)).status).toBe('terminated');
      const list = await talk.list();
      expect(list.at(-1)?.type).toBe('session.status_terminated');
      expect(only(list, 'agent.message').map(textOf)).toEqual(['hello']);
      await talk.stream.ended;
      await sessions().delete(talk.id);
    });
  });
}

function tenPairs(name: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`${name}${n}`, '']));
}
