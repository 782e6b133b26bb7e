import type { Operation } from '../../src/http/routes.js';
import { type EventRow, later, never, shown, testsIn } from '../wire/event-row.js';

const refusedAgents = testsIn('http/agents-refused.test');
const agents = testsIn('http/agents.test');
const environments = testsIn('http/environments.test');
const work = testsIn('http/work.test');
const leases = testsIn('http/work-leases.test');
const workers = testsIn('http/work-workers.test');
const refusedResources = testsIn('http/resources-refused.test');
const resources = testsIn('http/resources.test');
const sessions = testsIn('http/sessions.test');
const refusedSessions = testsIn('http/sessions-refused.test');
const overrides = testsIn('http/overrides.test');
const budgets = testsIn('http/budgets.test');
const lists = testsIn('http/lists.test');
const events = testsIn('http/events.test');
const answers = testsIn('http/answers.test');
const deployments = testsIn('http/deployments.test');
const envelope = testsIn('http/envelope.test');

/** Agents, environments, sessions: what each row documents, and the test that shows it. */
export const SESSION_ROWS = {
  'agents.create': {
    'a field that is wrong, by name': shown(refusedAgents('create with %s is 400 and names the field')),
  },
  'agents.retrieve': {
    'a version that is not there: 404': shown(agents('an unknown agent or version is 404')),
  },
  'agents.update': {
    '409 when the version is another, that is not repeated': shown(
      agents('version is a lock: 409 that no SDK repeats, even when nothing would change'),
    ),
    '400 once archived': shown(agents('is for good, repeatable, and hides the agent from the list')),
  },
  'agents.list': {
    'bounds of age': shown(lists('created_at bounds')),
  },
  'agents.archive': {
    'again: unchanged': shown(agents('is for good, repeatable, and hides the agent from the list')),
    'its deployments go along': shown(deployments('with an agent all its deployments are archived')),
  },
  'agents.versions.list': {},
  'environments.create': {
    '400 invalid_metadata; packages without a way to them': shown(environments('create with %s is 400')),
    '403 environment_create_disabled': never('nobody can disable that here'),
  },
  'environments.retrieve': {},
  'environments.update': {
    '400 invalid_config_type_change': shown(environments('the type of a config never changes')),
    '400 environment_archived': shown(
      environments('an archived one is read-only, stays readable, and leaves the list'),
    ),
    '403 environment_update_disabled': never('nobody can disable that here'),
  },
  'environments.list': {},
  'environments.delete': {
    '400 while a session refers to it': shown(environments('delete waits until no session refers to it')),
  },
  'environments.archive': {
    'again: unchanged': shown(environments('an archived one is read-only, stays readable, and leaves the list')),
  },
  'environments.work.retrieve': {
    '403 for workers': shown(workers('is let in by its own kind of key only')),
  },
  'environments.work.update': {
    'metadata by key': shown(work('metadata is merged by key; null deletes one, and the rules are those of metadata')),
    '403 for workers': shown(workers('is let in by its own kind of key only')),
  },
  'environments.work.list': {
    '403 for API keys': shown(workers('is let in by its own kind of key only')),
  },
  'environments.work.ack': {
    'carried out': shown(work('P5: a session with input has an item, which goes through its states')),
    '409 for what nobody has claimed, or has begun': shown(
      work('an acknowledgement may be repeated; of what nobody has claimed, or has begun, it is a 409'),
    ),
    '403 for API keys': shown(workers('is let in by its own kind of key only')),
  },
  'environments.work.heartbeat': {
    '412 heartbeat_precondition_failed': shown(
      leases('that lapses gives the item to the next; the late holder gets 412 and nothing else'),
    ),
    '403 for API keys': shown(workers('is let in by its own kind of key only')),
  },
  'environments.work.poll': {
    'null where there is nothing': shown(work('is empty: JSON null, at once or after block_ms')),
    '400 for a block_ms of 0': shown(work('%s of %d is refused')),
    '403 for API keys': shown(workers('is let in by its own kind of key only')),
  },
  'environments.work.stats': {},
  'environments.work.stop': {
    'carried out': shown(
      leases('of one in hand is told at the next heartbeat, whatever that expects, and confirmed by force'),
    ),
    '409 for what is stopped, that is not repeated': shown(
      leases('of a queued item is at once; twice is a 409 that is not worth another try'),
    ),
  },
  'sessions.create': {
    '400 for what is archived, 404 or 400 for what is not there': shown(
      sessions('archived agents and environments, and unknown ones, are refused'),
    ),
    '400 agent_model_required': shown(overrides('a model cannot be cleared')),
    '400 for overrides that do not fit': shown(overrides('%s is 400')),
    '400 model_not_budgetable': shown(
      budgets('a model without a list price has no budget; what counts is the model after overrides'),
    ),
    '400 for budgets that are none': shown(budgets('%s is 400, at creation and later')),
    '400 for initial events that are none': shown(refusedSessions('%s is 400')),
    '400 for resources that cannot be': shown(refusedResources('%s')),
    '413 above 32 MB': shown(envelope('more than 32 MB is 413')),
  },
  'sessions.retrieve': {},
  'sessions.update': {
    '400 budget_not_raised': shown(budgets('while it runs, too; a cap that is too low is the session’s to refuse')),
    '400 budget_create_only': shown(
      budgets('a session without a budget never gets one, and nothing else of that request is done'),
    ),
    '400 for another agent’s tools while it runs': shown(
      lists('while it runs a session is neither archived, deleted nor given other tools'),
    ),
    '400 for vault_ids, and all else that cannot be changed': shown(sessions('%s is refused')),
    '400 workflow_run_open': later('workflow runs'),
  },
  'sessions.list': {
    '400 for a cursor of another order, or outside of the filter': shown(
      lists('a cursor serves its own list, its order, and filters that hold it'),
    ),
    prev_page: shown(lists('250 sessions back again by prev_page: the same pages')),
    filters: shown(lists('filters: agent, version, status, archived, what does not exist')),
  },
  'sessions.delete': {
    '400 while it runs': shown(lists('while it runs a session is neither archived, deleted nor given other tools')),
    '400 workflow_run_open': later('workflow runs'),
  },
  'sessions.archive': {
    '400 while it runs': shown(lists('while it runs a session is neither archived, deleted nor given other tools')),
    'again: unchanged': shown(sessions('archive: terminated, kept, repeatable')),
    '400 workflow_run_open': later('workflow runs'),
  },
  'sessions.events.list': {
    'order, cursor of another order': shown(events('pages both ways, and a cursor keeps to its order')),
    'bounds of time': shown(events('created_at compares with processed_at')),
  },
  'sessions.events.send': {
    '400 by event, with its path': shown(events('%s is 400 and queues nothing')),
    '400 model_does_not_support_mid_conversation_system': shown(
      answers('for a model that does not take it is 400 with its code; an override of the model counts'),
    ),
    '400 for answers to nobody’s question': shown(
      answers('of %s is 400 and queues nothing, not even the good event before it'),
    ),
    '400 at the budget, or while it waits, with its code': shown(
      answers('what the session itself refuses is told with its code'),
    ),
  },
  'sessions.events.stream': {},
  'sessions.resources.retrieve': {},
  'sessions.resources.update': {
    'of another session: 404': shown(refusedResources('resources of another session, workspace or none are not found')),
  },
  'sessions.resources.list': {},
  'sessions.resources.delete': {
    'carried out': shown(
      resources('add and delete while the session is there: the sandbox has it at once, and then no more'),
    ),
    '400 once archived': shown(refusedResources('an archived session is changed no more')),
    'of another session: 404': shown(refusedResources('resources of another session, workspace or none are not found')),
  },
  'sessions.resources.add': {
    '400 for what is no file, is not there, or lies where something is': shown(
      refusedResources('adding what is no file, or is not there, or lies where something is'),
    ),
    '400 for the 501st': shown(resources('500 files are taken, another one is not')),
    '400 once archived': shown(refusedResources('an archived session is changed no more')),
  },
  'sessions.threads.retrieve': {
    'of another session: 404': shown(events('its events are the session’s; other threads are 404')),
  },
  'sessions.threads.list': {},
  'sessions.threads.archive': {
    'carried out': later('subagents'),
    '400 for the primary thread': shown(events('its events are the session’s; other threads are 404')),
  },
  'sessions.threads.events.list': {
    'of another session: 404': shown(events('its events are the session’s; other threads are 404')),
  },
  'sessions.threads.events.stream': {},
} satisfies { readonly [Name in Operation]?: Readonly<Record<string, EventRow>> };
