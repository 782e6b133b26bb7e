import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkRequest } from '../../bench/upstream-rules.js';
import type { ContentBlock, MessageParam, ModelOutcome } from '../../src/model/model.js';
import { createScriptedModel } from '../../src/model/scripted.js';
import { QUICKSTART_TASK } from '../../src/model/scripted-task.js';
import { ask, createListener, never, textOf } from '../contracts/model.js';

type Call = Extract<ContentBlock, { type: 'tool_use' }>;

/** Plays a conversation with a new model for every request: nothing but the messages carries it on. */
async function play(
  text: string,
  run: (call: Call) => string,
): Promise<{ replies: ContentBlock[][]; last: ModelOutcome }> {
  const { messages, ...rest } = ask(text);
  const conversation: MessageParam[] = [...messages];
  const replies: ContentBlock[][] = [];
  for (;;) {
    const request = { ...rest, messages: conversation };
    expect(checkRequest(request, { isSigned: (_, signature) => signature === 'scripted' })).toBeUndefined();
    const last = await createScriptedModel().sample(request, createListener(), never());
    if (last.type !== 'reply') return { replies, last };
    replies.push(last.content);
    const calls = last.content.filter((block) => block.type === 'tool_use');
    if (calls.length === 0) return { replies, last };
    const results = calls.map((call) => ({ type: 'tool_result' as const, tool_use_id: call.id, content: run(call) }));
    conversation.push({ role: 'assistant', content: last.content }, { role: 'user', content: results });
  }
}

function runForReal({ name, input }: Call, folder: string): string {
  const { file_path, content, old_string, new_string, command } = input as Record<string, string>;
  const path = (file_path ?? '').replace('/workspace', folder);
  if (name === 'write') writeFileSync(path, content ?? '');
  if (name === 'edit') writeFileSync(path, readFileSync(path, 'utf8').replace(old_string ?? '', new_string ?? ''));
  if (name !== 'bash') return 'ok';
  const line = `${(command ?? '').replace('/workspace', folder)} 2>&1 || true`;
  return execFileSync('bash', ['-c', line], { encoding: 'utf8' });
}

function callsOf(replies: ContentBlock[][]): string[] {
  return replies.flat().flatMap((block) => (block.type === 'tool_use' ? [block.name] : []));
}

describe('the scripted model', () => {
  it('plays the quickstart in several calls: writes, runs, sees the failure, mends it, runs again, shows', async () => {
    let runs = 0;
    const { replies, last } = await play(QUICKSTART_TASK, ({ name }) => {
      if (name === 'bash') runs += 1;
      return name === 'bash' && runs === 2 ? '2 3 5\nsum: 639\ncheck passed' : 'check failed';
    });
    expect(callsOf(replies)).toEqual(['write', 'bash', 'edit', 'bash']);
    expect(textOf(last)).toContain('sum: 639\ncheck passed');
    expect(replies.every((reply) => reply[0]?.type === 'text')).toBe(true);
  });

  it('plays a program that really fails, and really works once it is mended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scripted-'));
    const outputs: string[] = [];
    try {
      const { last } = await play(QUICKSTART_TASK, (call) => {
        outputs.push(runForReal(call, folder));
        return outputs.at(-1) ?? '';
      });
      expect(outputs[1]).toMatch(/^2 3 4 5 .* 49 53[^]*check failed/);
      expect(textOf(last)).toMatch(/2 3 5 7 11 .* 67 71 \nsum: 639\ncheck passed/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('does not claim success when the program still fails', async () => {
    const { last } = await play(QUICKSTART_TASK, () => 'bash: no such file');
    expect(textOf(last)).toMatch(/could not/);
  });

  it('goes through a script reply by reply, then says that it is done', async () => {
    const script =
      '/say first\n/bash echo 1\n/parallel [{"name":"bash","input":{"command":"a"}},{"name":"write"}]\n/wait 1';
    const { replies, last } = await play(script, ({ name }) => `ran ${name}`);
    expect(callsOf(replies)).toEqual(['bash', 'bash', 'write']);
    expect(replies.map((reply) => reply.length)).toEqual([2, 2, 1]);
    expect(textOf(last)).toBe('Done. The last result was:\nran write');
  });

  it('gives every call of a conversation an id of its own, and a repeated request the same ones', async () => {
    const ids: string[] = [];
    const script = '/bash a\n/bash b\n/parallel [{"name":"bash"},{"name":"bash"}]';
    const collect = ({ id }: Call): string => {
      ids.push(id);
      return 'ok';
    };
    await play(script, collect);
    await play(script, collect);
    expect(new Set(ids).size).toBe(4);
    expect(ids.slice(0, 4)).toEqual(ids.slice(4));
  });

  it('fails as often as it is told, then goes on', async () => {
    const model = createScriptedModel();
    const sample = (): Promise<ModelOutcome> =>
      model.sample(ask('/fail 529 x2 300\n/say ok'), createListener(), never());
    expect(await sample()).toMatchObject({ error: { type: 'model_overloaded_error', retryAfterMs: 300 } });
    expect(await sample()).toMatchObject({ type: 'failed' });
    expect(textOf(await sample())).toBe('ok');
  });

  it('says what it cannot read, and calls nothing for it', async () => {
    const { replies } = await play('/parallel {"name":', () => '');
    expect(callsOf(replies)).toEqual([]);
    expect(replies[0]?.[0]).toMatchObject({ text: expect.stringContaining('cannot be read') });
  });

  it('follows only the last message where several wait: a refused script is not run again', async () => {
    const { messages, ...rest } = ask('/say no\n/stop refusal');
    const refused = await createScriptedModel().sample({ ...rest, messages }, createListener(), never());
    expect(refused).toMatchObject({ stop_reason: 'refusal' });
    const content = ['/say no\n/stop refusal', '/say yes'].map((text) => ({ type: 'text' as const, text }));
    const next = await createScriptedModel().sample(
      { ...rest, messages: [{ role: 'user', content }] },
      createListener(),
      never(),
    );
    expect(textOf(next)).toBe('yes');
  });

  it('says plainly what it is to everything else', async () => {
    const { last } = await play('How are you?', () => '');
    expect(textOf(last)).toMatch(/scripted stand-in/);
    expect(textOf(last)).toContain('How are you?');
  });
});
