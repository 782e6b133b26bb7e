import type { EventParams } from '../../src/catalog/sessions/event-schema.js';
import { type EventRow, later, shown, testsIn } from './event-row.js';

const answers = testsIn('http/answers.test');
const budgets = testsIn('wire/suite-budgets');
const custom = testsIn('wire/suite-custom-tools');
const content = testsIn('http/content.test');
const events = testsIn('http/events.test');
const files = testsIn('http/content-files.test');
const failures = testsIn('wire/suite-failures');
const inputs = testsIn('wire/suite-inputs');
const interrupts = testsIn('wire/suite-interrupts');
const life = testsIn('wire/suite-life');
const outcomes = testsIn('wire/suite-outcomes');
const outcomeInputs = testsIn('wire/suite-outcome-inputs');
const outcomeTroubles = testsIn('wire/suite-outcome-troubles');
const permissions = testsIn('wire/suite-permissions');
const systems = testsIn('wire/suite-system-messages');
const turns = testsIn('wire/suite-turns');
const workers = testsIn('http/work-workers.test');
const selfHosted = testsIn('wire/self-hosted.test');

const TEXT_TURN = turns('is streamed in the contract’s order, and listed the same but for the queued copy');
const STOPPED = interrupts('stops a model call; the text that was shown is in the log and in the next request');
const ALLOWED = permissions('is not run before it is allowed, and then once');
const ANSWERED = custom('waits for its result, and goes on with it');
const AT_BUDGET = budgets('that is reached stops the turn before its next request; raised, the turn goes on');
const BLOCKED = custom('while it waits, a message is refused; one behind the answer in the same request is not');
const ON_WORKER = selfHosted(
  'P5: the SDK’s EnvironmentWorker runs the calls of a session, turn for turn, and none runs here',
);
const WORKED_TOWARD = outcomes('is worked toward, evaluated, revised and evaluated again, all in one run');
const INSTRUCTED = systems('goes with the message before it');

/** Events.md §2: every type that a client may send, taken and carried out. */
export const SENT = {
  'user.message': shown(TEXT_TURN),
  'user.interrupt': shown(STOPPED),
  'user.tool_confirmation': shown(ALLOWED, permissions('and is denied is answered by the session, with the reason')),
  'user.custom_tool_result': shown(ANSWERED),
  'user.tool_result': shown(ON_WORKER),
  'user.define_outcome': shown(WORKED_TOWARD),
  'system.message': shown(INSTRUCTED),
} satisfies Record<EventParams['type'], EventRow>;

/** Events.md §2: what is checked, and what becomes of what is taken. */
export const SENDING: Record<string, EventRow> = {
  'the echoes come back in order, with ids of the server': shown(events('echoes in order, with ids of ours')),
  'one bad event rejects the whole request': shown(
    events('%s is 400 and queues nothing'),
    answers('of %s is 400 and queues nothing, not even the good event before it'),
  ),
  'unknown types and the server’s own are 400': shown(events('%s is 400 and queues nothing')),
  'user.message: text, image, document, by each source': shown(content('%s is taken, and echoed as it was')),
  'user.message: a redacted block is 400': shown(content('%s is 400 wherever content is sent')),
  'user.message: at most 100 documents from files': shown(
    files('100 documents from files are taken in one request, 101 are not'),
  ),
  'user.message: 400 while idle with requires_action': shown(BLOCKED),
  'user.message: 400 at budget': shown(AT_BUDGET),
  'user.interrupt: the primary thread by its id; an unknown one is 400': shown(
    events('an interrupt may name the primary thread and no other'),
  ),
  'user.interrupt: a terminated thread is 400': later('subagents'),
  'user.interrupt: always accepted': shown(
    STOPPED,
    interrupts('of an idle session does nothing, and is processed'),
    interrupts('with a message behind it in the same request: idle, then the message’s turn'),
  ),
  'user.tool_confirmation: deny_message only with deny': shown(answers('allows without a message only')),
  'user.tool_confirmation: 400 for a call that did not ask, auto-denied ones too': shown(
    permissions('is confirmed only under its own id: every other is a 400 that names the field'),
    answers('of %s is 400 and queues nothing, not even the good event before it'),
  ),
  'user.tool_confirmation: 400 for an id that was not emitted': shown(
    answers('of %s is 400 and queues nothing, not even the good event before it'),
  ),
  'user.tool_confirmation: a second one is accepted and has no effect': shown(
    permissions('answered twice: the second answer is taken without effect, whatever it says'),
  ),
  'user.tool_confirmation: without effect for an archived run’s thread': later('workflows'),
  'user.custom_tool_result: text, image, document, search_result': shown(
    custom('takes images, documents and search results'),
    answers('with all kinds of content, with an error, with nothing, and twice'),
  ),
  'user.custom_tool_result: may be sent before the idle event': shown(
    custom('may be answered before the session says that it waits, and by an error'),
  ),
  'user.custom_tool_result: a duplicate is accepted and has no effect': shown(
    custom('answered twice: the second answer is taken without effect'),
  ),
  'user.tool_result: 400 where the environment is not self-hosted': shown(
    answers('user.tool_result is for self_hosted environments'),
  ),
  'user.define_outcome: one at a time, a second one while it is open is 400': shown(
    outcomeInputs('beside an open one is refused with all that came with it, until that one has ended'),
  ),
  'user.define_outcome: max_iterations, then one last turn': shown(
    outcomes('that is not reached in its iterations ends with a turn that says where it stands'),
  ),
  'user.define_outcome: starts work, so it is 400 at budget': shown(
    outcomeTroubles('would cost more than the budget begins when that is raised'),
  ),
  'user.define_outcome: among initial events': shown(
    outcomes('that fails is over; the next may be defined, and is evaluated by itself'),
  ),
  'system.message: at most one, last, after a message or a tool result': shown(
    answers('after a message, after a tool’s result, or alone'),
    answers('%s is 400'),
  ),
  'system.message: text only, 1-1000 blocks': shown(answers('%s is 400'), answers('with 1000 blocks')),
  'system.message: a model that does not take it': shown(
    answers('for a model that does not take it is 400 with its code; an override of the model counts'),
  ),
  'system.message: alone it waits for the next turn and starts none': shown(
    systems('by itself starts no turn: it waits for the next message'),
  ),
  'system.message: while requires_action only behind a tool result in the same request': shown(BLOCKED),
  'system.message: not among initial events': shown(answers('is not among initial events')),
  'an archived or terminated session takes nothing': shown(
    life('ends every stream after its last event, keeps the log, and takes nothing more'),
  ),
  'at budget four types are taken, others are 400 and name these four': shown(AT_BUDGET),
  'at budget results are recorded without a model request': shown(
    budgets('that is reached while somebody is asked: the question comes first, and its answer is carried out'),
  ),
  'what is queued while it runs is taken up in order, several messages in one turn': shown(
    inputs('that come while it runs are queued, listed last without a time, and answered in one turn'),
    inputs('of one request are one turn'),
  ),
  'what is queued is flushed when retries are exhausted': shown(
    failures('for good takes what was queued with it: that starts no turn, and the next message finds it'),
  ),
};

/** Events.md §1: `processed_at`. */
export const PROCESSED: Record<string, EventRow> = {
  'set on every event of the server': shown(
    TEXT_TURN,
    inputs('that come while it runs are queued, listed last without a time, and answered in one turn'),
  ),
  'user.message: null while queued, then set': shown(
    inputs('that come while it runs are queued, listed last without a time, and answered in one turn'),
  ),
  'user.interrupt: null until applied': shown(STOPPED),
  'user.tool_confirmation: null while queued, then set': shown(ALLOWED),
  'system.message: null while queued, then set': shown(
    INSTRUCTED,
    systems('by itself starts no turn: it waits for the next message'),
  ),
  'user.custom_tool_result: set in the response already': shown(ANSWERED),
  'user.define_outcome: set in the response already': shown(WORKED_TOWARD),
  'user.tool_result: set in the response already': shown(workers('sends results and nothing else')),
  'a queued input comes twice on a live stream, with the same id': shown(TEXT_TURN),
};
