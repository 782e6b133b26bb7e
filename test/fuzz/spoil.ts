import type { Choice } from './mutations.js';
import { OUTCOME } from './parts.js';

/** The body of a request to change a session, with something in it that makes the whole of it wrong. */
export function spoil(choice: Choice, body: { events?: unknown[] }): unknown {
  const { events } = body;
  if (!events) return { ...body, ...choice.of(BAD_CHANGES) };
  if (choice.once(12)) return { events, [choice.of(['type', '', 'constructor', 'betas'])]: 'x' };
  if (choice.once(12)) return { events: Array.from({ length: 1_001 }, () => events[0]) };
  return { events: events.toSpliced(choice.below(events.length + 1), 0, choice.of(BAD_EVENTS)) };
}

const text = { type: 'text', text: 'hi' };
const message = (...content: unknown[]) => ({ type: 'user.message', content });

const BAD_EVENTS: readonly unknown[] = [
  null,
  'user.interrupt',
  [],
  {},
  { type: 'user.nonsense' },
  { type: ['user.interrupt'] },
  { type: 'agent.message', content: [text] },
  { type: 'user.interrupt', session_thread_id: 'sthr_none' },
  { type: 'user.interrupt', id: 'sevt_mine' },
  { type: 'user.message' },
  message(),
  message({ type: 'text', text: '' }),
  message(text, { type: 'video' }),
  message(text, { ...text, citations: null }),
  message({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'no base64' } }),
  message({ type: 'image', source: { type: 'url', url: 'file:///etc/passwd' } }),
  message({ type: 'document', source: { type: 'file', file_id: 'file_none' } }),
  { type: 'user.tool_confirmation', tool_use_id: 'sevt_other', result: 'allow' },
  { type: 'user.tool_confirmation', tool_use_id: `sevt_${'x'.repeat(300)}`, result: 'allow' },
  { type: 'user.tool_confirmation', tool_use_id: '\u0000', result: 'allow' },
  { type: 'user.tool_confirmation', tool_use_id: '\ud800', result: 'perhaps' },
  { type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_other', content: [text] },
  { type: 'user.custom_tool_result', content: [text] },
  { type: 'user.tool_result', tool_use_id: 'sevt_other' },
  { ...OUTCOME, rubric: undefined },
  { ...OUTCOME, rubric: { type: 'text', content: ' \n' } },
  { ...OUTCOME, rubric: { type: 'file', file_id: 'file_none' } },
  { ...OUTCOME, description: '' },
  { ...OUTCOME, max_iterations: 21 },
  { ...OUTCOME, outcome_id: 'outc_mine' },
  { type: 'system.message', content: [{ type: 'image' }] },
];

const BAD_CHANGES: readonly object[] = [
  { title: 5 },
  { title: 'x'.repeat(1_001) },
  { metadata: { a: 1 } },
  { metadata: { a: 'x'.repeat(513) } },
  { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`key${index}`, 'x'])) },
  { agent: { tools: [{ type: 'agent_toolset_20260401' }, { type: 'agent_toolset_20260401' }] } },
  { agent: { tools: [{ type: 'mcp_toolset', mcp_server_name: 'none' }] } },
  { agent: { model: 'm' } },
  { agent: null },
  { budget: { type: 'limit', max_list_cost: { amount: '0', currency: 'USD' } } },
  { budget: { type: 'limit', max_list_cost: { amount: '10', currency: 'EUR' } } },
  { vault_ids: ['vlt_none'] },
  { status: 'idle' },
];
