import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { allow, asking, call, customTool, deny } from './answers.js';
import { only, openTalk, textOf, typesOf } from './session.js';
import type { GetWire } from './suite.js';

const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];

/** Calls that somebody has to allow. */
export function describePermissions(get: GetWire): void {
  describe('a call that asks', () => {
    test('is not run before it is allowed, and then once', async () => {
      const talk = await openTalk(get(), {
        tools: [asking('bash')],
        replies: [{ blocks: [call('bash', { command: 'echo ran >> log; cat log' })] }],
      });
      const asked = await talk.turn('go');
      const use = only(asked, 'agent.tool_use')[0];
      expect(use).toMatchObject({ evaluated_permission: 'ask', evaluation: { type: 'always_ask' } });
      expect(asked.at(-1)).toMatchObject({ stop_reason: { type: 'requires_action', event_ids: [use?.id] } });
      expect(only(asked, 'agent.tool_result')).toEqual([]);
      const from = talk.stream.events.length;
      const [echo] = await talk.post(allow(use?.id ?? ''));
      expect(echo).toMatchObject({ type: 'user.tool_confirmation', result: 'allow', processed_at: null });
      const events = await talk.stream.untilIdle(from);
      expect(typesOf(events)).toEqual([
        'user.tool_confirmation',
        'user.tool_confirmation',
        'session.status_running',
        'session.thread_status_running',
        'agent.tool_result',
        'span.model_request_start',
        'agent.message',
        'span.model_request_end',
        ...IDLE,
      ]);
      expect(events.slice(0, 2).map(({ processed_at }) => processed_at)).toEqual([null, expect.any(String)]);
      expect(textOf(only(events, 'agent.tool_result')[0])).toBe('ran');
    });

    test('P10: has no sandbox made for it while it waits, when no tool may run without being asked for', async () => {
      const permission_policy = { type: 'always_ask' } as const;
      const talk = await openTalk(get(), {
        tools: [{ type: 'agent_toolset_20260401', default_config: { permission_policy } }],
        replies: [{ blocks: [call('bash', { command: 'pwd' })] }],
      });
      const place = join(get().dataDir, 'sandboxes', talk.id);
      const use = only(await talk.turn('go'), 'agent.tool_use')[0]?.id ?? '';
      expect(existsSync(place)).toBe(false);
      const events = await talk.postUntilIdle(allow(use));
      expect(textOf(only(events, 'agent.tool_result')[0])).toBe('/workspace');
      expect(existsSync(place)).toBe(true);
    });

    test('and is denied is answered by the session, with the reason', async () => {
      const talk = await openTalk(get(), {
        tools: [asking('bash')],
        replies: [{ blocks: [call('bash', { command: 'touch ran' })] }],
      });
      const use = only(await talk.turn('go'), 'agent.tool_use')[0]?.id ?? '';
      const events = await talk.postUntilIdle(deny(use, 'Not today.'));
      expect(only(events, 'agent.tool_result')).toMatchObject([{ tool_use_id: use, is_error: true }]);
      expect(textOf(only(events, 'agent.tool_result')[0])).toBe('The user rejected this tool call.\nNot today.');
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    });

    test('answered twice: the second answer is taken without effect, whatever it says', async () => {
      const talk = await openTalk(get(), {
        tools: [asking('bash')],
        replies: [{ blocks: [call('bash', { command: 'echo ran' })] }],
      });
      const use = only(await talk.turn('go'), 'agent.tool_use')[0]?.id ?? '';
      await talk.postUntilIdle(allow(use));
      const before = (await talk.list()).length;
      const [echo] = await talk.post(deny(use, 'Too late.'));
      expect(echo).toMatchObject({ type: 'user.tool_confirmation', result: 'deny' });
      const list = await talk.list();
      expect(typesOf(list.slice(before))).toEqual(['user.tool_confirmation']);
      expect(only(list, 'agent.tool_result')).toMatchObject([{ is_error: false }]);
      await talk.turn('and now?');
      expect(JSON.stringify(get().requestsOf(talk.model).at(-1)?.body.messages)).not.toContain('Too late.');
    });

    test('waits while the allowed calls of the same reply run at once', async () => {
      const talk = await openTalk(get(), {
        tools: [asking('write')],
        replies: [
          { blocks: [call('write', { file_path: 'a', content: 'x' }), call('bash', { command: 'ls; echo listed' })] },
        ],
      });
      const events = await talk.turn('go');
      const [write, bash] = only(events, 'agent.tool_use');
      expect([write?.evaluated_permission, bash?.evaluated_permission]).toEqual(['ask', 'allow']);
      expect(only(events, 'agent.tool_result')).toMatchObject([{ tool_use_id: bash?.id }]);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'requires_action', event_ids: [write?.id] } });
      const end = await talk.postUntilIdle(allow(write?.id ?? ''));
      expect(only(end, 'agent.tool_result')).toMatchObject([{ tool_use_id: write?.id, is_error: false }]);
      // The model finds the results in the order of its calls.
      const results = get().requestsOf(talk.model)[1]?.body.messages.at(-1)?.content;
      expect(JSON.stringify(results)).toMatch(/wrote 1 bytes.*listed/);
    });

    test('by a policy of "auto" is asked, as undecided', async () => {
      const permission_policy = { type: 'auto' } as const;
      const talk = await openTalk(get(), {
        tools: [{ type: 'agent_toolset_20260401', default_config: { permission_policy } }],
        replies: [{ blocks: [call('bash', { command: 'true' })] }],
      });
      const use = only(await talk.turn('go'), 'agent.tool_use')[0];
      expect(use).toMatchObject({
        evaluated_permission: 'ask',
        evaluation: { type: 'auto', evaluated_permission: { type: 'ask', reason_code: 'indeterminate' } },
      });
      expect((await talk.postUntilIdle(allow(use?.id ?? ''))).at(-1)).toMatchObject({
        stop_reason: { type: 'end_turn' },
      });
    });

    test('is confirmed only under its own id: every other is a 400 that names the field', async () => {
      const talk = await openTalk(get(), {
        tools: [asking('write'), customTool('weather')],
        replies: [
          {
            blocks: [
              call('write', { file_path: 'a', content: 'x' }),
              call('bash', { command: 'true' }),
              call('weather', { city: 'Bern' }),
              call('nonesuch', {}),
            ],
          },
        ],
      });
      const events = await talk.turn('go');
      const [write, bash, unknown] = only(events, 'agent.tool_use').map(({ id }) => id);
      const custom = only(events, 'agent.custom_tool_use')[0]?.id ?? '';
      const before = await talk.list();
      for (const id of [bash, unknown, custom, 'sevt_unknown', events[0]?.id]) {
        await expect(talk.post(allow(id ?? ''))).rejects.toMatchObject({
          status: 400,
          message: expect.stringContaining('events.0.tool_use_id'),
        });
      }
      // One bad event refuses the whole request.
      await expect(talk.post(allow(write ?? ''), allow('sevt_unknown'))).rejects.toMatchObject({ status: 400 });
      expect(await talk.list()).toEqual(before);
    });

    test('that is interrupted is answered as interrupted, and the session is idle', async () => {
      const talk = await openTalk(get(), {
        tools: [asking('bash')],
        replies: [{ blocks: [call('bash', { command: 'touch ran' })] }],
      });
      const use = only(await talk.turn('go'), 'agent.tool_use')[0]?.id;
      const events = await talk.postUntilIdle({ type: 'user.interrupt' });
      expect(only(events, 'agent.tool_result')).toMatchObject([{ tool_use_id: use, is_error: true }]);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(get().requestsOf(talk.model)).toHaveLength(1);
    });

    test('may be archived with its session, or given other tools, while it waits', async () => {
      const talk = await openTalk(get(), {
        tools: [asking('bash')],
        replies: [{ blocks: [call('bash', { command: 'true' })] }],
      });
      const use = only(await talk.turn('go'), 'agent.tool_use')[0]?.id ?? '';
      await get().client.beta.sessions.update(talk.id, { agent: { tools: [] } });
      expect((await get().client.beta.sessions.archive(talk.id)).status).toBe('terminated');
      await expect(talk.post(allow(use))).rejects.toMatchObject({ status: 400 });
    });
  });

  describe('answers from the Temporal UI or CLI', () => {
    test('allow a call, with the very line that the workflow’s page shows', async () => {
      const talk = await openTalk(get(), {
        tools: [asking('bash')],
        replies: [{ blocks: [call('bash', { command: 'echo allowed' })] }],
      });
      const use = only(await talk.turn('go'), 'agent.tool_use')[0]?.id ?? '';
      const { currentDetails } = await metadata(get, talk.id);
      const line = /--workflow-id (\S+) \\\n +--name (\S+) \\\n +--input '(.*?)'/.exec(currentDetails);
      expect(line?.[1]).toBe(talk.id);
      const from = talk.stream.events.length;
      await get()
        .temporal.workflow.getHandle(line?.[1] ?? '')
        .signal(line?.[2] ?? '', JSON.parse(line?.[3] ?? ''));
      const events = await talk.stream.untilIdle(from);
      expect(only(events, 'agent.tool_result')).toMatchObject([{ tool_use_id: use, is_error: false }]);
    });

    test('to nobody’s question are refused, and why stands where the person looks', async () => {
      const talk = await openTalk(get(), {
        tools: [asking('bash')],
        replies: [{ blocks: [call('bash', { command: 'true' })] }],
      });
      await talk.turn('go');
      const before = await talk.list();
      await signal(get, talk.id, { type: 'user.tool_confirmation', tool_use_id: 'sevt_other', result: 'allow' });
      expect((await metadata(get, talk.id)).currentDetails).toContain(
        'No call waits for an answer under the id sevt_other',
      );
      await signal(get, talk.id, { type: 'user.tool_confirmation', tool_use_id: 'sevt_other', result: 'perhaps' });
      expect((await metadata(get, talk.id)).currentDetails).toContain('must be');
      expect(await talk.list()).toEqual(before);
    });
  });
}

function signal(get: GetWire, id: string, value: unknown): Promise<void> {
  return get().temporal.workflow.getHandle(id).signal('events', value);
}

function metadata(get: GetWire, id: string): Promise<{ currentDetails: string }> {
  return get().temporal.workflow.getHandle(id).query(METADATA);
}

/** What the UI asks a workflow for: its current details among them. */
const METADATA = '__temporal_workflow_metadata';
