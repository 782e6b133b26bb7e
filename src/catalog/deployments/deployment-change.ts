import { isDeepStrictEqual } from 'node:util';
import type { Database } from '../../storage/database.js';
import { mergeMetadata } from '../metadata.js';
import { checkFileReferences } from '../files/message-files.js';
import { fileReferences } from '../sessions/event-files.js';
import { checkInitialEvents } from '../sessions/event-support.js';
import { checkParams } from '../sessions/session-check.js';
import type { SessionDeps } from '../sessions/session-deps.js';
import { checkSystemMessages } from '../sessions/system-message.js';
import type { DeploymentRow } from './deployment-tables.js';
import { invalid } from '../validate.js';
import { readDeployment } from './deployment-row.js';
import type { DeploymentCreate, DeploymentUpdate } from './deployment-schema.js';
import { type GivenSettings, givenOf, toColumns } from './deployment-settings.js';

type Deps = Pick<SessionDeps, 'db' | 'workspace' | 'clock' | 'now' | 'hasPrice' | 'factsOf' | 'secrets'>;

/** Checks and stores a new one; part of a transaction. */
export async function insertDeployment(deps: Deps, id: string, params: DeploymentCreate): Promise<void> {
  const { agent: chosen, schedule = null, ...given } = params;
  const settings = { ...DEFAULTS, ...given };
  const agent = await checkSettings(deps, chosen, settings);
  if (schedule) await checkRoom(deps.db);
  const now = deps.clock();
  const row: DeploymentRow = {
    id,
    workspace: deps.workspace,
    ...agent,
    ...toColumns(deps.secrets, id, settings),
    schedule: schedule && JSON.stringify(schedule),
    paused_reason: null,
    schedule_revision: schedule ? 1 : 0,
    unsynced: schedule ? 1 : 0,
    last_run_at: null,
    created_at: now,
    updated_at: now,
    archived_at: null,
  };
  await deps.db.insertInto('deployments').values(row).execute();
}

/** Checks and stores a change; part of a transaction. What changes nothing leaves the row as it is, and gives false. */
export async function changeDeployment(deps: Deps, id: string, update: DeploymentUpdate): Promise<boolean> {
  const row = await readDeployment(deps.db, deps.workspace, id);
  if (row.archived_at !== null) throw isArchived(id, 'updated');
  const before = givenOf(deps.secrets, row);
  const after = mergeSettings(before, update);
  const pinned = { agent_id: row.agent_id, agent_version: row.agent_version };
  const chosen = update.agent ?? { type: 'agent', id: row.agent_id, version: row.agent_version };
  const concerns = CHECKED.some((field) => update[field] !== undefined);
  const agent = concerns ? await checkSettings(deps, chosen, after) : pinned;
  const schedule = update.schedule === undefined ? row.schedule : update.schedule && JSON.stringify(update.schedule);
  const isRescheduled = !isSame(schedule, row.schedule);
  if (isRescheduled && row.schedule === null) await checkRoom(deps.db);
  if (!isRescheduled && isDeepStrictEqual([after, agent], [before, pinned])) return false;
  await deps.db
    .updateTable('deployments')
    .set({ ...agent, ...toColumns(deps.secrets, id, after), updated_at: deps.clock() })
    .$if(isRescheduled, (query) =>
      query.set((eb) => ({ schedule, schedule_revision: eb('schedule_revision', '+', 1), unsynced: 1 })),
    )
    .where('id', '=', id)
    .execute();
  return true;
}

/** What an archived deployment answers. */
export function isArchived(id: string, what: string): Error {
  return invalid('deployment_id', `deployment ${id} is archived and cannot be ${what}`);
}

const DEFAULTS = { description: null, metadata: {}, resources: [], vault_ids: [], budget: null };
/** Of everything on a server. */
const MOST_SCHEDULED = 1_000;
/** What a session's creation would look at. */
const CHECKED = ['agent', 'environment_id', 'initial_events', 'resources', 'vault_ids', 'budget'] as const;

/** Everything that a session's creation would refuse is refused now. Gives the version that is pinned. */
async function checkSettings(deps: Deps, agent: DeploymentCreate['agent'], settings: GivenSettings) {
  const { initial_events, environment_id, resources, vault_ids, budget } = settings;
  checkInitialEvents(initial_events);
  const params = { agent, environment_id, resources, vault_ids, ...(budget && { budget }) };
  const { id, version, model } = await checkParams(deps, params);
  const takesSystemMessages = () => deps.factsOf(model.id).takes_system_messages;
  checkSystemMessages(initial_events, { takesSystemMessages }, 'initial_events');
  await checkFileReferences(deps, fileReferences(initial_events, 'initial_events'));
  return { agent_id: id, agent_version: version };
}

function mergeSettings(stored: GivenSettings, update: DeploymentUpdate): GivenSettings {
  const { name, environment_id, initial_events, description, metadata, resources, vault_ids, budget } = update;
  return {
    name: name ?? stored.name,
    environment_id: environment_id ?? stored.environment_id,
    initial_events: initial_events ?? stored.initial_events,
    description: description === undefined ? stored.description : description || null,
    metadata: mergeMetadata(stored.metadata, metadata),
    resources: resources === undefined ? stored.resources : (resources ?? []),
    vault_ids: vault_ids === undefined ? stored.vault_ids : (vault_ids ?? []),
    budget: budget === undefined ? stored.budget : budget,
  };
}

function isSame(a: string | null, b: string | null): boolean {
  return a === null || b === null ? a === b : isDeepStrictEqual(JSON.parse(a), JSON.parse(b));
}

async function checkRoom(db: Database): Promise<void> {
  const { count } = await db
    .selectFrom('deployments')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('schedule', 'is not', null)
    .where('archived_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (Number(count) >= MOST_SCHEDULED)
    throw invalid('schedule', `there are ${MOST_SCHEDULED} scheduled deployments already`);
}
