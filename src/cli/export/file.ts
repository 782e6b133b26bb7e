import type Anthropic from '@anthropic-ai/sdk';
import { takeBytes, type Walk } from './walk.js';

const NAME_BYTES = 200;

/** The bytes of a file, under its id and name. What was uploaded the API does not give back: that is asked of a route of our own. */
export async function takeFile(walk: Walk, file: Anthropic.Beta.BetaFileMetadata): Promise<void> {
  const { id, filename } = file;
  const { client } = walk;
  await takeBytes(walk, `files/${id}/${shorten(filename)}`, () =>
    file.downloadable === true
      ? client.beta.files.download(id).asResponse()
      : client.get(`/drover/files/${encodeURIComponent(id)}/content`).asResponse(),
  );
}

/** A file system counts bytes, and a name's extension says what it is. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= NAME_BYTES) return name;
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? '';
  const characters = Array.from(name.slice(0, name.length - extension.length));
  while (Buffer.byteLength(characters.join('')) > NAME_BYTES - extension.length) characters.pop();
  return characters.join('') + extension;
}
