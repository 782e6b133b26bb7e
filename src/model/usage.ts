import type Anthropic from '@anthropic-ai/sdk';
import type { ModelUsage } from './model.js';

/** What a request costs that never got through. */
export const NO_USAGE: ModelUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  ephemeral_5m_input_tokens: 0,
  ephemeral_1h_input_tokens: 0,
};

/** The usage that `message_start` reports. Cache writes whose lifetime is not told count as 5-minute ones, the API's default. */
export function startUsage(usage: Partial<Anthropic.Beta.BetaUsage> = {}): ModelUsage {
  const created = usage.cache_creation_input_tokens ?? 0;
  const oneHour = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  return {
    input_tokens: usage.input_tokens ?? 0,
    output_tokens: usage.output_tokens ?? 0,
    cache_creation_input_tokens: created,
    cache_read_input_tokens: usage.cache_read_input_tokens ?? 0,
    ephemeral_5m_input_tokens: usage.cache_creation?.ephemeral_5m_input_tokens ?? created - oneHour,
    ephemeral_1h_input_tokens: oneHour,
  };
}

/** `message_delta` counts cumulatively and leaves out what has not changed; it has no lifetimes, so growth counts as 5-minute writes. */
export function addDeltaUsage(
  known: ModelUsage,
  delta: Partial<Anthropic.Beta.BetaMessageDeltaUsage> = {},
): ModelUsage {
  const created = delta.cache_creation_input_tokens ?? known.cache_creation_input_tokens;
  return {
    input_tokens: delta.input_tokens ?? known.input_tokens,
    output_tokens: delta.output_tokens ?? known.output_tokens,
    cache_creation_input_tokens: created,
    cache_read_input_tokens: delta.cache_read_input_tokens ?? known.cache_read_input_tokens,
    ephemeral_5m_input_tokens: created - known.ephemeral_1h_input_tokens,
    ephemeral_1h_input_tokens: known.ephemeral_1h_input_tokens,
  };
}
