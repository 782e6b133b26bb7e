import { z } from 'zod';

const call = z.strictObject({
  id: z.string().min(1).max(64),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string().regex(/^[\w-]{1,64}$/), arguments: z.string().refine(isJson) }),
});

const part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string().min(1) }),
  z.strictObject({
    type: z.literal('image_url'),
    image_url: z.strictObject({ url: z.string().regex(/^(https?:|data:image\/(png|jpeg|gif|webp);base64,.)/) }),
  }),
]);

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: z.string().min(1) }),
  z.strictObject({ role: z.literal('user'), content: z.union([z.string().min(1), z.array(part).min(1)]) }),
  z
    .strictObject({
      role: z.literal('assistant'),
      content: z.string().nullable(),
      tool_calls: z.array(call).min(1).optional(),
    })
    .refine(({ content, tool_calls }) => content !== null || tool_calls !== undefined),
  z.strictObject({ role: z.literal('tool'), tool_call_id: z.string(), content: z.string() }),
]);

const tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string(),
    description: z.string().min(1).optional(),
    parameters: z.looseObject({ type: z.literal('object') }),
  }),
});

const request = z
  .strictObject({
    model: z.string().min(1),
    messages: z.array(message).min(1),
    stream: z.literal(true),
    stream_options: z.strictObject({ include_usage: z.literal(true) }),
    max_tokens: z.int().positive().optional(),
    max_completion_tokens: z.int().positive().optional(),
    tools: z.array(tool).min(1).optional(),
    tool_choice: z.literal('none').optional(),
    reasoning_effort: z.enum(['low', 'medium', 'high']).optional(),
  })
  .superRefine(({ messages }, context) => {
    const fault = unanswered(messages);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault, path: ['messages'] });
  });

export type CheckedChatRequest = z.infer<typeof request>;

/** The request, or what a chat-completions API refuses it for; as strict as the strictest of the servers. */
export function checkChatRequest(body: unknown): CheckedChatRequest | { fault: string } {
  const checked = request.safeParse(body);
  return checked.success ? checked.data : { fault: z.prettifyError(checked.error) };
}

function unanswered(messages: CheckedChatRequest['messages']): string | undefined {
  const open = new Set<string>();
  for (const one of messages) {
    if (one.role === 'tool') {
      if (!open.delete(one.tool_call_id)) return `no call ${one.tool_call_id} is waiting`;
    } else if (open.size > 0) return `calls without a result: ${[...open].join(', ')}`;
    if (one.role === 'assistant') one.tool_calls?.forEach(({ id }) => open.add(id));
  }
  return open.size > 0 ? `calls without a result: ${[...open].join(', ')}` : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
