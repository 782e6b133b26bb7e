import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AuthenticationError, NotFoundError } from '@anthropic-ai/sdk';
import { adminRequest, clientWith, newWorkspace } from '../support/admin.js';
import { startWire, type Wire } from './server.js';
import { only, openTalk, talkTo } from './session.js';
import { bash } from './suite-tools.js';

let wire: Wire;
beforeAll(async () => (wire = await startWire()), 300_000);
afterAll(() => wire.stop());

const server = () => ({ url: wire.server.url, adminKey: wire.server.key.value });

test('a session of another workspace lives as any, through a restart, and its key is kept nowhere', async () => {
  const { key } = await newWorkspace(server());
  const theirs = () => ({ ...wire, client: clientWith(server(), key.key) });
  const talk = await openTalk(theirs(), { tools: true, replies: [{ blocks: [bash('echo theirs')] }] });
  const [result] = only(await talk.turn('go'), 'agent.tool_result');
  expect(JSON.stringify(result?.content)).toContain('theirs');
  talk.stream.close();
  await expect(wire.client.beta.sessions.retrieve(talk.id)).rejects.toThrow(NotFoundError);
  await wire.restart();
  const again = await talkTo(theirs(), talk.id, talk.model);
  expect((await again.turn('still there?')).at(-1)).toMatchObject({ type: 'session.status_idle' });
  expect((await wire.client.beta.sessions.list()).data).toEqual([]);
  expect(filesWith(key.key)).toEqual([]);
  expect(filesWith(key.hint.slice(-4)).length).toBeGreaterThan(0);
  expect(wire.lines.join('\n')).not.toContain(key.key);
  await adminRequest(server(), `api_keys/${key.id}/revoke`, { body: {} });
  await expect(again.stream.ended).rejects.toThrow(/key of this stream is not valid/);
  await expect(theirs().client.beta.sessions.retrieve(talk.id)).rejects.toThrow(AuthenticationError);
});

/** Of everything that the server keeps, Temporal's database too. */
function filesWith(text: string): string[] {
  const files = readdirSync(wire.dataDir, { recursive: true, encoding: 'utf8' });
  return files.filter((name) => {
    const path = join(wire.dataDir, name);
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path).includes(text);
  });
}
