import { setTimeout as sleep } from 'node:timers/promises';
import type { Anthropic } from '@anthropic-ai/sdk';
import { type Client, ScheduleOverlapPolicy } from '@temporalio/client';
import { deadline } from './patience.js';

type Deployment = Anthropic.Beta.Deployments.BetaManagedAgentsDeployment;
export type Run = Anthropic.Beta.DeploymentRuns.BetaManagedAgentsDeploymentRun;

const MINUTE = 60_000;

/** The minute that has begun, with at least ten seconds to come, and the expression that names it once a day. */
export async function presentMinute(): Promise<{ expression: string; scheduled_at: number }> {
  const rest = MINUTE - (Date.now() % MINUTE);
  if (rest < 10_000) await sleep(rest + 100);
  const scheduled_at = Date.now() - (Date.now() % MINUTE);
  const date = new Date(scheduled_at);
  return { expression: `${date.getUTCMinutes()} ${date.getUTCHours()} * * *`, scheduled_at };
}

/** Has Temporal make up for what a Schedule had to do at an instant, as it does by itself after an outage. */
export async function fireAgain(temporal: Client, { id }: Pick<Deployment, 'id'>, scheduled_at: number): Promise<void> {
  await temporal.schedule.getHandle(id).backfill({
    start: new Date(scheduled_at - 1_000),
    end: new Date(scheduled_at + 1_000),
    overlap: ScheduleOverlapPolicy.ALLOW_ALL,
  });
}

/** The runs of a deployment, as soon as there is one. */
export async function awaitRuns({ beta }: Anthropic, deployment_id: string, withinMs = 60_000): Promise<Run[]> {
  const isOver = deadline(withinMs);
  for (;;) {
    const { data } = await beta.deploymentRuns.list({ deployment_id });
    if (data.length > 0) return data;
    if (isOver()) throw new Error(`no run of ${deployment_id} after ${withinMs} ms`);
    await sleep(100);
  }
}

/** The id of a fire's workflow: Temporal adds the instant to the Schedule's. */
export function fireWorkflowId(deployment: string, scheduled_at: number): string {
  return `${deployment}-${new Date(scheduled_at).toISOString().replace('.000Z', 'Z')}`;
}

/** How the workflow of a fire ended, when it has. */
export async function fireResult(
  temporal: Client,
  { id }: Pick<Deployment, 'id'>,
  scheduled_at: number,
): Promise<unknown> {
  const workflowId = fireWorkflowId(id, scheduled_at);
  for (const isOver = deadline(10_000); !isOver();) {
    try {
      return await temporal.workflow.getHandle(workflowId).result();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error;
      await sleep(100);
    }
  }
  throw new Error(`there is no workflow ${workflowId}`);
}
