import { randomBytes } from 'node:crypto';
import type { CallDelta } from './openai-chunk.js';

/** A tool call as far as it has come. */
export interface PartialCall {
  /** What the server calls it; empty when it gave no id. */
  id: string;
  name: string;
  json: string;
}

/** Collects tool calls from their fragments. Which fragment belongs to which call is told by index, or by id where a server gives all the same index. */
export function createCalls() {
  const calls: PartialCall[] = [];
  const byIndex = new Map<number, PartialCall>();
  return {
    all: calls as readonly PartialCall[],
    add({ index, id, function: part }: CallDelta, place: number): void {
      const at = index ?? place;
      let call = byIndex.get(at);
      if (!call || isAnother(call, id ?? '', part?.name ?? '')) {
        call = { id: id ?? '', name: '', json: '' };
        byIndex.set(at, call);
        calls.push(call);
      }
      if (call.id === '') call.id = id ?? '';
      if (call.name === '') call.name = part?.name ?? '';
      const { arguments: piece = '' } = part ?? {};
      call.json += typeof piece === 'string' ? piece : (JSON.stringify(piece ?? undefined) ?? '');
    },
  };
}

/** A fragment with another id starts another call; without ids, one that names a tool after a call that is whole. */
function isAnother(call: PartialCall, id: string, name: string): boolean {
  if (id !== '' && call.id !== '') return id !== call.id;
  return name !== '' && call.name !== '' && call.json !== '' && inputOf(call) !== undefined;
}

/** The call's input, or undefined when it has not come whole. No arguments at all are an empty input. */
export function inputOf({ json }: PartialCall): Record<string, unknown> | undefined {
  if (json.trim() === '') return {};
  try {
    const input: unknown = JSON.parse(json);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { ...input };
  } catch {
    // As below.
  }
  return undefined;
}

/** The server's id where it can stand in the log, else a new one: some servers count from zero in every reply, or give none. */
export function settleId(id: string, taken: ReadonlySet<string>): string {
  return /^[\w-]{1,64}$/.test(id) && !taken.has(id) ? id : `call_${randomBytes(12).toString('hex')}`;
}
