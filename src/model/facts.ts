/** What the session has to know of a model besides its replies. */
export interface ModelFacts {
  /** Tokens of one request, its reply included. */
  context_window: number;
  /** The longest reply that is asked for, in tokens. */
  max_output_tokens: number;
  /** Whether a conversation may carry system messages after its beginning. */
  takes_system_messages: boolean;
}

/** The facts of a model by its id; of one that nobody knows, what most models have. */
export type FactsOf = (model: string) => ModelFacts;

const CONTEXT_WINDOW = 200_000;
const MOST_TOKENS = 32_000;

/** Models that give less than that. */
const FEWER_TOKENS: [prefix: string, tokens: number][] = [
  ['claude-3-haiku', 4096],
  ['claude-3-opus', 4096],
  ['claude-3-5-', 8192],
];

/** Of Anthropic's models these take system messages in the midst of a conversation. */
const WITH_SYSTEM_MESSAGES = [
  'claude-fable-5',
  'claude-mythos-5',
  'claude-opus-5',
  'claude-opus-4-8',
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
];

/** What is publicly known of models, by the beginnings of their ids. */
export const publicFacts: FactsOf = (model) => ({
  context_window: CONTEXT_WINDOW,
  max_output_tokens: FEWER_TOKENS.find(([prefix]) => model.startsWith(prefix))?.[1] ?? MOST_TOKENS,
  takes_system_messages:
    !model.startsWith('claude-') || WITH_SYSTEM_MESSAGES.some((prefix) => model.startsWith(prefix)),
});
