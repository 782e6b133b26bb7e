import type Anthropic from '@anthropic-ai/sdk';
import type { ModelUsage } from '../model/model.js';
import { listCost } from '../pricing/list-cost.js';
import type { SessionUsage } from '../session/session.js';
import { activeMs } from './spending.js';
import type { ThreadState } from './state.js';

export function addUsage(a: ModelUsage, b: ModelUsage): ModelUsage {
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    cache_creation_input_tokens: a.cache_creation_input_tokens + b.cache_creation_input_tokens,
    cache_read_input_tokens: a.cache_read_input_tokens + b.cache_read_input_tokens,
    ephemeral_5m_input_tokens: a.ephemeral_5m_input_tokens + b.ephemeral_5m_input_tokens,
    ephemeral_1h_input_tokens: a.ephemeral_1h_input_tokens + b.ephemeral_1h_input_tokens,
  };
}

/** What requests of a span have used, as the wire has it. */
export function spanUsage(usage: ModelUsage): Anthropic.Beta.Sessions.BetaManagedAgentsSpanModelUsage {
  const { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage;
  return { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens };
}

/** The session's usage so far, as the wire has it. Without a price for every request there is no cost. */
export function sessionUsage(state: ThreadState): SessionUsage {
  const { usage } = state;
  return {
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    cache_read_input_tokens: usage.cache_read_input_tokens,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.ephemeral_5m_input_tokens,
      ephemeral_1h_input_tokens: usage.ephemeral_1h_input_tokens,
    },
    active_seconds: activeMs(state) / 1_000,
    list_cost: state.unpriced ? null : listCost(state.cost, activeMs(state)),
  };
}
