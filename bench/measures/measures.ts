import type { Measure } from '../measure.js';
import { confirm } from './confirm.js';
import { idleSessions } from './idle-sessions.js';
import { interrupt } from './interrupt.js';
import { latePages } from './late-pages.js';
import { longSession } from './long-session.js';
import { preview } from './preview.js';
import { recovery } from './recovery.js';
import { startUp } from './start-up.js';
import { textTurn } from './text-turn.js';
import { throughput } from './throughput.js';
import { toolTurn } from './tool-turn.js';
import { waitingSessions } from './waiting-sessions.js';

/** In the order in which they run. */
export const MEASURES: Measure[] = [
  textTurn,
  preview,
  toolTurn,
  interrupt,
  confirm,
  throughput,
  longSession,
  recovery,
  startUp,
  idleSessions,
  waitingSessions,
  latePages,
];
