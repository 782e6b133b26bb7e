import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionEvent } from '../../src/session/session.js';
import { deadline } from '../support/patience.js';
import { type ChaosSession, isAtRest } from './chaos-session.js';

/** What the commands of the script leave in `runs`, each once. */
export const RUNS = ['one', 'two', 'three', 'four', 'five', 'six'];

const parallel = [
  { name: 'read', input: { file_path: '/workspace/notes' } },
  { name: 'grep', input: { pattern: 'nothing like it', path: '/workspace' } },
  { name: 'bash', input: { command: 'echo two >>/workspace/runs; echo second; cd /tmp' } },
  { name: 'bash', input: { command: 'echo three >>/workspace/runs; sleep 0.3; pwd; cd /workspace' } },
  { name: 'read', input: { file_path: '/workspace/notes' } },
];

const TURNS = [
  [
    '/think I had better look first.',
    '/say I begin.',
    '/bash echo one >>/workspace/runs; echo a note >/workspace/notes; echo first',
    `/parallel ${JSON.stringify(parallel)}`,
    '/wait 100',
    '/bash echo four >>/workspace/runs; for i in 1 2 3 4 5 6; do echo line $i; sleep 0.15; done; echo end',
    '/say All is done.',
  ].join('\n'),
  '/bash echo five >>/workspace/runs; echo begun; sleep 60; echo never >>/workspace/runs',
  '/slow 8 20\n/bash echo six >>/workspace/runs; seq 20000 | tail -n 9000\n/say The end.',
];

/**
 * Plays a session of three turns: text, parallel tools and a long command; a command that is interrupted; text and a
 * large output. Whoever calls it may have its server killed meanwhile; requests wait until there is one again.
 */
export async function play(session: ChaosSession, gate: Gate): Promise<SessionEvent[]> {
  let list: SessionEvent[] = [];
  for (const [index, text] of TURNS.entries()) {
    await gate.request(() => session.send(text));
    if (text.includes('never')) {
      // The interrupt must find its output there; where the sandbox was killed, the turn may be over without any.
      await look(session, (events) => session.printed().includes('begun\n') || isOver(events, index + 1));
      await gate.request(() => session.interrupt());
    }
    list = await look(session, (events) => isOver(events, index + 1));
  }
  return list;
}

/** At rest, also when the interrupt came after the turn's end. */
function isOver(list: SessionEvent[], turns: number): boolean {
  return isAtRest(list.slice(0, list.findLastIndex(({ type }) => type !== 'user.interrupt') + 1), turns);
}

/** Lets requests that must be sent once pass while nobody kills, and killers strike while none is under way. */
export interface Gate {
  request<T>(act: () => Promise<T>): Promise<T>;
  strike<T>(act: () => Promise<T>): Promise<T>;
}

export function createGate(): Gate {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = last.then(act, act);
    last = mine;
    return mine;
  };
  return { request: inTurn, strike: inTurn };
}

/** A server that is struck all the time makes a step every few seconds. */
const PATIENCE_MS = 240_000;

async function look(session: ChaosSession, isSo: (list: SessionEvent[]) => boolean): Promise<SessionEvent[]> {
  const isLate = deadline(PATIENCE_MS);
  for (;;) {
    const list = await session.events().catch(() => undefined);
    if (list && isSo(list)) return list;
    if (isLate()) throw new Error(`the session does not go on:\n${JSON.stringify(list, null, 1)}`);
    await sleep(20);
  }
}
