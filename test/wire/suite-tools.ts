import type { UpstreamBlock } from '../../bench/upstream-reply.js';
import { historySize, only, openTalk, textOf, typesOf } from './session.js';
import type { GetWire } from './suite.js';

export const bash = (command: string): UpstreamBlock => ({ type: 'tool_use', name: 'bash', input: { command } });
const tool = (name: string, input: Record<string, unknown>): UpstreamBlock => ({ type: 'tool_use', name, input });

/** Turns with tools. */
export function describeTools(get: GetWire): void {
  describe('tools', () => {
    test('run between two requests of a turn, in the contract’s order', async () => {
      const talk = await openTalk(get(), {
        tools: true,
        replies: [{ blocks: [{ type: 'text', text: 'Let me see.' }, bash('echo $((6 * 7))')] }],
      });
      const events = await talk.turn('how much?');
      expect(typesOf(events).slice(2)).toEqual([
        'session.status_running',
        'session.thread_status_running',
        'span.model_request_start',
        'agent.message',
        'agent.tool_use',
        'span.model_request_end',
        'agent.tool_result',
        'span.model_request_start',
        'agent.message',
        'span.model_request_end',
        'session.thread_status_idle',
        'session.usage',
        'session.status_idle',
      ]);
      const use = only(events, 'agent.tool_use')[0];
      expect(use).toMatchObject({
        name: 'bash',
        input: { command: 'echo $((6 * 7))' },
        evaluated_permission: 'allow',
        evaluation: { type: 'always_allow' },
      });
      const result = only(events, 'agent.tool_result')[0];
      expect(result).toMatchObject({ tool_use_id: use?.id, is_error: false });
      expect(textOf(result ?? {})).toContain('42');
    });

    test('of one reply that only look run side by side, and each has one result', async () => {
      const files = ['a', 'b', 'c'];
      const talk = await openTalk(get(), {
        tools: true,
        replies: [
          { blocks: [bash('for f in a b c; do echo "this is $f" > $f; done')] },
          { blocks: files.map((file) => tool('read', { file_path: file })) },
        ],
      });
      const events = await talk.turn('read them');
      const uses = only(events, 'agent.tool_use').filter(({ name }) => name === 'read');
      const results = only(events, 'agent.tool_result');
      expect(uses).toHaveLength(3);
      for (const [index, use] of uses.entries()) {
        const own = results.filter(({ tool_use_id }) => tool_use_id === use.id);
        expect(own).toHaveLength(1);
        expect(textOf(own[0])).toContain(`this is ${files[index]}`);
      }
      // The model sees them in the order of its calls, whatever the order they came in.
      const last = get().requestsOf(talk.model).at(-1)?.body.messages.at(-1);
      expect(JSON.stringify(last)).toMatch(/this is a.*this is b.*this is c/);
    });

    test('of one reply that change something run one after the other', async () => {
      const command = (name: string) => bash(`echo ${name}-begin >> order; sleep 0.2; echo ${name}-end >> order`);
      const talk = await openTalk(get(), {
        tools: true,
        replies: [{ blocks: [command('one'), command('two')] }, { blocks: [bash('cat order')] }],
      });
      const events = await talk.turn('go');
      expect(textOf(only(events, 'agent.tool_result')[2])).toContain('one-begin\none-end\ntwo-begin\ntwo-end');
    });

    test('that fail are results, not ends', async () => {
      const talk = await openTalk(get(), {
        tools: true,
        replies: [
          {
            blocks: [
              bash('echo oops >&2; exit 3'),
              tool('read', { file_path: 'missing.txt' }),
              tool('launch_missiles', { target: 'moon' }),
              tool('edit', { nonsense: true }),
            ],
          },
        ],
      });
      const events = await talk.turn('go');
      const results = only(events, 'agent.tool_result');
      const names = new Map(only(events, 'agent.tool_use').map(({ id, name }) => [id, name]));
      const byName = Object.fromEntries(results.map((result) => [names.get(result.tool_use_id), result]));
      expect(results).toHaveLength(4);
      expect(textOf(byName['bash'])).toBe('oops');
      for (const name of ['bash', 'read', 'launch_missiles', 'edit'])
        expect(byName[name]).toMatchObject({ is_error: true });
      expect(textOf(byName['launch_missiles'])).toBe('There is no tool named launch_missiles.');
      const denied = only(events, 'agent.tool_use').find(({ name }) => name === 'launch_missiles');
      expect(denied).toMatchObject({ evaluated_permission: 'deny' });
      expect(denied).not.toHaveProperty('evaluation');
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(
        get()
          .requestsOf(talk.model)
          .every(({ refused }) => refused === undefined),
      ).toBe(true);
    });

    test('whose call was cut off by the limit of output are not run', async () => {
      const talk = await openTalk(get(), {
        tools: true,
        replies: [{ blocks: [bash('touch ran')], stop_reason: 'max_tokens' }, { blocks: [bash('ls -A')] }],
      });
      const events = await talk.turn('go');
      const [cut, listing] = only(events, 'agent.tool_result');
      expect(cut).toMatchObject({ is_error: true });
      expect(textOf(cut)).toContain('output limit');
      expect(textOf(listing)).not.toContain('ran');
    });

    test('with 150 KB of output put it into a file and say where', async () => {
      const talk = await openTalk(get(), {
        tools: true,
        replies: [{ blocks: [bash(`head -c 150000 /dev/zero | tr '\\0' x`)] }],
      });
      const events = await talk.turn('go');
      const text = textOf(only(events, 'agent.tool_result')[0]);
      expect(text.length).toBeLessThan(101_000);
      const path = /\/\S+\.txt\b|\/mnt\/\S+|\/\S*tool\S*/.exec(text)?.[0];
      expect(path).toBeDefined();
      talk.script({ blocks: [bash(`wc -c < ${path}`)] });
      const next = await talk.turn('how long is it?');
      expect(Number(/\d{5,}/.exec(textOf(only(next, 'agent.tool_result')[0]))?.[0])).toBeGreaterThanOrEqual(150_000);
      expect(await historySize(get(), talk.id)).toBeLessThan(100_000);
    });
  });
}
