import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../chaos/chaos-session.js';
import { type Drover, startDrover } from '../support/drover-process.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover();
});
afterAll(() => drover.remove());

test('P6: a session whose sandbox cannot be made still answers', async () => {
  const { agents, environments, sessions } = drover.client.beta;
  const agent = await agents.create({ name: 'a', model: 'scripted', tools: [{ type: 'agent_toolset_20260401' }] });
  const environment = await environments.create({ name: 'e' });
  const { id } = await sessions.create({ agent: agent.id, environment_id: environment.id });
  // Where its sandbox's directory would have to be.
  mkdirSync(join(drover.dataDir, 'sandboxes'), { recursive: true });
  writeFileSync(join(drover.dataDir, 'sandboxes', id), '');
  const stream = await sessions.events.stream(id);
  await sessions.events.send(id, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: '/say Here.' }] }],
  });
  const said: unknown[] = [];
  for await (const event of stream) {
    if (event.type === 'agent.message') said.push(event.content);
    if (event.type === 'session.status_idle') break;
  }
  expect(said).toEqual([[{ type: 'text', text: 'Here.' }]]);
  await waitUntil(() => drover.stderr.includes(`no sandbox yet for ${id}`), 'the log says why');
});
