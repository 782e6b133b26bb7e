import { fromBufferPromise } from 'yauzl';
import { ZipFile } from 'yazl';

export interface Packed {
  path: string;
  content?: string | Buffer;
  mode?: number;
}

/** What a SKILL.md has in front, and a line of text. */
export function skillMd(name: string, description = `What ${name} is for.`): string {
  return `---\nname: ${name}\ndescription: ${description}\n---\n\n# How to ${name}\n`;
}

/** Files as they are uploaded one by one: each is called by its path. */
export function asFiles(files: Readonly<Record<string, string | Buffer>>): File[] {
  return Object.entries(files).map(([path, content]) => new File([new Uint8Array(Buffer.from(content))], path));
}

/** The smallest skill there is, and more files where they are given. */
export function skillFiles(name: string, others: Readonly<Record<string, string>> = {}, description?: string): File[] {
  const inside = Object.entries(others).map(([path, content]) => [`${name}/${path}`, content] as const);
  return asFiles({ [`${name}/SKILL.md`]: skillMd(name, description), ...Object.fromEntries(inside) });
}

/** An archive with these members; one whose path ends in / is a directory. */
export async function packZip(members: readonly Packed[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const { path, content = '', mode = 0o100644 } of members) {
    if (path.endsWith('/')) zip.addEmptyDirectory(path);
    else zip.addBuffer(Buffer.from(content), path, { mode });
  }
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export function zipFile(archive: Buffer, name = 'skill.zip'): File {
  return new File([new Uint8Array(archive)], name);
}

/** The same archive with a path written over, wherever it stands in it. */
export function renameIn(archive: Buffer, path: string, other: string): Buffer {
  if (Buffer.byteLength(path) !== Buffer.byteLength(other)) throw new Error('Both paths need the same length.');
  const changed = Buffer.from(archive);
  for (let at = changed.indexOf(path); at >= 0; at = changed.indexOf(path, at + 1)) changed.write(other, at);
  return changed;
}

/** Path, text and mode of each file in an archive that was downloaded. */
export async function membersOf(response: Response): Promise<Record<string, { text: string; mode: number }>> {
  const zip = await fromBufferPromise(Buffer.from(await response.arrayBuffer()));
  const found: Record<string, { text: string; mode: number }> = {};
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk);
    found[entry.fileName] = { text: Buffer.concat(chunks).toString(), mode: entry.externalFileAttributes >>> 16 };
  }
  return found;
}
