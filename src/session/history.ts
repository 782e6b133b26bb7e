import type { temporal } from '@temporalio/proto';
import type { Summary } from '../harness/context/context.js';
import type { ContentBlock } from '../model/model.js';
import type { WorkflowInput } from '../harness/protocol.js';
import type { JournalEntry } from './journal.js';
import type { SessionStart } from './session.js';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payload = temporal.api.common.v1.IPayload;

/**
 * Reads a thread's log out of Temporal's history, event by event, without running workflow code. Only journal markers
 * make entries; activity results are kept until an entry refers to them. WorkflowTask events are ignored: a server may
 * show ones that it never commits.
 */
export interface Decoder {
  /** Activity ids by the history event that scheduled them. */
  scheduled: Record<string, string>;
  /** Results that no entry has referred to yet, by activity id. */
  results: Record<string, unknown>;
}

export type Decoded =
  /** The thread's first run began. */
  | { type: 'start'; start: SessionStart }
  | { type: 'entry'; entry: LogEntry }
  /** The run went on in another one. */
  | { type: 'next_run'; runId: string }
  /** The workflow is over; `forced` when it did not end by itself. */
  | { type: 'end'; forced: boolean; at: number };

/** An entry with its body. Bodies may still hold references to blobs. */
export type LogEntry =
  | { kind: 'event'; seq: number; at: number; queued: boolean; event: LoggedEvent }
  | { kind: 'processed'; seq: number; at: number; id: string }
  | { kind: 'assistant'; seq: number; at: number; reply: LoggedReply }
  | { kind: 'summary'; seq: number; at: number; summary: Summary };

export interface LoggedEvent {
  id: string;
  type: string;
  [field: string]: unknown;
}

export interface LoggedReply {
  content: ContentBlock[];
  stop_reason: string | null;
  tool_use_ids: Record<string, string>;
}

export function newDecoder(): Decoder {
  return { scheduled: {}, results: {} };
}

const JOURNAL_MARKER = 'core_local_activity';

export function decode(decoder: Decoder, event: HistoryEvent): Decoded[] {
  const started = event.workflowExecutionStartedEventAttributes;
  if (started) return decodeStart(started.input?.payloads?.[0]);
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (scheduled?.activityId) decoder.scheduled[String(event.eventId)] = scheduled.activityId;
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed) keepResult(decoder, String(completed.scheduledEventId), completed.result?.payloads?.[0]);
  const marker = event.markerRecordedEventAttributes;
  if (marker?.markerName === JOURNAL_MARKER) return decodeBatch(decoder, marker.details?.['result']?.payloads?.[0]);
  const nextRun = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  if (nextRun) return [{ type: 'next_run', runId: nextRun }];
  return decodeEnd(event);
}

function decodeStart(payload: Payload | undefined): Decoded[] {
  const input = fromPayload(payload) as WorkflowInput;
  return 'start' in input ? [{ type: 'start', start: input.start }] : [];
}

function keepResult(decoder: Decoder, scheduledEventId: string, payload: Payload | undefined): void {
  const activityId = decoder.scheduled[scheduledEventId];
  delete decoder.scheduled[scheduledEventId];
  if (activityId === undefined) return;
  const result = fromPayload(payload);
  // A failure and a detached command have no content that an entry could refer to.
  if (isResult(result)) decoder.results[activityId] = result;
}

function decodeBatch(decoder: Decoder, payload: Payload | undefined): Decoded[] {
  const batch = fromPayload(payload) as JournalEntry[];
  const decoded = batch.map((entry): Decoded => ({ type: 'entry', entry: resolve(entry, decoder.results) }));
  for (const entry of batch) if (entry.kind !== 'processed' && entry.from) delete decoder.results[entry.from.activity];
  return decoded;
}

function decodeEnd(event: HistoryEvent): Decoded[] {
  const at = Number(event.eventTime?.seconds ?? 0) * 1_000 + Math.floor((event.eventTime?.nanos ?? 0) / 1e6);
  if (event.workflowExecutionCompletedEventAttributes) return [{ type: 'end', forced: false, at }];
  const forced =
    event.workflowExecutionTerminatedEventAttributes ??
    event.workflowExecutionFailedEventAttributes ??
    event.workflowExecutionTimedOutEventAttributes ??
    event.workflowExecutionCanceledEventAttributes;
  return forced ? [{ type: 'end', forced: true, at }] : [];
}

function resolve(entry: JournalEntry, results: Record<string, unknown>): LogEntry {
  switch (entry.kind) {
    case 'processed':
      return { kind: 'processed', seq: entry.seq, at: entry.at, id: entry.id };
    case 'assistant': {
      const result = resultOf(results, entry.from.activity);
      const reply = {
        content: result.content as ContentBlock[],
        stop_reason: result.stop_reason ?? null,
        tool_use_ids: entry.tool_use_ids,
      };
      return { kind: 'assistant', seq: entry.seq, at: entry.at, reply };
    }
    case 'summary': {
      const { content, words, system, outcome } = resultOf(results, entry.from.activity);
      if (!words || !system) throw new Error(`Activity ${entry.from.activity} has given no summary.`);
      const summary = { through: entry.through, content: content as Summary['content'], words, system };
      const whole = outcome === undefined ? summary : { ...summary, outcome };
      return { kind: 'summary', seq: entry.seq, at: entry.at, summary: whole };
    }
    case 'event': {
      const event = { ...entry.event };
      if (entry.from)
        Object.assign(event, bodyOf(entry.event.type, resultOf(results, entry.from.activity), entry.from.blocks));
      return { kind: 'event', seq: entry.seq, at: entry.at, queued: entry.queued === true, event };
    }
    default:
      return unreachable(entry);
  }
}

/** The part of an activity's result that entries are made of. Its content is what the kind of entry says it is. */
interface Result extends Partial<Pick<Summary, 'words' | 'system' | 'outcome'>> {
  content: { type: string; text?: unknown; input?: unknown }[];
  stop_reason?: string;
  is_error?: boolean;
}

/** Written by our own activities: what has content is a result. */
function isResult(value: unknown): value is Result {
  return typeof value === 'object' && value !== null && 'content' in value;
}

function resultOf(results: Record<string, unknown>, activity: string): Result {
  const result = results[activity];
  if (isResult(result)) return result;
  throw new Error(`History has no result of activity ${activity} before the entry that refers to it.`);
}

function bodyOf(type: string, result: Result, blocks: number[] = []): Record<string, unknown> {
  const chosen = blocks.flatMap((index) => result.content[index] ?? []);
  switch (type) {
    case 'agent.message':
      return { content: chosen.map(({ text }) => ({ type: 'text', text })) };
    case 'agent.tool_use':
    case 'agent.custom_tool_use':
      return { input: chosen[0]?.input };
    case 'agent.tool_result':
      return { content: result.content, is_error: result.is_error === true };
    default:
      throw new Error(`An event of type ${type} has no body in an activity's result.`);
  }
}

/** What our own workflow and activities wrote, as JSON by Temporal's default converter. */
function fromPayload(payload: Payload | undefined): unknown {
  if (!payload?.data) throw new Error('History has an empty payload where the log has an entry.');
  return JSON.parse(Buffer.from(payload.data).toString());
}

function unreachable(entry: never): never {
  throw new Error(`Unknown journal entry ${JSON.stringify(entry)}`);
}
