import type Anthropic from '@anthropic-ai/sdk';
import { say, sayDim, sayOutput, shorten } from './print.js';

type StreamEvent = Anthropic.Beta.Sessions.BetaManagedAgentsStreamSessionEvents;
type ToolUse = Anthropic.Beta.Sessions.BetaManagedAgentsAgentToolUseEvent;
type ToolResult = Anthropic.Beta.Sessions.BetaManagedAgentsAgentToolResultEvent;

/** What a turn took. */
export interface TurnSummary {
  usage: Anthropic.Beta.Sessions.BetaManagedAgentsSessionUsage;
  requests: number;
  calls: number;
}

/** Prints a session's events until its turn is over. Throws when the turn did not end by itself. */
export async function followTurn(stream: AsyncIterable<StreamEvent>): Promise<TurnSummary> {
  const turn: TurnSummary = { usage: {}, requests: 0, calls: 0 };
  for await (const event of stream) {
    show(event);
    if (event.type === 'session.usage') turn.usage = event.usage;
    if (event.type === 'span.model_request_end') turn.requests += 1;
    if (event.type === 'agent.tool_use') turn.calls += 1;
    if (event.type === 'session.status_terminated') throw new Error('the session was terminated');
    if (event.type !== 'session.status_idle') continue;
    const { type } = event.stop_reason;
    if (type === 'end_turn') return turn;
    throw new Error(`the turn ended with ${type}`);
  }
  throw new Error('the event stream ended before the turn did');
}

type Shown = { [Type in StreamEvent['type']]?: (event: Extract<StreamEvent, { type: Type }>) => void };

/** Events that a person need not see are not here. */
const SHOWN: Shown = {
  'agent.message': ({ content }) => {
    say('agent', `${content.map((block) => (block.type === 'text' ? block.text : '')).join('\n')}\n`, 'green');
  },
  'agent.thinking': () => sayDim('agent', 'thinks'),
  'agent.tool_use': (event) => say(event.name, describeCall(event), 'cyan'),
  'agent.tool_result': showResult,
  'session.error': ({ error }) => say('error', `${error.message} (${error.retry_status.type})`, 'red'),
  'session.status_rescheduled': () => sayDim('server', 'waits, then tries again'),
};

function show(event: StreamEvent): void {
  // The table is keyed by the event's own type.
  (SHOWN[event.type] as ((event: StreamEvent) => void) | undefined)?.(event);
}

const CALL_LINES = 1;
const OUTPUT_LINES = 8;

function describeCall({ name, input }: ToolUse): string {
  const { command, file_path, content, old_string, new_string } = input;
  if (name === 'write' && typeof content === 'string') {
    return `${String(file_path)} (${content.trimEnd().split('\n').length} lines)`;
  }
  if (name === 'edit') return `${String(file_path)}: ${oneLine(old_string)} → ${oneLine(new_string)}`;
  return oneLine(
    typeof command === 'string' ? command : typeof file_path === 'string' ? file_path : JSON.stringify(input),
  );
}

function oneLine(value: unknown): string {
  return shorten(String(value), CALL_LINES).join(' ');
}

function showResult({ content = [], is_error }: ToolResult): void {
  const text = content.map((block) => (block.type === 'text' ? block.text : `(${block.type})`)).join('\n');
  sayOutput(shorten(text, OUTPUT_LINES), is_error === true ? 'red' : 'dim');
}
