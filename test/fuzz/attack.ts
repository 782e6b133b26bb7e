import type { Operation } from '../../src/http/routes.js';
import type { Choice } from './mutations.js';
import { faultOf, isBusy } from './judge.js';
import { oddRequest, type Sent, spoiledRequest } from './request.js';
import type { Scene } from './scene.js';
import type { Transport } from './transport.js';

export interface Attack {
  choice: Choice;
  requests: number;
  /** After so many the objects are new: the old ones may be archived or gone. */
  round: number;
  atOnce: number;
  key: string;
  newScene: () => Promise<Scene>;
  /** Sessions that get requests which are wrong for certain, and nothing else. */
  spared?: Scene;
  transport: Transport;
}

export interface Outcome {
  /** How often each status came. */
  statuses: Record<number, number>;
  /** Requests that were not answered as they should be, as they were sent. */
  faults: object[];
  /** The operations of the requests that the server asked to come again. */
  busy: Operation[];
}

/** Sends so many requests, some at once, and judges every answer. */
export async function attack(plan: Attack): Promise<Outcome> {
  const outcome: Outcome = { statuses: {}, faults: [], busy: [] };
  for (let made = 0; made < plan.requests; made += plan.round) {
    const scene = await plan.newScene();
    const queue = Array.from({ length: Math.min(plan.round, plan.requests - made) }, () => next(plan, scene));
    const work = async (): Promise<void> => {
      for (let sent = queue.shift(); sent !== undefined; sent = queue.shift()) await hit(plan.transport, sent, outcome);
    };
    await Promise.all(Array.from({ length: plan.atOnce }, work));
  }
  return outcome;
}

function next({ choice, spared, key }: Attack, scene: Scene): Sent {
  const { targets, ...rest } = scene;
  if (spared && choice.once(4)) return spoiledRequest(choice, { ...rest, ...choice.of(spared.targets) }, key);
  return oddRequest(choice, { ...rest, ...choice.of(targets) }, key);
}

async function hit(transport: Transport, sent: Sent, outcome: Outcome): Promise<void> {
  const answer = await transport.send(sent).catch((error: unknown) => String(error));
  const fault = typeof answer === 'string' ? answer : faultOf(sent, answer);
  if (fault !== undefined) outcome.faults.push({ fault, sent: shorten(sent), answer });
  if (typeof answer === 'string') return;
  outcome.statuses[answer.status] = (outcome.statuses[answer.status] ?? 0) + 1;
  if (isBusy(answer)) outcome.busy.push(sent.operation);
}

function shorten({ body, path, ...rest }: Sent): object {
  const shown = typeof body === 'string' ? body : body?.toString('base64');
  return { ...rest, path: path.slice(0, 1_000), ...(shown === undefined ? {} : { body: shown.slice(0, 2_000) }) };
}
