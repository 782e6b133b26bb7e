/** What is known of an upstream's refusal. */
export interface RefusalFacts {
  status: number | undefined;
  type: string | null;
  code: string | null;
  message: string;
}

/** Whether the prompt did not fit the model. Only some servers have a code for it; of the others the words are known. */
export function isTooLong({ status, type, code, message }: RefusalFacts): boolean {
  if (status === 413 || NAMES.has(type ?? '') || NAMES.has(code ?? '')) return true;
  // A server that failed for another reason may speak of its context as well.
  const isRefusal = status === undefined || status === 400 || status === 422 || status === 500;
  return isRefusal && WORDS.some((words) => words.test(message));
}

const NAMES = new Set([
  'request_too_large',
  'context_length_exceeded',
  // llama.cpp
  'exceed_context_size_error',
]);

const WORDS = [
  // Anthropic, Vertex
  /prompt is too long/i,
  /exceed context limit/i,
  // Bedrock
  /input is too long/i,
  // OpenAI, vLLM
  /maximum context length/i,
  /longer than the (maximum )?model(’|')?s? (maximum )?(context|length)/i,
  // llama.cpp, LM Studio, Ollama
  /exceeds? (the )?(available |model's )?context/i,
  /context (length|size|window) (is )?exceeded/i,
  /context length of only/i,
];
