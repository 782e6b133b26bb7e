import type { FileContents } from '../../files/contents.js';
import { invalid } from '../validate.js';
import { readUsable, type CopyDeps, type CopyRequest } from './copies.js';
import { checkFileReferences, whole } from './message-files.js';
import type { Turns } from './turns.js';

export interface RubricDeps extends CopyDeps {
  contents: Pick<FileContents, 'read'>;
  turns: Turns;
}

/** Characters of a rubric, however it comes (contract: events §2). */
export const LONGEST_RUBRIC = 262_144;

/** The text of a file that says how an outcome is evaluated; refuses by its field one that is not there, or no such text. */
export async function readRubric(deps: RubricDeps, request: CopyRequest): Promise<string> {
  const { file_id, field } = request;
  const [file] = await checkFileReferences(deps, [{ ...request, kind: 'rubric' }]);
  if (!file) throw invalid(field, `there is no file ${file_id}`, 'file_not_found');
  const bytes = Buffer.from(await readBytes(deps, request, file.content));
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) throw invalid(field, `file ${file_id} is no text in UTF-8`);
  if (text.trim() === '') throw invalid(field, `file ${file_id} is blank`);
  if (text.length > LONGEST_RUBRIC) throw invalid(field, `file ${file_id} has more than ${LONGEST_RUBRIC} characters`);
  return text;
}

async function readBytes(deps: RubricDeps, request: CopyRequest, content: string): Promise<Uint8Array> {
  return deps.turns.take(content, async () => {
    // It may have been deleted while others had their turn.
    await readUsable(deps, [request]);
    return whole(await deps.contents.read(content));
  });
}
