import { words } from '../../bench/upstream-reply.js';
import { waitUntil } from '../chaos/chaos-session.js';
import { patience } from '../support/patience.js';
import { sandboxFiles } from '../support/sandbox-files.js';
import { follow } from './recording.js';
import { only, openTalk, textOf, typesOf } from './session.js';
import { bash } from './suite-tools.js';
import type { GetWire } from './suite.js';

/** P8, and that nothing shown is lost. */
export function describeInterrupts(get: GetWire): void {
  describe('P8: an interrupt', () => {
    test('stops a model call; the text that was shown is in the log and in the next request', async () => {
      const talk = await openTalk(get(), { replies: [{ blocks: [words(400)], tokenMs: 50 }] });
      const previews = await follow(get().client, talk.id, ['agent.message']);
      await talk.send('tell me');
      await previews.until(({ type }) => type === 'event_delta');
      const from = Date.now();
      await talk.interrupt();
      const events = await talk.stream.untilIdle(0);
      expect(Date.now() - from).toBeLessThan(patience(1_500));
      const partial = textOf(only(events, 'agent.message')[0]);
      expect(partial).toMatch(/^w0/);
      const shown = previews.previews
        .map((preview) => (preview.type === 'event_delta' ? deltaText(preview) : ''))
        .join('');
      expect(partial.startsWith(shown)).toBe(true);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(only(events, 'span.model_request_end')).toHaveLength(1);
      expect(only(events, 'user.interrupt').map((event) => event.processed_at === null)).toEqual([true, false]);
      expect(get().requestsOf(talk.model)[0]?.aborted).toBe(true);
      await talk.turn('and then?');
      const next = get().requestsOf(talk.model)[1];
      expect(next?.refused).toBeUndefined();
      expect(next?.body.messages[1]).toMatchObject({ role: 'assistant', content: [{ type: 'text', text: partial }] });
      previews.close();
    });

    test('before the first token leaves no message', async () => {
      const talk = await openTalk(get(), { replies: [{ firstTokenMs: 20_000 }] });
      await talk.send('tell me');
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      await talk.interrupt();
      const events = await talk.stream.untilIdle(0);
      expect(only(events, 'agent.message')).toEqual([]);
      expect((await talk.turn('again')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(get().requestsOf(talk.model)[1]).toMatchObject({ text: 'tell me\nagain' });
    });

    test('stops a running command, keeps its output, and answers the calls behind it', async () => {
      const talk = await openTalk(get(), {
        tools: true,
        replies: [{ blocks: [bash('touch started; echo begun; sleep 60; touch survived'), bash('touch second')] }],
      });
      await talk.send('go');
      const sandbox = sandboxFiles(get().dataDir, talk.id);
      await waitUntil(() => sandbox.printed() === 'begun\n', 'it has printed: before, there would be nothing to keep');
      const from = Date.now();
      await talk.interrupt();
      const events = await talk.stream.untilIdle(0);
      expect(Date.now() - from).toBeLessThan(patience(2_000));
      const results = only(events, 'agent.tool_result');
      expect(results).toHaveLength(2);
      expect(textOf(results[0])).toContain('begun');
      expect(results[1]).toMatchObject({ is_error: true });
      expect(typesOf(events).slice(-3)).toEqual(['session.thread_status_idle', 'session.usage', 'session.status_idle']);
      talk.script({ blocks: [bash('sleep 0.3; ls')] });
      const after = textOf(only(await talk.turn('what is there?'), 'agent.tool_result')[0]);
      expect(after).toContain('started');
      expect(after).not.toMatch(/second|survived/);
    });

    test('with a message behind it in the same request: idle, then the message’s turn', async () => {
      const talk = await openTalk(get(), { replies: [{ firstTokenMs: 20_000 }] });
      await talk.send('long');
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      const content = [{ type: 'text' as const, text: 'rather this' }];
      await get().client.beta.sessions.events.send(talk.id, {
        events: [{ type: 'user.interrupt' }, { type: 'user.message', content }],
      });
      const first = await talk.stream.untilIdle(0);
      const second = await talk.stream.untilIdle(first.length);
      expect(only(second, 'agent.message').map(textOf)).toEqual(['hello']);
    });

    test('of an idle session does nothing, and is processed', async () => {
      const talk = await openTalk(get());
      await talk.interrupt();
      const list = await talk.list();
      expect(list).toMatchObject([{ type: 'user.interrupt', processed_at: expect.any(String) }]);
      expect((await get().client.beta.sessions.retrieve(talk.id)).status).toBe('idle');
    });
  });
}

function deltaText({ delta }: { delta: { content: { type: string } } }): string {
  return 'text' in delta.content ? String(delta.content.text) : '';
}
