import Anthropic from '@anthropic-ai/sdk';

export type WorkItem = Anthropic.Beta.Environments.BetaSelfHostedWork;

/** A self-hosted environment, and what its workers do with its key. */
export interface Queue {
  environment_id: string;
  /** The environment's key, as its workers have it. */
  key: string;
  /** The SDK with that key alone. */
  worker: Anthropic;
  poll(params?: Anthropic.Beta.Environments.WorkPollParams): Promise<WorkItem | null>;
  /** The oldest item, which has to be there. */
  claim(): Promise<WorkItem>;
  ack(work: WorkItem, client?: Anthropic): Promise<WorkItem>;
  beat(
    work: WorkItem,
    params?: { expected_last_heartbeat?: string; desired_ttl_seconds?: number },
    client?: Anthropic,
  ): Promise<Anthropic.Beta.Environments.BetaSelfHostedWorkHeartbeatResponse>;
  /** Claimed, acknowledged, and with its first heartbeat. */
  begin(): Promise<{ work: WorkItem; token: Anthropic; last: string }>;
}

/** Makes an environment and its key; `admin` may make keys. */
export async function openQueue(url: string, client: Anthropic, admin = client): Promise<Queue> {
  const { id: environment_id } = await client.beta.environments.create({
    name: 'mine',
    config: { type: 'self_hosted' },
  });
  const { key } = await admin.post<{ key: string }>('/drover/environment_keys', {
    body: { name: 'worker', environment_id },
  });
  const worker = bearing(url, key);
  const { work } = worker.beta.environments;
  const poll: Queue['poll'] = (params) => work.poll(environment_id, params);
  const claim = async () => {
    const item = await poll();
    if (!item) throw new Error('There is no work.');
    return item;
  };
  const ack: Queue['ack'] = ({ id }, of = worker) => of.beta.environments.work.ack(id, { environment_id });
  const beat: Queue['beat'] = ({ id }, params = {}, of = worker) =>
    of.beta.environments.work.heartbeat(id, { environment_id, ...params });
  return {
    environment_id,
    key,
    worker,
    poll,
    claim,
    ack,
    beat,
    async begin() {
      const item = await claim();
      await ack(item);
      const token = bearing(url, tokenOf(item));
      const { last_heartbeat: last } = await beat(item, { expected_last_heartbeat: 'NO_HEARTBEAT' }, token);
      return { work: item, token, last };
    },
  };
}

/** The SDK with this key alone, without retries. */
export function bearing(url: string, key: string): Anthropic {
  return new Anthropic({ authToken: key, apiKey: null, baseURL: url, maxRetries: 0 });
}

/** What a claimed item's secret carries. */
export function tokenOf({ secret }: WorkItem): string {
  const { sessions_token } = JSON.parse(Buffer.from(secret ?? '', 'base64url').toString()) as {
    sessions_token: string;
  };
  return sessions_token;
}
