import type { Anthropic } from '@anthropic-ai/sdk';
import { createFires } from '../../src/catalog/deployments/fires.js';
import { type Jitter, noJitter } from '../../src/schedule/jitter.js';
import type { TestServer } from './app.js';
import type { Run } from './fire.js';

type Deployment = Anthropic.Beta.Deployments.BetaManagedAgentsDeployment;
type CreateParams = Anthropic.Beta.Deployments.DeploymentCreateParams;
type ListParams = Anthropic.Beta.DeploymentRuns.DeploymentRunListParams;

/** Ten o'clock in UTC. */
export const TEN = Date.parse('2027-01-15T10:00:00Z');

/** One with an agent and an environment of its own, that is to run every minute. */
export async function createDeployment({ beta }: Anthropic, change: Partial<CreateParams> = {}): Promise<Deployment> {
  const agent = await beta.agents.create({ name: 'a', model: 'm' });
  const environment = await beta.environments.create({ name: 'e' });
  return beta.deployments.create({
    name: 'd',
    agent: agent.id,
    environment_id: environment.id,
    initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'go' }] }],
    schedule: { type: 'cron', expression: '* * * * *', timezone: 'UTC' },
    ...change,
  });
}

/** What Schedules cause, at a time of the test's own. */
export function firesAt({ db, catalogOf }: TestServer, now: number, jitter: Jitter = noJitter) {
  return createFires({ db, now: () => now, jitter, deploymentsOf: (workspace) => catalogOf(workspace).deployments });
}

/** What Temporal starts a fire's workflow with. */
export function fireOf({ schedules }: TestServer, { id }: Deployment, scheduled_at = TEN) {
  return { deployment_id: id, revision: schedules.all.get(id)?.revision ?? 0, scheduled_at };
}

export async function runsOf({ beta }: Anthropic, deployment_id: string, params: ListParams = {}): Promise<Run[]> {
  const found: Run[] = [];
  for await (const run of beta.deploymentRuns.list({ deployment_id, ...params })) found.push(run);
  return found;
}

/** The ids of a deployment's sessions. */
export async function sessionsOf({ beta }: Anthropic, deployment_id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of beta.sessions.list({ deployment_id })) found.push(id);
  return found;
}
