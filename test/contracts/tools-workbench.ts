import type { Sandbox, Sandboxes, SandboxSpec } from '../../src/sandbox/sandbox.js';
import type { RunOptions } from '../../src/sandbox/tools/run-tool.js';
import type { ToolResult } from '../../src/sandbox/tools/tool.js';

export const spec: SandboxSpec = { cpus: 1, memoryMb: 512, pids: 128, diskMb: 512, env: {} };

/** A sandbox under test and the tools in it. */
export interface Workbench {
  readonly sandboxes: Sandboxes;
  readonly sandbox: Sandbox;
  /** A call under a new id, or the given one. */
  call(name: string, input: unknown, toolUseId?: string, options?: Partial<RunOptions>): Promise<ToolResult>;
  /** The text of a call's result; throws when the result is an error, or anything but one text. */
  text(name: string, input: unknown): Promise<string>;
  /** The text of a result that must be an error. */
  error(name: string, input: unknown): Promise<string>;
  newId(): string;
  /** Finds the sandbox again, or its successor over the same workspace. */
  reacquire(): Promise<void>;
}

/** Options of a call that nobody ends early. */
export function unhurried(): RunOptions {
  return { signal: new AbortController().signal, detach: new AbortController().signal };
}

export function onlyText(result: ToolResult, isError: boolean): string {
  const [block, ...more] = result.content;
  if (block?.type !== 'text' || more.length > 0) throw new Error(`not one text: ${JSON.stringify(result)}`);
  if (result.is_error !== isError) throw new Error(`is_error is ${result.is_error}: ${block.text}`);
  return block.text;
}
