import type Anthropic from '@anthropic-ai/sdk';
import type { ExecCommand } from '../sandbox.js';

export type ToolName = 'bash' | 'read' | 'write' | 'edit' | 'glob' | 'grep';

/** Content blocks and error flag of an `agent.tool_result` event. */
export interface ToolResult {
  content: NonNullable<Anthropic.Beta.Sessions.BetaManagedAgentsAgentToolResultEvent['content']>;
  is_error: boolean;
}

/** One tool of `agent_toolset_20260401`: what the model is told of it, and how a call becomes one command. */
export interface Tool {
  describe(options: ToolsetOptions): Anthropic.Beta.BetaTool;
  /** Checks the model's input. A bad one is refused with a text for the model; nothing is thrown. */
  plan(input: unknown): Planned;
}

export interface ToolsetOptions {
  /** Whether commands can reach anything but loopback. */
  network: boolean;
}

export type Planned = { ok: true; plan: ToolPlan } | { ok: false; refusal: string };

export interface ToolPlan {
  command: ExecCommand;
  /** Most bytes of the command's log that are read back; of a longer one, the last ones. */
  maxOutput: number;
  /** The command's log is what the model asked for, byte for byte. Such a log is kept whole in a file when it is long. */
  logIsResult: boolean;
  /** The result of a command that ended by itself, by its timeout, or for want of memory or disk. */
  finish(end: CommandEnd): Outcome;
  /** What a command that did not come to its end had to show, or nothing. */
  soFar(output: CommandOutput): string;
}

export interface CommandOutput {
  /** At most `maxOutput` bytes. */
  bytes: Uint8Array;
  /** Size of the whole log. */
  size: number;
}

export interface CommandEnd extends CommandOutput {
  code: number;
  reason?: 'timeout' | 'memory' | 'disk';
}

/** A result before it is fitted to its size limit: `suffix` is a line that stays, whatever is cut from `body`. */
export type Outcome =
  | { kind: 'text'; body: string; suffix?: string; is_error: boolean }
  | { kind: 'block'; block: ToolResult['content'][number] };

export function succeeded(body: string): Outcome {
  return { kind: 'text', body, is_error: false };
}

export function failed(body: string): Outcome {
  return { kind: 'text', body, is_error: true };
}
