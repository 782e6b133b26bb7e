import { ApiError } from '../../src/api-error.js';
import { newId } from '../../src/ids.js';
import { fold } from '../../src/session/fold.js';
import type {
  EventPage,
  EventPreview,
  EventQuery,
  InputEvent,
  SessionChange,
  SessionEvent,
  SessionLog,
  SessionStart,
  SessionState,
  Sessions,
  Subscriber,
} from '../../src/session/session.js';
import type { Database } from '../../src/storage/database.js';

/**
 * Sessions without Temporal, for tests of the HTTP side: an agent that answers every message with the same text, at once.
 * An outcome is not evaluated but as a test says.
 * Its log is an array; its states are also rows of the projection, where the list of sessions looks for them.
 */
export interface MemorySessions {
  sessions: Sessions;
  log: SessionLog;
  /** Adds an event as if the session had emitted it. */
  emit(sessionId: string, event: { type: SessionEvent['type'] } & Record<string, unknown>): SessionEvent;
  preview(sessionId: string, preview: EventPreview): void;
  /** From now on a message leaves the session running. */
  hold(): void;
  /** From now on every command rejects with this, or none does. */
  fail(error: Error | null): void;
  subscribers(): number;
}

interface MemorySession {
  start: SessionStart;
  events: SessionEvent[];
  state: SessionState;
}

export function createMemorySessions(db: Database): MemorySessions {
  const all = new Map<string, MemorySession>();
  const subscribers = new Map<string, Set<Subscriber>>();
  let failure: Error | null = null;
  let holding = false;
  let lastTime = 0;

  const find = (id: string) => {
    if (failure) throw failure;
    const session = all.get(id);
    if (!session) throw new Error(`no session ${id}`);
    return session;
  };
  const append = (id: string, event: { type: SessionEvent['type'] } & Record<string, unknown>) => {
    lastTime = Math.max(lastTime + 1, Date.now());
    // A test says what the event is; the SDK's union cannot be checked against a spread.
    const full = { id: newId('sevt'), processed_at: new Date(lastTime).toISOString(), ...event } as SessionEvent;
    const session = all.get(id);
    session?.events.push(full);
    if (session) session.state.updated_at = lastTime;
    if (session && IS_OF_OUTCOME.test(full.type))
      Object.assign(session.state, fold(session.state, { ...full }, lastTime));
    for (const subscriber of subscribers.get(id) ?? []) subscriber.onEvent(full);
    return full;
  };
  const save = async (id: string, session: MemorySession) => {
    const row = { status: session.state.status, state: JSON.stringify(session.state), updated_at: Date.now() };
    await db
      .insertInto('projection.session_states')
      .values({ session_id: id, ...row })
      .onConflict((conflict) => conflict.column('session_id').doUpdateSet(row))
      .execute();
  };
  const turn = (id: string, session: MemorySession) => {
    const { state } = session;
    const thread = { session_thread_id: session.start.thread_id, agent_name: session.start.agent_name };
    append(id, { type: 'session.status_running' });
    append(id, { type: 'session.thread_status_running', ...thread });
    Object.assign(state, { status: 'running', running_since: lastTime, thread_started: true });
    if (holding) return;
    append(id, { type: 'agent.message', content: [{ type: 'text', text: 'Done.' }] });
    finish(id, session);
  };
  const finish = (id: string, session: MemorySession) => {
    const thread = { session_thread_id: session.start.thread_id, agent_name: session.start.agent_name };
    const idle = { stop_reason: { type: 'end_turn' }, stop_details: null };
    append(id, { type: 'session.thread_status_idle', ...thread, ...idle });
    append(id, { type: 'session.usage', usage: session.state.usage, budget: null });
    append(id, { type: 'session.status_idle', ...idle });
    const active_ms = session.state.active_ms + lastTime - (session.state.running_since ?? lastTime);
    Object.assign(session.state, { status: 'idle', running_since: null, thread_idled: true, active_ms });
  };
  const take = async (id: string, session: MemorySession, inputs: InputEvent[]) => {
    if (session.state.status === 'terminated') {
      throw new ApiError('invalid_request_error', `session ${id} is terminated`);
    }
    const echoes = inputs.map((input) => append(id, { ...input }));
    const interrupted = inputs.some((input) => input.type === 'user.interrupt');
    if (interrupted && session.state.status === 'running') finish(id, session);
    if (inputs.some(({ type }) => type === 'user.message' || type === 'user.define_outcome')) turn(id, session);
    await save(id, session);
    return echoes;
  };

  const sessions: Sessions = {
    async start(start) {
      if (failure) throw failure;
      if (all.has(start.session_id)) return;
      const session = { start, events: [], state: initialState(start) };
      all.set(start.session_id, session);
      await take(start.session_id, session, start.initial_events);
    },
    send: async (id, events) => take(id, find(id), events),
    async update(id, change) {
      const session = find(id);
      applyChange(session.state, change);
      const { title, budget } = change;
      append(id, {
        type: 'session.updated',
        ...(title !== undefined && { title }),
        ...(budget !== undefined && { budget }),
      });
      await save(id, session);
    },
    async archive(id) {
      const session = find(id);
      append(id, { type: 'session.status_terminated' });
      Object.assign(session.state, { status: 'terminated', archived_at: lastTime });
      await save(id, session);
    },
    async delete(id) {
      if (failure) throw failure;
      if (all.has(id)) append(id, { type: 'session.deleted' });
      all.delete(id);
      await db.deleteFrom('projection.session_states').where('session_id', '=', id).execute();
    },
  };
  const log: SessionLog = {
    getState: async (id) => all.get(id)?.state,
    getEvents: async (id, query) => pageOf(find(id).events, query),
    getEvent: async (id, eventId) => find(id).events.find((event) => event.id === eventId),
    subscribe(id, subscriber) {
      const set = subscribers.get(id) ?? new Set();
      subscribers.set(id, set.add(subscriber));
      return () => set.delete(subscriber);
    },
  };
  return {
    sessions,
    log,
    emit: append,
    preview: (id, preview) => {
      for (const subscriber of subscribers.get(id) ?? []) subscriber.onPreview(preview);
    },
    hold: () => (holding = true),
    fail: (error) => (failure = error),
    subscribers: () => [...subscribers.values()].reduce((sum, set) => sum + set.size, 0),
  };
}

/** What changes how far an outcome has come. */
const IS_OF_OUTCOME = /^(user\.define_|span\.)outcome/;

function initialState({ title, metadata, created_at, budget }: SessionStart): SessionState {
  return {
    status: 'idle',
    title,
    metadata,
    agent: null,
    budget: budget ?? null,
    usage: { input_tokens: 0, output_tokens: 0 },
    active_ms: 0,
    running_since: null,
    thread_started: false,
    thread_idled: false,
    updated_at: created_at,
    archived_at: null,
  };
}

function applyChange(state: SessionState, { title, metadata, agent, budget }: SessionChange): void {
  if (title !== undefined) state.title = title;
  if (budget !== undefined) state.budget = budget;
  if (agent) state.agent = agent;
  for (const [key, value] of Object.entries(metadata ?? {})) {
    if (value === null) delete state.metadata[key];
    else state.metadata[key] = value;
  }
}

function pageOf(events: SessionEvent[], { order, limit, types, page, processed = {} }: EventQuery): EventPage {
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = processed;
  const listed = events
    .map((event, index) => ({ event, seq: index + 1, at: Date.parse(event.processed_at ?? '') }))
    .filter(({ event, at }) => (!types || types.includes(event.type)) && at > gt && at >= gte && at < lt && at <= lte)
    .filter(({ seq }) => !page || (order === 'asc' ? seq > page.seq : seq < page.seq));
  if (order === 'desc') listed.reverse();
  const shown = listed.slice(0, limit);
  const last = shown.at(-1);
  const next = last && listed.length > limit ? { position: last.seq, seq: last.seq } : null;
  return { events: shown.map(({ event }) => event), next };
}
