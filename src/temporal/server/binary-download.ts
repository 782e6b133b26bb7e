import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Extract } from 'tar-stream';
import { z } from 'zod';
import { intoCache } from './binary-cache.js';
import type { Fetch } from './binary-cache.js';

/**
 * Fetches the release from Temporal's own download service, as the SDK does for its test server. The SDK itself only
 * downloads in order to start a server, with no limit on how long it tries: an offline machine would wait there.
 */
export async function downloadRelease(fetching: Fetch): Promise<void> {
  const { archiveUrl, fileToExtract } = await lookUp(fetching);
  await intoCache(fetching.destination, async (directory) => {
    fetching.log(`fetching the Temporal server ${fetching.version} from ${new URL(archiveUrl).host} (once) ...`);
    const archive = await fetch(archiveUrl, { signal: AbortSignal.timeout(ARCHIVE_MS) });
    if (!archive.ok || !archive.body) throw new Error(`${archiveUrl} answered ${archive.status}`);
    const file = join(directory, 'temporal');
    await extractOne(Readable.fromWeb(archive.body), fileToExtract, file);
    return file;
  });
}

const SERVICE = 'https://temporal.download';
const LOOK_UP_MS = 3000;
const ARCHIVE_MS = 600_000;
const ARCH: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

const releaseSchema = z.object({ archiveUrl: z.url(), fileToExtract: z.string() });

async function lookUp({ version, downloadUrl = SERVICE }: Fetch): Promise<z.infer<typeof releaseSchema>> {
  const arch = ARCH[process.arch];
  if (!arch) throw new Error(`there is no release for ${process.arch}`);
  const query = new URLSearchParams({ arch, platform: process.platform, format: 'tar.gz' });
  const url = `${downloadUrl}/cli/v${version}?${query.toString()}`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(LOOK_UP_MS) }).catch((error: unknown) => {
    throw new Error(`${new URL(url).host} cannot be reached`, { cause: error });
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return releaseSchema.parse(await answer.json());
}

async function extractOne(archive: Readable, name: string, file: string): Promise<void> {
  const entries = extract();
  await Promise.all([pipeline(archive, createGunzip(), entries), keepOne(entries, name, file)]);
}

async function keepOne(entries: Extract, name: string, file: string): Promise<void> {
  let found = false;
  for await (const entry of entries) {
    if (entry.header.name.replace(/^\.\//, '') === name) {
      await pipeline(entry, createWriteStream(file));
      found = true;
    } else {
      entry.resume();
    }
  }
  if (!found) throw new Error(`the archive has no ${name}`);
}
