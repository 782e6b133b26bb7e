import { existsSync } from 'node:fs';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { WORKFLOW_BUNDLE } from '../../src/bin/package-paths.js';
import { readGolden, toHistory } from './golden.js';

type Event = Record<string, unknown> & { eventType: string };

const HOUR_LATER = '2099-01-01T00:00:00Z';

/** The history of a dream, up to where it began; and then as if it never had, for as long as it may take. */
function neverBegun(): Event[] {
  const golden = readGolden().find(({ name }) => name === 'dream');
  // As Temporal's tools write histories.
  const [run] = (golden?.runs ?? []) as { events: Event[] }[];
  const events = run?.events ?? [];
  const scheduled = events.filter(({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED');
  const [begin, end] = [scheduled[0], scheduled.at(-1)];
  const task = events.slice(1, 4);
  if (!begin || !end) throw new Error('the golden dream has no activities');
  const failure = {
    message: 'activity ScheduleToClose timeout',
    timeoutFailureInfo: { timeoutType: 'TIMEOUT_TYPE_SCHEDULE_TO_CLOSE' },
  };
  const timedOut: Event = {
    eventType: 'EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT',
    activityTaskTimedOutEventAttributes: { failure, scheduledEventId: '5', startedEventId: '0' },
  };
  const [first, then] = [events.slice(0, events.indexOf(begin) + 1), [timedOut, ...task, end]];
  const later = then.map((event, index) => {
    const eventId = String(first.length + index + 1);
    return { ...event, eventId, eventTime: HOUR_LATER, ...attributesFor(event.eventType) };
  });
  return [...first, ...later];
}

/** What refers to other events, where those have other numbers here. */
function attributesFor(eventType: string): Record<string, unknown> {
  switch (eventType) {
    case 'EVENT_TYPE_WORKFLOW_TASK_STARTED':
      return { workflowTaskStartedEventAttributes: { scheduledEventId: '7' } };
    case 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED':
      return { workflowTaskCompletedEventAttributes: { scheduledEventId: '7', startedEventId: '8' } };
    case 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED': {
      const attributes = { activityId: '2', activityType: { name: 'endDream' }, workflowTaskCompletedEventId: '9' };
      return { activityTaskScheduledEventAttributes: attributes };
    }
    default:
      return {};
  }
}

test('a dream that does not get to begin within its hour is ended, and does not hold its store for ever', async () => {
  if (!existsSync(WORKFLOW_BUNDLE)) throw new Error('The workflow bundle is missing: run `npm run build`.');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const options = { workflowBundle: { codePath: WORKFLOW_BUNDLE }, replayName: 'dream-limit' };
  // The next thing that it asks for is `endDream`; anything else would not fit the history.
  const replayed = Worker.runReplayHistory(options, toHistory({ events: neverBegun() }));
  await expect(replayed).resolves.toBeUndefined();
});
