import { join } from 'node:path';
import type { Config } from '../config/config.js';
import type { S3Config } from '../config/files-s3.js';
import { StartError } from '../config/start-error.js';
import type { FileContents } from '../files/contents.js';
import { createDiskContents } from '../files/disk.js';
import type { DataDirectory } from './data-directory.js';

/** Where the bytes of files are kept. Throws a StartError when the bucket cannot be used, or is another server's. */
export async function openContents({ filesS3 }: Config, { path, id }: DataDirectory): Promise<FileContents> {
  return filesS3 ? openBucket(filesS3, id) : createDiskContents(join(path, 'files'));
}

/** The client is loaded where it is used: it is large. */
async function openBucket(settings: S3Config, id: string): Promise<FileContents> {
  const { createS3Contents } = await import('../files/s3.js');
  const { claimPlace, s3Place } = await import('../files/s3-place.js');
  const where = `the bucket ${settings.bucket}`;
  const place = s3Place(settings);
  const owner = await claimPlace(place, id).catch((error: unknown) => {
    throw new StartError(
      `${where} cannot be used for files: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  if (owner === id) return createS3Contents(place);
  throw new StartError(
    `${where} holds the files of another data directory under ${settings.prefix} (${owner}): ` +
      'give this server a prefix of its own with DROVER_FILES_S3_PREFIX',
  );
}
