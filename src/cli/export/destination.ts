import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What an export writes into. Nothing has the place that was asked for before all of it is there. */
export interface Destination {
  /** One JSON object a line, as they come. */
  lines(path: string, items: AsyncIterable<object> | Iterable<object>): Promise<void>;
  bytes(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Gives everything its place, with a manifest that lists each file. */
  finish(manifest: object): Promise<void>;
  /** Removes what has been written. */
  abandon(): Promise<void>;
}

interface Written {
  path: string;
  bytes: number;
  sha256: string;
  /** Of files of JSON lines. */
  lines?: number;
}

/** Beside `directory`, under a name of its own until it is finished. Refuses a place that is taken. */
export async function createDestination(directory: string): Promise<Destination> {
  await mkdir(dirname(directory), { recursive: true });
  const draft = await mkdtemp(join(dirname(directory), `.${basename(directory)}-`));
  const files: Written[] = [];
  const write = async (path: string, chunks: AsyncIterable<Uint8Array | string>): Promise<Written> => {
    const file = join(draft, checkPath(path));
    await mkdir(dirname(file), { recursive: true });
    const written: Written = {
      path,
      ...(await writeNew(file, chunks).catch(async (error: unknown) => {
        await rm(file, { force: true });
        throw error;
      })),
    };
    files.push(written);
    return written;
  };
  return {
    async lines(path, items) {
      let lines = 0;
      const texts = async function* (): AsyncGenerator<string> {
        for await (const item of items) {
          lines += 1;
          yield `${JSON.stringify(item)}\n`;
        }
      };
      const written = await write(path, texts());
      written.lines = lines;
    },
    bytes: async (path, chunks) => void (await write(path, chunks)),
    async finish(manifest) {
      const listed = files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
      await writeNew(join(draft, 'README.md'), [README]);
      const text = `${JSON.stringify({ ...manifest, files: listed }, null, 2)}\n`;
      await writeNew(join(draft, 'manifest.json'), [text]);
      await rename(draft, directory);
    },
    abandon: () => rm(draft, { recursive: true, force: true }),
  };
}

const README = `# An export of Drover

Files that end in .jsonl have one JSON object a line: a list of the API, each object as the API shows it. What belongs to
an object is in a directory of its id: sessions/<id>/events.jsonl, agents/<id>/versions.jsonl, files/<id>/<name> and so on.
manifest.json lists every file with its size, its SHA-256 and its lines, and under "missing" what could not be taken along.
Secrets are never part of an export: no credential's, no token's, no key's text. Nor is what waits in the work queues of
self-hosted environments.
`;

type Chunks = AsyncIterable<Uint8Array | string> | Iterable<string>;

async function writeNew(path: string, chunks: Chunks): Promise<Pick<Written, 'bytes' | 'sha256'>> {
  const digest = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      const part = Buffer.from(chunk);
      digest.update(part);
      bytes += part.byteLength;
      await file.writeFile(part);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: digest.digest('hex') };
}

/** Names come from the server, and lead nowhere else. */
function checkPath(path: string): string {
  const isPlain = path.split('/').every((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0'));
  if (!isPlain) throw new Error(`not a path for an export: ${JSON.stringify(path)}`);
  return path;
}
