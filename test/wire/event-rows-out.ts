import type { EventParams } from '../../src/catalog/sessions/event-schema.js';
import type { SessionEvent } from '../../src/session/session.js';
import { type EventRow, later, never, shown, testsIn } from './event-row.js';

const budgets = testsIn('wire/suite-budgets');
const custom = testsIn('wire/suite-custom-tools');
const deletion = testsIn('wire/suite-deletion');
const failures = testsIn('wire/suite-failures');
const interrupts = testsIn('wire/suite-interrupts');
const life = testsIn('wire/suite-life');
const limits = testsIn('wire/limits.test');
const long = testsIn('wire/long-context.test');
const outcomes = testsIn('wire/suite-outcomes');
const outcomeInputs = testsIn('wire/suite-outcome-inputs');
const permissions = testsIn('wire/suite-permissions');
const streams = testsIn('wire/suite-streams');
const tools = testsIn('wire/suite-tools');
const turns = testsIn('wire/suite-turns');

const TEXT_TURN = turns('is streamed in the contract’s order, and listed the same but for the queued copy');
const TOOL_TURN = tools('run between two requests of a turn, in the contract’s order');
const RETRY = failures('is asked again after %s');
const GIVEN_UP = failures('five times in a row is given up');
const ARCHIVED = life('ends every stream after its last event, keeps the log, and takes nothing more');
const UPDATED = life('of title and metadata is an event with what changed, and nothing when nothing did');
const REFUSED = turns('that is refused says so, and the session goes on without the refused part');

const COMPACTED = long('a summary makes no call, has its span and its usage, and is no message');

const STOPPED = interrupts('stops a model call; the text that was shown is in the log and in the next request');
const ALLOWED = permissions('is not run before it is allowed, and then once');
const ANSWERED = custom('waits for its result, and goes on with it');
const AT_BUDGET = budgets('that is reached stops the turn before its next request; raised, the turn goes on');
const ASKED_AT_BUDGET = budgets(
  'that is reached while somebody is asked: the question comes first, and its answer is carried out',
);
const CROSSED = budgets(
  'that a turn crosses with its last request: the turn has ended, the session has reached its budget',
);

const WORKED_TOWARD = outcomes('is worked toward, evaluated, revised and evaluated again, all in one run');

type OfRuns = `workflow_run.${string}`;

/** Events.md §3-5: every type that the server emits, but for those of workflow runs (§7). */
export const EMITTED = {
  'agent.message': shown(TEXT_TURN),
  'agent.thinking': shown(turns('thinks in signs only: the thought itself goes back to the model, not to the client')),
  'agent.tool_use': shown(TOOL_TURN),
  'agent.tool_result': shown(TOOL_TURN),
  'agent.mcp_tool_use': later('MCP'),
  'agent.mcp_tool_result': later('MCP'),
  'agent.custom_tool_use': shown(ANSWERED),
  'agent.thread_context_compacted': shown(COMPACTED),
  'agent.thread_message_received': later('subagents'),
  'agent.thread_message_sent': later('subagents'),
  'session.status_running': shown(TEXT_TURN),
  'session.status_idle': shown(TEXT_TURN),
  'session.status_rescheduled': shown(RETRY),
  'session.status_terminated': shown(ARCHIVED),
  'session.deleted': shown(
    deletion('deleting tells who follows, and leaves nothing: in no table, in no file, in no directory'),
  ),
  'session.updated': shown(UPDATED),
  'session.error': shown(RETRY),
  'session.usage': shown(TEXT_TURN, turns('adds to the usage of the one before, and knows what was said in it')),
  'session.thread_created': later('subagents'),
  'session.thread_status_running': shown(TEXT_TURN, life('is a thread with the session’s log and status')),
  'session.thread_status_rescheduled': shown(RETRY),
  'session.thread_status_terminated': shown(ARCHIVED),
  'session.thread_status_idle': shown(TEXT_TURN),
  'span.model_request_start': shown(TEXT_TURN),
  'span.model_request_end': shown(TEXT_TURN),
  'span.outcome_evaluation_start': shown(WORKED_TOWARD),
  'span.outcome_evaluation_ongoing': shown(
    outcomes('whose evaluation takes long says every ten seconds that it goes on'),
  ),
  'span.outcome_evaluation_end': shown(WORKED_TOWARD),
} satisfies Record<Exclude<SessionEvent['type'], EventParams['type'] | OfRuns>, EventRow>;

/** Events.md §3-5: what the fields say, and when an event comes. */
export const EMITTING: Record<string, EventRow> = {
  'agent.message: only once the request is over, the last for its id': shown(
    streams('previews a message while it is made: one start, deltas that are a prefix, the event last'),
  ),
  'agent.tool_use: its id is the one that results name': shown(TOOL_TURN),
  'agent.tool_result: also for calls that are denied or interrupted': shown(
    tools('that fail are results, not ends'),
    interrupts('stops a running command, keeps its output, and answers the calls behind it'),
  ),
  'agent.custom_tool_use: no permission, no evaluation': shown(ANSWERED),
  'evaluation: always_allow': shown(TOOL_TURN),
  'evaluation: always_ask, with ask': shown(ALLOWED),
  'evaluation: auto, of the same permission as the call': shown(
    permissions('by a policy of "auto" is asked, as undecided'),
  ),
  'evaluation: absent where the server refused before any policy': shown(tools('that fail are results, not ends')),
  'session.status_running: at each transition, after a retry too': shown(RETRY),
  'session.status_running: again once requires_action is settled': shown(ALLOWED, ANSWERED),
  'session.status_running: again once the budget is raised or removed': shown(
    AT_BUDGET,
    budgets('that is reached leaves what was queued for when it is removed'),
  ),
  'session.updated: only what changed; nothing when nothing did; cleared metadata is absent': shown(UPDATED),
  'session.updated: the agent, as a full snapshot, in force from the next turn': shown(
    life('of the agent’s tools is in force from the next message on'),
  ),
  'session.updated: the new budget': shown(AT_BUDGET),
  'session.updated: a budget of null when it is removed': shown(CROSSED),
  'session.usage: immediately before every session.status_idle': shown(
    TEXT_TURN,
    failures('can be interrupted in its wait'),
    life('by cancelling it: its turn is interrupted, then the session is archived'),
  ),
  'session.deleted: ends every stream, nothing follows': shown(
    deletion('deleting tells who follows, and leaves nothing: in no table, in no file, in no directory'),
  ),
  'stop_details: of a refusal its category and explanation, else null': shown(REFUSED, TEXT_TURN),
  'span.model_request_end: also when the request failed or was interrupted': shown(RETRY, STOPPED),
  'span.outcome_evaluation_end: satisfied, needs_revision, max_iterations_reached, failed': shown(
    WORKED_TOWARD,
    outcomes('that is not reached in its iterations ends with a turn that says where it stands'),
    outcomes('that fails is over; the next may be defined, and is evaluated by itself'),
  ),
  'span.outcome_evaluation_end: interrupted, without a start when none had begun': shown(
    outcomeInputs('while the agent works is over, without an evaluation that had begun'),
    outcomeInputs('while its work is evaluated is over: the grader is stopped, and its evaluation ended'),
  ),
  'span.model_request_end: closes an open preview': shown(
    streams('of a request that dies ends its preview with the request’s end, and no message'),
  ),
};

type StopReason = Extract<SessionEvent, { type: 'session.status_idle' }>['stop_reason']['type'];

/** Events.md §4: why a session stands still. */
export const STOPS = {
  end_turn: shown(TEXT_TURN, STOPPED),
  requires_action: shown(ALLOWED, ANSWERED),
  budget_reached: shown(AT_BUDGET),
  retries_exhausted: shown(
    GIVEN_UP,
    failures('with a 400 is not asked again: the turn is exhausted, the session lives'),
  ),
  refusal: shown(REFUSED),
} satisfies Record<StopReason, EventRow>;

/** Events.md §4: which reason counts, and what comes before what. */
export const ORDER: Record<string, EventRow> = {
  'requires_action: resolving some gives another idle with the remainder': shown(
    custom('of several, each answered by itself: every answer but the last gives another idle with the rest'),
  ),
  'requires_action beats budget_reached': shown(ASKED_AT_BUDGET),
  'a thread whose last request crosses the cap says end_turn, its session budget_reached': shown(CROSSED),
  'running: session first, then its thread': shown(TEXT_TURN),
  'a request: start, what it says, its calls, end': shown(TOOL_TURN),
  'calls are run after the request’s end, and before the next request': shown(TOOL_TURN),
  'idle: thread, usage, session': shown(TEXT_TURN),
};

type SessionError = Extract<SessionEvent, { type: 'session.error' }>['error'];

/** Events.md §6: what may go wrong. */
export const ERRORS = {
  unknown_error: never('every failure that reaches a session has a name of its own'),
  model_overloaded_error: shown(RETRY),
  model_rate_limited_error: shown(RETRY),
  model_request_failed_error: shown(RETRY),
  mcp_connection_failed_error: later('MCP'),
  mcp_authentication_failed_error: later('MCP'),
  billing_error: shown(failures('for want of money is not asked again either')),
  credential_host_unreachable_error: later('vaults'),
  tool_use_limit_reached_error: shown(
    limits('a turn that would go on for ever ends at the limit of its model requests; the next message starts anew'),
  ),
  compaction_limit_reached_error: shown(
    long('three compactions in a row that do not help end the turn; the next message starts anew'),
  ),
  repository_authentication_error: later('repositories'),
  repository_forbidden_error: later('repositories'),
  repository_not_found_error: later('repositories'),
  repository_checkout_error: later('repositories'),
  repository_clone_error: later('repositories'),
} satisfies Record<SessionError['type'], EventRow>;

/** Events.md §6: what the server does about it. */
export const RETRYING = {
  retrying: shown(RETRY, GIVEN_UP),
  exhausted: shown(GIVEN_UP),
  terminal: never('a model’s failure can be mended from outside, and the session should still be there then'),
} satisfies Record<SessionError['retry_status']['type'], EventRow>;
