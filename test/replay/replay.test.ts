import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { DefaultLogger, Runtime, Worker, type InjectedSinks } from '@temporalio/worker';
import { WORKFLOW_BUNDLE } from '../../src/bin/package-paths.js';
import type { SessionSinks } from '../../workflows/sinks.js';
import { decodeRuns, readGolden, toHistory, type Golden } from './golden.js';
import { recordGolden } from './record.js';

/**
 * What older releases began is carried on by this one: sessions, fires of schedules, dreams, deliveries. Where a test fails here, the workflow's code has changed
 * what it asks of Temporal, or the decoder what it reads: sessions that exist could not go on. Such a change needs
 * `patched`, see https://docs.temporal.io/develop/typescript/versioning.
 *
 * For a new release: `DROVER_RECORD=<version> npx jest test/replay` plays one of each kind on a real server and adds
 * their histories under `golden/<version>`, where there is none yet; older releases' stay as they are. Those of a version
 * that is not released may be deleted and recorded anew.
 */
const release = process.env['DROVER_RECORD'];

beforeAll(async () => {
  if (!existsSync(WORKFLOW_BUNDLE)) throw new Error('The workflow bundle is missing: run `npm run build`.');
  if (release) await recordGolden(release);
  else Runtime.install({ logger: new DefaultLogger('ERROR') });
}, 300_000);

const NOTHING = { fn: () => {}, callDuringReplay: false };
const SILENT: InjectedSinks<SessionSinks> = { log: { hint: NOTHING }, control: { abort: NOTHING, detach: NOTHING } };

const named = (golden: Golden): string => `${golden.release} ${golden.name}`;

test('there is one of each kind', () => {
  const names = new Set(readGolden().map(({ name }) => name));
  expect([...names].sort()).toEqual([
    'budget',
    'cancelled',
    'compacted',
    'confirmations',
    'continued-as-new',
    'custom-tools',
    'dream',
    'dream-cancelled',
    'fire',
    'fire-skipped',
    'initial-events',
    'interrupted-command',
    'interrupted-model',
    'interrupted-question',
    'outcome',
    'outcome-interrupted',
    'queued',
    'retry',
    'signals',
    'text',
    'tools',
    'updates',
    'webhook',
    'webhook-retried',
  ]);
  const chain = readGolden().find(({ name }) => name === 'continued-as-new');
  expect(chain?.runs.length).toBeGreaterThan(1);
});

test('P9: every golden history replays on the present workflow code', async () => {
  const histories = readGolden().flatMap((golden) =>
    golden.runs.map((run, index) => ({ workflowId: `${named(golden)} run ${index + 1}`, history: toHistory(run) })),
  );
  const options = { workflowBundle: { codePath: WORKFLOW_BUNDLE }, replayName: 'golden', sinks: SILENT };
  const failed: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    if (error) failed.push(`${workflowId}: ${error.message}`);
  }
  expect(failed).toEqual([]);
}, 120_000);

test('P1: every golden history of a session decodes to the log that it held', () => {
  const sessions = readGolden().filter(({ log }) => log !== undefined);
  expect(sessions.length).toBeGreaterThan(16);
  for (const golden of sessions) {
    expect({ of: named(golden), log: decodeRuns(golden.runs) }).toEqual({ of: named(golden), log: golden.log });
  }
});

test('no promise of a workflow costs a stack trace; what it throws has one', () => {
  const [beginning = ''] = readFileSync(WORKFLOW_BUNDLE, 'utf8').split('\n', 1);
  expect(tracesIn('')).toEqual({ ofPromises: 1, ofErrors: 1 });
  expect(tracesIn(beginning)).toEqual({ ofPromises: 0, ofErrors: 1 });
});

/** What the SDK's own hook takes in a context that begins like this. In a process of its own: Jest has hooks, too. */
function tracesIn(beginning: string): unknown {
  const script = `
    const { createContext, runInContext } = require('node:vm');
    const { GlobalHandlers } = require('@temporalio/worker/lib/workflow/vm-shared');
    const promiseStackStore = { childToParent: new Map(), promiseToStack: new Map() };
    const context = createContext({ __TEMPORAL_ACTIVATOR__: { info: { runId: 'run' }, promiseStackStore } });
    runInContext(process.argv[1], context);
    new GlobalHandlers().install();
    runInContext('globalThis.promise = new Promise(() => {})', context);
    const [, ...lines] = runInContext('new Error().stack', context).split('\\n');
    console.log(JSON.stringify({ ofPromises: promiseStackStore.promiseToStack.size, ofErrors: Math.min(lines.length, 1) }));`;
  return JSON.parse(execFileSync(process.execPath, ['-e', script, beginning], { cwd: __dirname, encoding: 'utf8' }));
}
