import type { RequestInput } from '../src/harness/context/request.js';
import type { SampleInput } from '../src/harness/protocol.js';
import type { Mounts } from '../src/mounts/mounts.js';
import { WORKSPACE } from '../src/sandbox/sandbox.js';
import type { Offer } from './offered-tools.js';

/** What an agent is told of the place where its commands run; of a place elsewhere, where that is, its worker knows. */
export async function describeWorkspace(
  { mounts }: { mounts: Pick<Mounts, 'describe'> },
  { session_id, self_hosted }: Pick<SampleInput, 'session_id' | 'self_hosted'>,
  { needsSandbox }: Pick<Offer, 'needsSandbox'>,
): Promise<NonNullable<RequestInput['workspace']>> {
  const holds = needsSandbox ? await mounts.describe(session_id) : undefined;
  return { ...(self_hosted ? {} : { cwd: WORKSPACE }), ...(holds !== undefined && { holds }) };
}
