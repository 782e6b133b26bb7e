import { describeBudgets } from './suite-budgets.js';
import { describeCustomTools } from './suite-custom-tools.js';
import { describePermissions } from './suite-permissions.js';
import { describeSystemMessages } from './suite-system-messages.js';
import { describeDeletion } from './suite-deletion.js';
import { describeInputs } from './suite-inputs.js';
import { describeFailures } from './suite-failures.js';
import { describeInterrupts } from './suite-interrupts.js';
import { describeLife } from './suite-life.js';
import { describeOutcomes } from './suite-outcomes.js';
import { describeStreams } from './suite-streams.js';
import { describeTools } from './suite-tools.js';
import { describeTurns } from './suite-turns.js';
import { startWire, type Wire } from './server.js';

/** How a suite gets at the one server of its file. */
export type GetWire = () => Wire;

/**
 * What a client of a session sees, over the official SDK and a real server. Everything below holds whatever the
 * configuration: with workflows that are replayed at every step, and with histories that start anew all the time.
 */
export function describeWire(name: string, env: Record<string, string> = {}): void {
  describe(`a session, ${name}`, () => {
    let wire: Wire;
    beforeAll(async () => {
      wire = await startWire(env);
    }, 300_000);
    afterAll(async () => {
      await wire.stop();
    });
    const get: GetWire = () => wire;
    const { describeHistory } = describeDeletion(get);
    describeFailures(get, env['DROVER_MAX_CACHED_WORKFLOWS'] === '0');
    describeTurns(get);
    describeInputs(get);
    describeTools(get);
    describeCustomTools(get);
    describePermissions(get);
    describeBudgets(get);
    describeSystemMessages(get);
    describeInterrupts(get);
    describeOutcomes(get, { isDefault: Object.keys(env).length === 0 });
    describeStreams(get);
    describeLife(get);
    describeHistory();
  });
}
