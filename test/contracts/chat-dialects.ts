/** What one server of chat completions does in its own way. */
export interface Dialect {
  /** Where thinking is told. */
  thinking: 'reasoning_content' | 'reasoning';
  /** The fragments of a call. */
  call(call: DialectCall, place: number): object[];
  /** How a reply with calls ends. */
  finishOfCalls: string;
  /** The body of an error. */
  error(status: number, message: string, type?: string, code?: string): object;
  /** How a prompt that is too long is refused. */
  tooLong: { status: number; message: string; type?: string; error_code?: string };
  /** Whether tokens are counted, and how the count ends the stream. */
  counts: boolean;
}

export interface DialectCall {
  name: string;
  /** The arguments in the pieces that a model gives. */
  pieces: string[];
}

/** OpenAI's own, as its API reference has it. */
const openai: Dialect = {
  thinking: 'reasoning_content',
  call: ({ name, pieces }, index) => [
    { index, id: `call_abc${index}`, type: 'function', function: { name, arguments: '' } },
    ...pieces.map((piece) => ({ index, function: { arguments: piece } })),
  ],
  finishOfCalls: 'tool_calls',
  error: (_, message, type = 'invalid_request_error', code) => ({
    error: { message, type, param: null, code: code ?? null },
  }),
  tooLong: {
    status: 400,
    message: "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
    error_code: 'context_length_exceeded',
  },
  counts: true,
};

/** vLLM: the same id in every fragment, nulls where nothing is said, and errors without a cover. */
const vllm: Dialect = {
  ...openai,
  call: ({ name, pieces }, index) => [
    {
      index,
      id: `chatcmpl-tool-${index}`,
      type: 'function',
      function: { name, arguments: pieces[0] ?? '' },
    },
    ...pieces.slice(1).map((piece) => ({
      index,
      id: null,
      type: null,
      function: { name: null, arguments: piece },
    })),
  ],
  error: (status, message) => ({ object: 'error', message, type: 'BadRequestError', param: null, code: status }),
  tooLong: {
    status: 400,
    message:
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, " +
      '1000 in the completion). Please reduce the length of the messages or completion.',
  },
};

/** Ollama: whole calls, each at index 0, after which the reply just stops; its thinking has another name. */
const ollama: Dialect = {
  ...openai,
  thinking: 'reasoning',
  call: ({ name, pieces }, place) => [
    { index: 0, id: `call_${'abcdefgh'[place]}1`, type: 'function', function: { name, arguments: pieces.join('') } },
  ],
  finishOfCalls: 'stop',
  error: (_, message) => ({ error: { message, type: 'api_error', param: null, code: null } }),
  tooLong: { status: 400, message: 'the input length exceeds the context length' },
};

/** llama.cpp: ids without a pattern, and a type of its own for what is too long. */
const llamaCpp: Dialect = {
  ...openai,
  call: ({ name, pieces }, index) => [
    { index, id: `x2Fj3${index}QpWn8`, type: 'function', function: { name, arguments: '' } },
    ...pieces.map((piece) => ({ index, function: { arguments: piece } })),
  ],
  error: (status, message, type = 'invalid_request_error') => ({ error: { code: status, message, type } }),
  tooLong: {
    status: 400,
    message: 'the request exceeds the available context size. try increasing the context size or enable context shift',
    type: 'exceed_context_size_error',
  },
};

/** A small server: no ids, no index, no count. */
const bare: Dialect = {
  ...openai,
  call: ({ name, pieces }) => [{ id: '', function: { name, arguments: pieces.join('') } }],
  error: (_, message) => ({ detail: message }),
  tooLong: { status: 500, message: 'Requested tokens (5000) exceed context window of 4096' },
  counts: false,
};

export const DIALECTS = { openai, vllm, ollama, 'llama.cpp': llamaCpp, bare };
