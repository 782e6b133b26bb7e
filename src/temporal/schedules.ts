import {
  type CalendarSpec,
  type Client,
  DAYS_OF_WEEK,
  MONTHS,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptionsStartWorkflowAction,
  ScheduleOverlapPolicy,
  type ScheduleUpdateOptions,
} from '@temporalio/client';
import { FIRE_WORKFLOW, type FireInput } from '../schedule/fire.js';
import { inUtc } from '../schedule/in-utc.js';
import type { KeptSchedule, Schedule, Schedules } from '../schedule/schedules.js';
import { withPatience } from './patience.js';
import { TASK_QUEUE } from './task-queue.js';

/**
 * Schedules as Temporal's own: the schedule's id is the deployment's, and each firing is a workflow. `store` is the id of
 * the store that has the deployments: the namespace may hold the schedules of others.
 */
export function createSchedules(client: Client, store: string): Schedules {
  return {
    ensure: (schedule) => withPatience(client, () => ensure(client, schedule, store)),
    remove: (id) => withPatience(client, () => remove(client, id)),
    list: () => withPatience(client, () => list(client, store)),
  };
}

async function ensure(client: Client, schedule: Schedule, store: string): Promise<void> {
  const wanted = optionsOf(schedule, store);
  try {
    await client.schedule.create({ ...wanted, scheduleId: schedule.id });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(schedule.id).update(() => wanted);
  }
}

async function remove(client: Client, id: string): Promise<void> {
  try {
    await client.schedule.getHandle(id).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

async function list(client: Client, store: string): Promise<Map<string, KeptSchedule>> {
  const found = new Map<string, KeptSchedule>();
  for await (const { scheduleId, action, state } of client.schedule.list()) {
    if (action?.workflowType !== FIRE_WORKFLOW) continue;
    const { owner, ...said } = readNote(state.note ?? '');
    if (owner === undefined) found.set(scheduleId, { revision: undefined, isOurs: false });
    else if (owner === store) found.set(scheduleId, { ...said, isOurs: true });
  }
  return found;
}

/** Shown in Temporal's UI, where a person may change it. */
function noteOf({ revision }: Schedule, store: string): string {
  return `Revision ${revision} of store ${store}, time zones of ${process.versions['tz']}`;
}

/** A schedule that was made with other rules of time zones has no revision. */
function readNote(note: string): { owner: string | undefined; revision: number | undefined } {
  const [, revision, owner, rules] = /^Revision (\d+) of store (\S+), time zones of (\S+)$/.exec(note) ?? [];
  return { owner, revision: rules === process.versions['tz'] ? Number(revision) : undefined };
}

/** How long after its time a fire that was missed is still made up for. */
const CATCH_UP = '10 minutes';

type FireWorkflow = (input: FireInput) => Promise<void>;
type Wanted = ScheduleUpdateOptions<ScheduleOptionsStartWorkflowAction<FireWorkflow>>;

function optionsOf(schedule: Schedule, store: string): Wanted {
  const { id, name, paused, revision } = schedule;
  return {
    spec: { calendars: calendarsOf(schedule), timezone: 'UTC' },
    action: {
      type: 'startWorkflow',
      workflowType: FIRE_WORKFLOW,
      workflowId: id,
      taskQueue: TASK_QUEUE,
      // As for sessions: what a killed worker had in hand is given to the next one after this.
      workflowTaskTimeout: '3s',
      args: [{ deployment_id: id, revision }],
      staticSummary: name.slice(0, 200),
    },
    // A fire that is slow or held up keeps no other from happening.
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: CATCH_UP },
    state: { paused, note: noteOf(schedule, store) },
  };
}

/**
 * In UTC. Temporal knows time zones too, but passes over hours that the clocks of some show twice, and its rules may be
 * older than those by which times are announced. What is too much here is told by each fire's workflow.
 */
function calendarsOf({ cron, timeZone, text }: Schedule): CalendarSpec[] {
  return inUtc(cron, timeZone, Date.now()).map(({ minutes, hours, dates, months, weekdays }) => ({
    minute: [...minutes],
    hour: [...hours],
    dayOfMonth: [...dates],
    month: MONTHS.filter((_, index) => months.includes(index + 1)),
    dayOfWeek: DAYS_OF_WEEK.filter((_, index) => weekdays.includes(index)),
    comment: text,
  }));
}
