import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { temporalPid } from '../support/temporal-process.js';

/** Calls about single workflows that Temporal has been asked for so far, and those of them that it has not answered yet. */
export interface TemporalCalls {
  asked: number;
  open: number;
}

/** Counts them as the server itself does: a read that waits for news of a history is open as long as it waits. */
export async function countCalls(dataDir: string): Promise<TemporalCalls> {
  const asked = new Map<string, number>();
  const answered = new Map<string, number>();
  for (const line of (await readMetrics(dataDir)).split('\n')) {
    const [, name, labels = '', value] = /^(service_requests|service_latency_count)\{(.*)\} (\S+)$/.exec(line) ?? [];
    const operation = /operation="(\w*WorkflowExecution\w*)"/.exec(labels)?.[1];
    // What the frontend asks the other parts of the server for, and the server its own workflows, is not ours.
    if (operation === undefined || !labels.includes('service_name="frontend"')) continue;
    if (!labels.includes('namespace="default"')) continue;
    const counts = name === 'service_requests' ? asked : answered;
    counts.set(operation, (counts.get(operation) ?? 0) + Number(value));
  }
  return { asked: sum(asked), open: sum(asked) - sum(answered) };
}

function sum(counts: Map<string, number>): number {
  return [...counts.values()].reduce((all, one) => all + one, 0);
}

/** The server gives its metrics on a port that it chooses anew at each start. */
async function readMetrics(dataDir: string): Promise<string> {
  const pid = temporalPid(dataDir);
  if (pid === undefined) throw new Error('no Temporal server runs');
  for (const port of listeningPorts(pid)) {
    const text = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(5_000) })
      .then((response) => response.text())
      .catch(() => '');
    if (text.includes('service_requests')) return text;
  }
  throw new Error('the Temporal server gives no metrics');
}

/** TCP ports of this machine that a process listens on. */
function listeningPorts(pid: number): number[] {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => socketOf(pid, fd)));
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING && sockets.has(`socket:[${fields[9]}]`))
    .map((fields) => Number.parseInt(fields[1]?.split(':')[1] ?? '', 16));
}

const LISTENING = '0A';

function socketOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    // It was closed while we looked.
    return '';
  }
}
