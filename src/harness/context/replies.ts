import type { ContentBlock } from '../../model/model.js';
import { isBlank } from './blocks.js';

/**
 * A model's reply as it may be sent back: as it was, without the blocks that the Messages API refuses. A server tool's
 * call without its result is only right at the end of the whole conversation, where the upstream goes on with it.
 */
export function toAssistantBlocks(reply: ContentBlock[], isLast: boolean): ContentBlock[] {
  const answered = new Set(reply.flatMap((block) => ('tool_use_id' in block ? [block.tool_use_id] : [])));
  const kept = reply.filter((block) => isLast || !isServerCall(block) || answered.has(block.id)).filter(hasContent);
  return withoutLastThoughts(kept);
}

/** A tool that the upstream runs itself. */
export function isServerCall(
  block: ContentBlock,
): block is Extract<ContentBlock, { type: 'server_tool_use' | 'mcp_tool_use' }> {
  return block.type === 'server_tool_use' || block.type === 'mcp_tool_use';
}

function hasContent(block: ContentBlock): boolean {
  if (block.type === 'text') return !isBlank(block.text);
  return block.type !== 'thinking' || block.signature !== '';
}

/** No message may end in thinking: an interrupted one does. */
function withoutLastThoughts(blocks: ContentBlock[]): ContentBlock[] {
  const end = blocks.findLastIndex((block) => block.type !== 'thinking' && block.type !== 'redacted_thinking');
  return blocks.slice(0, end + 1);
}
