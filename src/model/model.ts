import type Anthropic from '@anthropic-ai/sdk';

export type ContentBlock = Anthropic.Beta.BetaContentBlock;
export type MessageParam = Anthropic.Beta.BetaMessageParam;

/** What is asked of a model: a Messages request without the transport's part. */
export interface ModelRequest {
  model: string;
  max_tokens: number;
  system?: Anthropic.Beta.BetaTextBlockParam[];
  messages: MessageParam[];
  tools?: Anthropic.Beta.BetaToolUnion[];
  /** The conversation's calls are told with their tools, but none is to be made now. */
  tool_choice?: 'none';
  effort?: string;
  speed?: string;
  /** Where the model must run. */
  inference_geo?: string;
}

/** Called while a reply comes in, in order; must not throw and must not block. */
export interface ModelListener {
  /** A text block began at this index of the reply's content. */
  onTextStart(index: number): void;
  onText(index: number, text: string): void;
  onThinking(index: number): void;
}

export interface ModelUsage {
  input_tokens: number;
  output_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  ephemeral_5m_input_tokens: number;
  ephemeral_1h_input_tokens: number;
}

export type ModelOutcome =
  | {
      type: 'reply';
      /** Exactly as the model gave it, thinking signatures included: it is sent back with the next request. */
      content: ContentBlock[];
      stop_reason: string;
      stop_details: { category: string | null; explanation: string | null } | null;
      usage: ModelUsage;
    }
  /** The signal was raised. `content` is what had been shown: whole blocks and the text of the one under way; never a torn tool call. */
  | { type: 'interrupted'; content: ContentBlock[]; usage: ModelUsage }
  | { type: 'failed'; error: ModelFailure; usage: ModelUsage };

export interface ModelFailure {
  type:
    | 'model_overloaded_error'
    | 'model_rate_limited_error'
    | 'model_request_failed_error'
    | 'billing_error'
    | 'unknown_error';
  /** One line for the event's reader; carries no header and no key. */
  message: string;
  /** `retry`: the same request may pass later. `exhausted`: not before something changes. `terminal`: never in this session. */
  disposition: 'retry' | 'exhausted' | 'terminal';
  /** The upstream's own wish, from `retry-after`. */
  retryAfterMs?: number;
  /** The prompt does not fit the model: a shorter one may pass. */
  too_long?: true;
}

/**
 * One source of replies. An upstream's failure is a result, never a throw; only a bug throws.
 * Makes exactly one upstream request per call: who retries, and when, is the session's to decide and to log.
 */
export interface Model {
  sample(request: ModelRequest, listener: ModelListener, signal: AbortSignal): Promise<ModelOutcome>;
}
