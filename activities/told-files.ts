import type Anthropic from '@anthropic-ai/sdk';
import { NO_USAGE } from '../src/harness/activity-results.js';
import type { MessageParam, ModelOutcome } from '../src/model/model.js';

/** Gives a file that a message of a session names; undefined when it is there no more. */
export type FileOf = (
  sessionId: string,
  fileId: string,
) => Promise<{ filename: string; bytes: Uint8Array } | undefined>;

type Document = Anthropic.Beta.BetaRequestDocumentBlock;
type Image = Anthropic.Beta.BetaImageBlockParam;
type Text = Anthropic.Beta.BetaTextBlockParam;

/** What one message may name; in base64 it is what the largest request to a model may be. */
const MOST_BYTES = 24 * 2 ** 20;

/**
 * The messages with what stands in files put in: the upstream does not have our files. Nothing given is changed. The log
 * keeps names only, so this is done for each request; a file that is gone since is told of in words. Undefined when they
 * are more than a request holds: then not all of them are read.
 */
export async function tellFiles(
  messages: MessageParam[],
  sessionId: string,
  fileOf: FileOf,
): Promise<MessageParam[] | undefined> {
  let room = MOST_BYTES;
  const tell = async <Block extends { type: string }>(block: Block): Promise<Block | Image | Document | Text> => {
    if (!isFromFile(block)) return block;
    const { file_id } = block.source;
    const file = await fileOf(sessionId, file_id);
    if (!file) return note(`The file ${file_id} that was here is gone.`);
    room -= file.bytes.byteLength;
    return block.type === 'image' ? tellImage(file_id, file.bytes) : tellDocument(block, file);
  };
  const tellAll = async (message: MessageParam): Promise<MessageParam> => {
    if (message.role !== 'user' || !Array.isArray(message.content) || !message.content.some(hasFile)) return message;
    const content = message.content.map(async (block) =>
      block.type === 'tool_result' && Array.isArray(block.content)
        ? { ...block, content: await Promise.all(block.content.map(tell)) }
        : tell(block),
    );
    return { ...message, content: await Promise.all(content) };
  };
  const told: MessageParam[] = [];
  for (const message of messages) {
    told.push(await tellAll(message));
    if (room < 0) return undefined;
  }
  return told;
}

/** What a request with more than that comes to, without being made. */
export const TOO_MANY_FILES: ModelOutcome = {
  type: 'failed',
  error: {
    type: 'model_request_failed_error',
    message: `The conversation shows its model files of more than ${MOST_BYTES / 2 ** 20} MB.`,
    disposition: 'exhausted',
    too_long: true,
  },
  usage: NO_USAGE,
};

type FromFile = (Image | Document) & { source: { type: 'file'; file_id: string } };

function isFromFile(block: { type: string }): block is FromFile {
  if ((block.type !== 'image' && block.type !== 'document') || !('source' in block)) return false;
  const { source } = block;
  return typeof source === 'object' && source !== null && 'type' in source && source.type === 'file';
}

function hasFile(block: { type: string; content?: unknown }): boolean {
  return (
    isFromFile(block) ||
    (block.type === 'tool_result' && Array.isArray(block.content) && block.content.some(isFromFile))
  );
}

function tellImage(file_id: string, bytes: Uint8Array): Image | Text {
  const media_type = imageType(Buffer.from(bytes.subarray(0, 12)).toString('latin1'));
  // The upstream would refuse the whole conversation, now and ever after.
  if (!media_type) return note(`The file ${file_id} that was here is no JPEG, PNG, GIF or WebP.`);
  return { type: 'image', source: { type: 'base64', media_type, data: Buffer.from(bytes).toString('base64') } };
}

function imageType(start: string): Anthropic.Beta.BetaBase64ImageSource['media_type'] | undefined {
  if (start.startsWith('\x89PNG')) return 'image/png';
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (/^GIF8[79]a/.test(start)) return 'image/gif';
  return /^RIFF[^]{4}WEBP/.test(start) ? 'image/webp' : undefined;
}

function tellDocument(block: Document, { filename, bytes }: { filename: string; bytes: Uint8Array }): Document | Text {
  const source = documentSource(Buffer.from(bytes));
  if (!source) return note(`The file ${filename} that was here is neither a PDF nor text in UTF-8, or is empty.`);
  return { ...block, title: block.title ?? filename, source };
}

function documentSource(bytes: Buffer): Document['source'] | undefined {
  if (bytes.subarray(0, 5).toString('latin1') === '%PDF-') {
    return { type: 'base64', media_type: 'application/pdf', data: bytes.toString('base64') };
  }
  const data = bytes.toString();
  const isText = data.trim() !== '' && Buffer.from(data).equals(bytes);
  return isText ? { type: 'text', media_type: 'text/plain', data } : undefined;
}

function note(text: string): Text {
  return { type: 'text', text: `[${text}]` };
}
