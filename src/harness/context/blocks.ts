import type Anthropic from '@anthropic-ai/sdk';

/** A block as events carry it. */
export type EventBlock =
  | Anthropic.Beta.Sessions.BetaManagedAgentsUserMessageEvent['content'][number]
  | NonNullable<Anthropic.Beta.Sessions.BetaManagedAgentsAgentToolResultEvent['content']>[number];

/** The blocks that say something, whether a user's or a tool's. */
export type ContentParam =
  | Anthropic.Beta.BetaTextBlockParam
  | Anthropic.Beta.BetaImageBlockParam
  | Anthropic.Beta.BetaRequestDocumentBlock
  | Anthropic.Beta.BetaSearchResultBlockParam;

/** The same content in the words of the Messages API, without the blocks that it would refuse for being empty. */
export function toMessageBlocks(content: EventBlock[]): ContentParam[] {
  return content.flatMap(toMessageBlock);
}

function toMessageBlock(block: EventBlock): ContentParam[] {
  switch (block.type) {
    case 'text':
      return isBlank(block.text) ? [] : [{ type: 'text', text: block.text }];
    case 'image':
      return [{ type: 'image', source: toImageSource(block.source) }];
    case 'document':
      return [toDocument(block)];
    case 'search_result':
      return [toSearchResult(block)];
    case 'redacted':
      // Nothing that a model could read.
      return [];
    default:
      return unreachable(block);
  }
}

function unreachable(block: never): never {
  throw new Error(`a content block of an unknown type: ${JSON.stringify(block)}`);
}

type Block<Type extends EventBlock['type']> = Extract<EventBlock, { type: Type }>;

function toImageSource(source: Block<'image'>['source']): Anthropic.Beta.BetaImageBlockParam['source'] {
  if (source.type !== 'base64') return source;
  // The wire leaves the media type open; one that is no image is the upstream's to refuse.
  const media_type = source.media_type as Anthropic.Beta.BetaBase64ImageSource['media_type'];
  return { type: 'base64', media_type, data: source.data };
}

function toDocument({ source, title, context }: Block<'document'>): Anthropic.Beta.BetaRequestDocumentBlock {
  return {
    type: 'document',
    source: toDocumentSource(source),
    ...(title ? { title } : {}),
    ...(context ? { context } : {}),
  };
}

function toDocumentSource(source: Block<'document'>['source']): Anthropic.Beta.BetaRequestDocumentBlock['source'] {
  if (source.type !== 'base64') return source;
  // As above: PDF is all that the upstream takes.
  return { type: 'base64', media_type: source.media_type as 'application/pdf', data: source.data };
}

function toSearchResult(block: Block<'search_result'>): Anthropic.Beta.BetaSearchResultBlockParam {
  const content = block.content
    .filter(({ text }) => !isBlank(text))
    .map(({ text }) => ({ type: 'text' as const, text }));
  return {
    type: 'search_result',
    source: block.source,
    title: block.title,
    content: content.length > 0 ? content : [{ type: 'text', text: block.title }],
    citations: { enabled: block.citations.enabled },
  };
}

/** Whether the Messages API would call this text empty. */
export function isBlank(text: string): boolean {
  return text.trim() === '';
}
