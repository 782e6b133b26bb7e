import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { processesOf } from '../../bench/drive/processes.js';
import { createBubblewrapSandboxes } from '../../src/sandbox/bubblewrap.js';
import { createDockerSandboxes } from '../../src/sandbox/docker.js';
import { connectClient } from '../../src/temporal/connection.js';
import { createHistoryReader } from '../../src/temporal/history.js';
import { readRecord } from '../../src/temporal/server/embedded-record.js';
import { type Engine, startEngine } from '../support/docker-engine.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { type Backend, bubblewrap, describeBackend, docker, testImage } from '../support/sandbox.js';
import { untilThere } from '../support/sandbox-files.js';
import { endTemporal, temporalPid } from '../support/temporal-process.js';
import { allow, asking } from '../wire/answers.js';
import { type ChaosSession, openSession, waitUntil } from './chaos-session.js';
import { checkList, checkNumbers, ofType, resultsOf } from './log-checks.js';
import { countCalls } from './temporal-calls.js';

describeBackend('P10: a session that waits for a person', bubblewrap(), suite);
describeBackend('P10: a session that waits for a person', docker(), suite);

const COMMAND = `/bash echo begun >>runs; ${untilThere('go')}`;
const TASK = `${COMMAND}\n/tool write {"file_path":"allowed","content":"yes"}\n/say Done.`;

function suite({ name }: Backend): void {
  /** Of Docker, one of our own, which may be restarted; none for bubblewrap. */
  let engine: Engine | undefined;
  let drover: Drover;
  let session: ChaosSession;
  /** The call that it waits with. */
  let use: string;

  beforeAll(async () => {
    if (name === 'docker') engine = await startEngine(testImage);
    const env = { DROVER_SANDBOX_IDLE_SECONDS: '1', ...(engine && { DOCKER_HOST: engine.host }) };
    drover = await startDrover({ sandbox: name, env });
  });
  afterAll(async () => {
    await drover.remove();
    await engine?.remove();
  });

  const containers = async (): Promise<number> => (await engine?.client.listContainers({ all: true }))?.length ?? 0;
  /** Processes beside drover's own and Temporal's. */
  const processes = (): number[] => {
    const own = temporalPid(drover.dataDir);
    return processesOf(drover.dataDir, own === undefined ? [] : [own]).filter((pid) => pid !== drover.pid);
  };

  const noneIsOpen = (): Promise<void> =>
    waitUntil(async () => (await countCalls(drover.dataDir)).open === 0, 'no call is open');

  it('has a sandbox as long as it works', async () => {
    session = await openSession(drover, TASK, { tools: [asking('write')] });
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    expect(engine ? await containers() : processes().length).toBeGreaterThan(0);
    expect(await running(drover, engine)).toEqual([session.id]);
    session.put('go');
  });

  it('holds no process and no container then', async () => {
    const list = await session.untilIdle();
    [use = ''] = ofType(list, 'agent.tool_use')
      .slice(-1)
      .map(({ id }) => id);
    expect(list.at(-1)).toMatchObject({ stop_reason: { type: 'requires_action', event_ids: [use] } });
    await waitUntil(async () => processes().length + (await containers()) === 0, 'all is reclaimed');
    expect(await running(drover, engine)).toEqual([]);
  });

  it('holds no activity and no timer, and nobody asks about it', async () => {
    const { port = 0 } = readRecord(drover.dataDir) ?? {};
    const client = await connectClient(`127.0.0.1:${port}`, 'default');
    try {
      expect(await pendingOf(client, session.id)).toEqual([]);
      await noneIsOpen();
      // One of our own is seen: the count can be trusted.
      const stopPoll = await pollHistory(client, session.id);
      await waitUntil(async () => (await countCalls(drover.dataDir)).open === 1, 'the poll is open');
      await stopPoll();
      await noneIsOpen();
    } finally {
      await client.connection.close();
    }
    const { asked } = await countCalls(drover.dataDir);
    await sleep(2_000);
    expect(await countCalls(drover.dataDir)).toEqual({ asked, open: 0 });
  });

  it('is the same after a restart of everything, holds nothing, and goes on when it is answered', async () => {
    const before = await session.rawList();
    await Promise.all([drover.kill(), endTemporal(drover.dataDir)]);
    await engine?.restart();
    await drover.start();
    expect(await session.status()).toBe('idle');
    expect(await session.rawList()).toBe(before);
    expect([processes(), await containers()]).toEqual([[], 0]);
    await noneIsOpen();
    await session.post(allow(use));
    const list = await session.untilIdle(2);
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    expect(resultsOf(list).map(({ is_error }) => is_error)).toEqual([false, false]);
    expect([session.file('runs'), session.file('allowed')]).toEqual(['begun\n', 'yes']);
  });
}

/** Sandboxes that run, as the backend lists them. */
async function running({ dataDir }: Drover, engine: Engine | undefined): Promise<string[]> {
  const dataId = readFileSync(join(dataDir, 'id'), 'utf8').trim();
  const place = { dataDir: join(dataDir, 'sandboxes'), dataId };
  const sandboxes = engine
    ? createDockerSandboxes({ ...place, image: testImage, docker: engine.client })
    : createBubblewrapSandboxes(place);
  const keys: string[] = [];
  for await (const info of sandboxes.list()) if (info.running) keys.push(info.key);
  await sandboxes.close();
  return keys;
}

/** Waits for news of a workflow's history as who follows it does, until the function that this gives is called. */
async function pollHistory(client: Client, workflowId: string): Promise<() => Promise<void>> {
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const over = new AbortController();
  const history = createHistoryReader(client);
  const { token } = await history.read(workflowId, runId, null, over.signal);
  const polling = history.read(workflowId, runId, token, over.signal).catch(() => {});
  return async () => {
    over.abort();
    await polling;
  };
}

/** What Temporal still has to do for a workflow before anybody asks for something. */
async function pendingOf(client: Client, workflowId: string): Promise<string[]> {
  const handle = client.workflow.getHandle(workflowId);
  const { raw } = await handle.describe();
  const timers = new Set<string>();
  for (const event of (await handle.fetchHistory()).events ?? []) {
    const { timerStartedEventAttributes: started, timerFiredEventAttributes, timerCanceledEventAttributes } = event;
    if (started) timers.add(`timer ${started.timerId}`);
    const ended = timerFiredEventAttributes ?? timerCanceledEventAttributes;
    if (ended) timers.delete(`timer ${ended.timerId}`);
  }
  const { pendingActivities, pendingChildren, pendingNexusOperations, pendingWorkflowTask } = raw;
  const others = [...(pendingActivities ?? []), ...(pendingChildren ?? []), ...(pendingNexusOperations ?? [])];
  return [...timers, ...others.map((one) => JSON.stringify(one)), ...(pendingWorkflowTask ? ['a workflow task'] : [])];
}
