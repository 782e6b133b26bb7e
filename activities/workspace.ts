import type { RequestInput } from '../src/harness/context/request.js';
import type { Mounts } from '../src/mounts/mounts.js';
import { WORKSPACE } from '../src/sandbox/sandbox.js';
import type { Offer } from './offered-tools.js';

/** What an agent is told of the place where its commands run. */
export async function describeWorkspace(
  { mounts }: { mounts: Pick<Mounts, 'describe'> },
  sessionId: string,
  { needsSandbox }: Pick<Offer, 'needsSandbox'>,
): Promise<RequestInput['workspace']> {
  const holds = needsSandbox ? await mounts.describe(sessionId) : undefined;
  return { cwd: WORKSPACE, ...(holds !== undefined && { holds }) };
}
