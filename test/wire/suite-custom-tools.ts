import type Anthropic from '@anthropic-ai/sdk';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import { waitUntil } from '../chaos/chaos-session.js';
import { sandboxFiles, untilThere } from '../support/sandbox-files.js';
import { answer, call, customTool, instruct, say } from './answers.js';
import { listAll, only, openTalk, typesOf } from './session.js';
import type { GetWire } from './suite.js';

type Content = NonNullable<Anthropic.Beta.Sessions.BetaManagedAgentsUserCustomToolResultEventParams['content']>;

const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];

/** Tools that the client runs. */
export function describeCustomTools(get: GetWire): void {
  describe('a custom tool', () => {
    test('waits for its result, and goes on with it', async () => {
      const talk = await openTalk(get(), {
        tools: [customTool('weather')],
        replies: [{ blocks: [{ type: 'text', text: 'Let me ask.' }, call('weather', { city: 'Bern' })] }],
      });
      const asked = await talk.turn('How is it in Bern?');
      const use = only(asked, 'agent.custom_tool_use')[0];
      expect(use).toMatchObject({ name: 'weather', input: { city: 'Bern' } });
      expect(use).not.toHaveProperty('evaluated_permission');
      expect(use).not.toHaveProperty('evaluation');
      expect(typesOf(asked).slice(-3)).toEqual(IDLE);
      expect(asked.at(-1)).toMatchObject({ stop_reason: { type: 'requires_action', event_ids: [use?.id] } });
      const session = await get().client.beta.sessions.retrieve(talk.id);
      expect(session.status).toBe('idle');

      const from = talk.stream.events.length;
      const [echo] = await talk.post(answer(use?.id ?? '', 'sunny'));
      expect(echo).toMatchObject({ type: 'user.custom_tool_result', processed_at: expect.any(String) });
      const events = await talk.stream.untilIdle(from);
      expect(typesOf(events)).toEqual([
        'user.custom_tool_result',
        'session.status_running',
        'session.thread_status_running',
        'span.model_request_start',
        'agent.message',
        'span.model_request_end',
        ...IDLE,
      ]);
      expect(events[0]).toEqual(echo);
      expect(get().requestsOf(talk.model)[1]?.body.messages.at(-1)).toMatchObject({
        role: 'user',
        content: [{ type: 'tool_result', content: [{ type: 'text', text: 'sunny' }] }],
      });
    });

    test('of several, each answered by itself: every answer but the last gives another idle with the rest', async () => {
      const talk = await openTalk(get(), {
        tools: [customTool('weather'), customTool('people')],
        replies: [{ blocks: [call('weather', { city: 'Bern' }), call('people', { city: 'Bern' })] }],
      });
      const uses = only(await talk.turn('Bern?'), 'agent.custom_tool_use').map(({ id }) => id);
      const rest = await talk.postUntilIdle(answer(uses[1] ?? '', '134,000'));
      expect(typesOf(rest)).toEqual(['user.custom_tool_result', ...IDLE]);
      expect(rest.at(-1)).toMatchObject({ stop_reason: { type: 'requires_action', event_ids: [uses[0]] } });
      const end = await talk.postUntilIdle(answer(uses[0] ?? '', 'sunny'));
      expect(end.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      const results = get().requestsOf(talk.model)[1]?.body.messages.at(-1)?.content;
      expect(JSON.stringify(results)).toMatch(/sunny.*134,000/);
    });

    test('may be answered before the session says that it waits, and by an error', async () => {
      const command = `echo begun; ${untilThere('go')}`;
      const talk = await openTalk(get(), {
        tools: [customTool('weather'), { type: 'agent_toolset_20260401' }],
        replies: [{ blocks: [call('weather', { city: 'Bern' }), call('bash', { command })] }],
      });
      const sandbox = sandboxFiles(get().dataDir, talk.id);
      await talk.send('go');
      const use = await talk.stream.until(({ type }) => type === 'agent.custom_tool_use');
      await talk.post({
        type: 'user.custom_tool_result',
        custom_tool_use_id: 'id' in use ? use.id : '',
        content: [{ type: 'text', text: 'no such city' }],
        is_error: true,
      });
      await waitUntil(() => sandbox.printed() === 'begun\n', 'the other call is under way');
      sandbox.put('go');
      const events = await talk.stream.untilIdle(0);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      const results = get().requestsOf(talk.model)[1]?.body.messages.at(-1)?.content;
      expect(results).toMatchObject([{ is_error: true, content: [{ text: 'no such city' }] }, {}]);
    });

    test('answered twice: the second answer is taken without effect', async () => {
      const talk = await openTalk(get(), {
        tools: [customTool('weather')],
        replies: [{ blocks: [call('weather', { city: 'Bern' })] }],
      });
      const use = only(await talk.turn('Bern?'), 'agent.custom_tool_use')[0]?.id ?? '';
      await talk.postUntilIdle(answer(use, 'sunny'));
      const [echo] = await talk.post(answer(use, 'rainy'));
      expect(echo).toMatchObject({ processed_at: expect.any(String) });
      await talk.turn('Are you sure?');
      expect(get().requestsOf(talk.model)).toHaveLength(3);
      expect(JSON.stringify(get().requestsOf(talk.model)[2]?.body.messages)).not.toContain('rainy');
    });

    test('takes images, documents and search results', async () => {
      const talk = await openTalk(get(), {
        tools: [customTool('look')],
        replies: [{ blocks: [call('look', { city: 'Bern' })] }],
      });
      const use = only(await talk.turn('Bern?'), 'agent.custom_tool_use')[0]?.id ?? '';
      const content: Content = [
        { type: 'text', text: 'Look:' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'A city.' }, title: 'City' },
        {
          type: 'search_result',
          source: 'https://example.com',
          title: 'Bern',
          citations: { enabled: true },
          content: [{ type: 'text', text: 'bears' }],
        },
      ];
      await talk.postUntilIdle({ type: 'user.custom_tool_result', custom_tool_use_id: use, content });
      expect(get().requestsOf(talk.model)[1]?.body.messages.at(-1)).toMatchObject({
        content: [{ type: 'tool_result', content }],
      });
      expect(only(await talk.list(), 'user.custom_tool_result')[0]).toMatchObject({ content });
    });

    test('is run by the SDK’s own tool runners, each its own names', async () => {
      const talk = await openTalk(get(), {
        tools: [customTool('weather'), customTool('people')],
        replies: [{ blocks: [call('weather', { city: 'Bern' }), call('people', { city: 'Bern' })] }],
      });
      const done = new AbortController();
      const ran: Record<string, string[]> = { weather: [], people: [] };
      const run = async (name: string, says: string): Promise<void> => {
        const options = { tools: [runnable(name, says)], signal: done.signal, maxIdleMs: 0 };
        for await (const made of get().client.beta.sessions.events.toolRunner(talk.id, options)) {
          if (made.posted) ran[name]?.push(`${made.name} ${made.isError}`);
        }
      };
      const runners = [run('weather', 'sunny'), run('people', '134,000')];
      await talk.send('Bern?');
      const end = await talk.stream.until(
        (event) => event.type === 'session.status_idle' && event.stop_reason.type === 'end_turn',
      );
      expect(end).toBeDefined();
      await waitUntil(() => Object.values(ran).every(({ length }) => length > 0), 'both have posted');
      await sleep(100);
      done.abort();
      await Promise.all(runners);
      expect(ran).toEqual({ weather: ['weather false'], people: ['people false'] });
      expect(JSON.stringify(get().requestsOf(talk.model)[1]?.body.messages)).toMatch(/sunny.*134,000/);
    });

    test('while it waits, a message is refused; one behind the answer in the same request is not', async () => {
      const talk = await openTalk(get(), {
        tools: [customTool('weather')],
        replies: [{ blocks: [call('weather', { city: 'Bern' })] }],
      });
      const use = only(await talk.turn('Bern?'), 'agent.custom_tool_use')[0]?.id ?? '';
      await expect(talk.send('Hello?')).rejects.toMatchObject({ status: 400, message: expect.stringContaining(use) });
      await expect(talk.post(instruct('Be brief.'))).rejects.toMatchObject({ status: 400 });
      const before = (await talk.list()).length;
      expect(only(await talk.list(), 'user.message')).toHaveLength(1);
      await talk.postUntilIdle(answer(use, 'sunny'), instruct('Be brief.'));
      expect((await talk.list()).length).toBeGreaterThan(before);
      const messages = get().requestsOf(talk.model)[1]?.body.messages;
      expect(messages?.slice(-2).map(({ role }) => role)).toEqual(['user', 'system']);
    });

    test('that is interrupted is closed; what is sent with the interrupt starts the next turn', async () => {
      const talk = await openTalk(get(), {
        tools: [customTool('weather')],
        replies: [{ blocks: [call('weather', { city: 'Bern' })] }],
      });
      await talk.turn('Bern?');
      const from = talk.stream.events.length;
      await talk.post({ type: 'user.interrupt' }, say('Never mind. Hello?'));
      const closed = await talk.stream.untilIdle(from);
      expect(closed.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      await talk.stream.untilIdle(from + closed.length);
      expect(JSON.stringify(get().requestsOf(talk.model)[1]?.body.messages)).toMatch(/was interrupted.*Never mind/);
      expect(await listAll(get(), talk.id, { types: ['agent.tool_result'] })).toEqual([]);
    });
  });
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

function runnable(name: string, says: string): BetaRunnableTool {
  return {
    type: 'custom',
    name,
    description: name,
    input_schema: { type: 'object' },
    parse: (input) => input,
    run: () => says,
  };
}
