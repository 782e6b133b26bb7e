import { NotFoundError } from '@anthropic-ai/sdk';
import { WorkflowNotFoundError } from '@temporalio/client';
import { skillFiles } from '../support/skill-files.js';
import { deadline } from '../support/patience.js';
import { findTraces } from '../support/traces.js';
import type { Wire } from './server.js';
import { define, says, verdict } from './outcome-script.js';
import { newPricedModel, type Talk, talkTo } from './session.js';
import { bash } from './suite-tools.js';
import type { GetWire } from './suite.js';

/** What deleting leaves. Gives what has to be looked at much later: Temporal takes half a minute to drop a history. */
export function describeDeletion(get: GetWire): { describeHistory: () => void } {
  let deleted: string | undefined;

  test('deleting tells who follows, and leaves nothing: in no table, in no file, in no directory', async () => {
    const { client } = get();
    const skill = await client.beta.skills.create({ files: skillFiles('deleted', { note: `${PLANTED} in a skill` }) });
    const talk = await openSkilled(get(), skill.id);
    await talk.turn(`${PLANTED} ${'x'.repeat(20_000)}`);
    talk.script(says(PLANTED), verdict('satisfied', PLANTED));
    await talk.postUntilIdle(define({ description: PLANTED, rubric: { type: 'text', content: PLANTED } }));
    expect((await client.beta.sessions.retrieve(talk.id)).outcome_evaluations).toHaveLength(1);
    await client.beta.sessions.update(talk.id, { title: PLANTED, metadata: { planted: PLANTED } });
    // A deleted skill lives on in the sessions that have it.
    await client.beta.skills.delete(skill.id);
    const texts = [talk.id, PLANTED];
    const before = await findTraces(get(), texts);
    for (const place of PLACES) expect(before.filter((found) => place.test(found))).not.toEqual([]);
    await client.beta.sessions.delete(talk.id);
    await talk.stream.ended;
    expect(talk.stream.events.at(-1)?.type).toBe('session.deleted');
    expect(await findTraces(get(), texts)).toEqual([]);
    await expect(client.beta.sessions.retrieve(talk.id)).rejects.toThrow(NotFoundError);
    await expect(talk.list()).rejects.toThrow(NotFoundError);
    await expect(talk.send('more')).rejects.toThrow(NotFoundError);
    await expect(client.beta.sessions.delete(talk.id)).rejects.toThrow(NotFoundError);
    deleted = talk.id;
  });

  const describeHistory = (): void => {
    test('a deleted session’s history is gone, too', async () => {
      const handle = get().temporal.workflow.getHandle(deleted ?? 'none was deleted');
      await expect(untilGone(() => handle.describe())).resolves.toBeInstanceOf(WorkflowNotFoundError);
    });
  };
  return { describeHistory };
}

const PLANTED = 'planted-7d1f';

/** Where something has to be before, or the test would see nothing at all. */
const PLACES = [
  /^catalog\.sessions\.id$/,
  /^catalog\.session_skills\.session_id$/,
  /^projection\.log\./,
  /^projection\.session_states\./,
  /^blobs\//,
  /^sandboxes\/.*\/file$/,
  /^mounts\/.*\/skills\/deleted\/note$/,
  // What it wrote into its outputs, and what it was given.
  /^catalog\.files\.session_id$/,
  /^files\//,
  /^catalog\.session_resources\.session_id$/,
];

async function openSkilled(wire: Wire, skill_id: string): Promise<Talk> {
  const model = newPricedModel();
  wire.script(model, {
    blocks: [bash(`echo ${PLANTED} > file; cp file /mnt/session/outputs/; cat file /mnt/skills/*/note`)],
  });
  const { agents, environments, files, sessions } = wire.client.beta;
  const { id: file_id } = await files.upload({ file: new File(['an original, which stays'], 'original.txt') });
  const environment = await environments.create({ name: 'deleted' });
  const skills = [{ type: 'custom' as const, skill_id }];
  const agent = await agents.create({ name: 'a', model, skills, tools: [{ type: 'agent_toolset_20260401' }] });
  const { id } = await sessions.create({
    agent: agent.id,
    environment_id: environment.id,
    resources: [{ type: 'file', file_id }],
  });
  return talkTo(wire, id, model);
}

async function untilGone(look: () => Promise<unknown>): Promise<unknown> {
  for (const isOver = deadline(90_000); !isOver();) {
    const error = await look().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined) return error;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return 'it is still there';
}
