/** A bound that a figure must keep. */
export interface Limit {
  /** `ratio` is that of the medians, the figure's over its floor's. */
  of: 'p50' | 'p95' | 'max' | 'ratio';
  atMost?: number;
  atLeast?: number;
  /** So many times the floor's median are allowed on top. */
  plusFloors?: number;
}

export interface Target {
  what: string;
  unit: 'ms' | 'turns/s' | 'x' | 'MB' | '';
  /** None: told for what it is. */
  limits: Limit[];
}

/** What is measured, in the order of the report, and how fast it has to be on two cores. */
export const TARGETS = {
  text: {
    what: 'text turn over the model’s own time',
    unit: 'ms',
    limits: [
      { of: 'p50', atMost: 40 },
      { of: 'p95', atMost: 80 },
      { of: 'ratio', atMost: 1.5 },
    ],
  },
  text_hands: { what: 'the same, of an agent with tools', unit: 'ms', limits: [{ of: 'ratio', atMost: 1.5 }] },
  ack: { what: 'ack of events.send', unit: 'ms', limits: [{ of: 'p50', atMost: 20 }] },
  preview: { what: 'preview: first token to client', unit: 'ms', limits: [{ of: 'p50', atMost: 5 }] },
  tool_bubblewrap: {
    what: 'tool turn over the model’s own time (bash true, bubblewrap)',
    unit: 'ms',
    limits: [
      { of: 'p50', atMost: 100 },
      { of: 'p50', atMost: 45, plusFloors: 1.3 },
    ],
  },
  tool_docker: {
    what: 'tool turn over the model’s own time (bash true, Docker)',
    unit: 'ms',
    limits: [
      { of: 'p50', atMost: 110 },
      { of: 'p50', atMost: 45, plusFloors: 1.3 },
    ],
  },
  interrupt_model: {
    what: 'interrupt of a model call, to idle',
    unit: 'ms',
    limits: [
      { of: 'p50', atMost: 60 },
      { of: 'max', atMost: 250 },
    ],
  },
  interrupt_command: {
    what: 'interrupt of a command, to idle',
    unit: 'ms',
    limits: [
      { of: 'p50', atMost: 60 },
      { of: 'max', atMost: 250 },
    ],
  },
  confirm: { what: 'confirmation to the start of its command', unit: 'ms', limits: [{ of: 'p50', atMost: 40 }] },
  throughput: {
    what: 'text turns, 64 sessions at once',
    unit: 'turns/s',
    limits: [
      { of: 'p50', atLeast: 60 },
      { of: 'ratio', atLeast: 0.8 },
    ],
  },
  long_session: { what: 'a late turn against turn 10', unit: 'x', limits: [{ of: 'p50', atMost: 1.2 }] },
  kill_model: { what: 'kill -9 in a model call, until done', unit: 'ms', limits: [{ of: 'p50', atMost: 2_500 }] },
  kill_command: { what: 'kill -9 in a command, until done', unit: 'ms', limits: [{ of: 'p50', atMost: 2_500 }] },
  start_up: { what: 'start to ready, warm', unit: 'ms', limits: [{ of: 'p50', atMost: 2_000 }] },
  first_ack: { what: 'start after kill -9 to first ack', unit: 'ms', limits: [{ of: 'p50', atMost: 1_500 }] },
  idle_memory: { what: 'memory of drover, sessions idle', unit: 'MB', limits: [{ of: 'max', atMost: 400 }] },
  idle_temporal: { what: 'memory of Temporal, sessions idle', unit: 'MB', limits: [] },
  idle_processes: { what: 'processes of idle sessions', unit: '', limits: [{ of: 'max', atMost: 0 }] },
  idle_containers: { what: 'containers of idle sessions', unit: '', limits: [{ of: 'max', atMost: 0 }] },
  waiting_memory: { what: 'memory of drover, sessions waiting', unit: 'MB', limits: [{ of: 'max', atMost: 400 }] },
  waiting_temporal: { what: 'memory of Temporal, sessions waiting', unit: 'MB', limits: [] },
  waiting_start: { what: 'start to ready, sessions waiting', unit: 'ms', limits: [{ of: 'max', atMost: 5_000 }] },
  waiting_answer: {
    what: 'start after kill -9 to an answer taken',
    unit: 'ms',
    limits: [{ of: 'max', atMost: 5_000 }],
  },
  list_sqlite: {
    what: 'page 10,000 of a million sessions against page 1, SQLite',
    unit: 'ms',
    limits: [{ of: 'ratio', atMost: 1.5 }],
  },
  list_postgres: {
    what: 'page 10,000 of a million sessions against page 1, Postgres',
    unit: 'ms',
    limits: [{ of: 'ratio', atMost: 1.5 }],
  },
} as const satisfies Record<string, Target>;

export type FigureId = keyof typeof TARGETS;
