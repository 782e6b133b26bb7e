import { createHash, type Hash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { CopyObjectCommand, DeleteObjectCommand, GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Draft, FileContents } from './contents.js';
import { isHash, plainHash } from './hash.js';
import { explainOutage } from './s3-failure.js';
import { listKeys, listUploads } from './s3-list.js';
import type { S3Place } from './s3-place.js';

/**
 * Contents as objects `<prefix><two digits>/<sha256>` of an S3-compatible store; drafts are beside them, under names of
 * their own. A draft goes up in parts, and no more than a few parts are in memory.
 */
export function createS3Contents({ client, bucket, prefix }: S3Place): FileContents {
  const at = (Key: string) => ({ Bucket: bucket, Key });
  const keyOf = (hash: string): string => `${prefix}${hash.slice(0, 2)}/${plainHash(hash)}`;
  const readFrom = async (key: string): Promise<Readable> => {
    const { Body } = await explained(client.send(new GetObjectCommand(at(key))));
    if (!(Body instanceof Readable)) throw new Error(`${key} came without bytes.`);
    return Body;
  };
  const drop = async (key: string): Promise<void> => {
    await explained(client.send(new DeleteObjectCommand(at(key))));
  };
  return {
    async receive(bytes) {
      const key = `${prefix}${DRAFTS}${randomUUID()}`;
      const { hash, size } = await uploadTo(client, at(key), bytes);
      const keep = async (): Promise<void> => {
        const CopySource = encodeURIComponent(`${bucket}/${key}`);
        await explained(client.send(new CopyObjectCommand({ ...at(keyOf(hash)), CopySource })));
        await drop(key);
      };
      return { hash, size, read: () => readFrom(key), keep, discard: () => drop(key) } satisfies Draft;
    },

    read: async (hash) => readFrom(keyOf(hash)),

    remove: (hash) => drop(keyOf(hash)),

    async sweep(findWanted) {
      const place = { client, bucket, prefix };
      for await (const abort of listUploads(place)) await abort();
      for await (const keys of listKeys(place)) {
        const drafts = keys.filter((key) => key.startsWith(`${prefix}${DRAFTS}`));
        const hashes = keys.map((key) => key.slice(prefix.length + 3)).filter(isHash);
        const wanted = await findWanted(hashes);
        const unwanted = hashes.filter((hash) => !wanted.has(hash)).map(keyOf);
        for (const key of [...drafts, ...unwanted]) await drop(key);
      }
    },
  };
}

const DRAFTS = 'drafts/';
/** The store's least is 5 MiB, its most are 10,000 parts. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 2;

/** Nothing is left of an upload that fails. */
async function uploadTo(
  client: S3Client,
  at: { Bucket: string; Key: string },
  bytes: AsyncIterable<Uint8Array>,
): Promise<Pick<Draft, 'hash' | 'size'>> {
  const tally: Tally = { digest: createHash('sha256'), size: 0 };
  const body = Readable.from(count(bytes, tally), { objectMode: true });
  const params = { ...at, Body: body };
  try {
    await new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE }).done();
  } catch (error) {
    throw tally.failure ?? explainOutage(error);
  } finally {
    body.destroy();
  }
  return { hash: tally.digest.digest('hex'), size: tally.size };
}

interface Tally {
  digest: Hash;
  size: number;
  /** Why the bytes came to no end. */
  failure?: unknown;
}

/** Not `for await`: what is thrown in from outside, when the upload fails, is no failure of the bytes. */
async function* count(bytes: AsyncIterable<Uint8Array>, tally: Tally): AsyncGenerator<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]();
  const next = () =>
    source.next().catch((error: unknown) => {
      tally.failure = error;
      throw error;
    });
  try {
    for (let read = await next(); read.done !== true; read = await next()) {
      tally.digest.update(read.value);
      tally.size += read.value.byteLength;
      yield read.value;
    }
  } finally {
    await source.return?.();
  }
}

async function explained<Result>(attempt: Promise<Result>): Promise<Result> {
  try {
    return await attempt;
  } catch (error) {
    throw explainOutage(error);
  }
}
