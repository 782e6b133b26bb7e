import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { statusOf } from './s3-failure.js';

/** A part of a bucket: the keys that begin with `prefix`. */
export interface S3Place {
  client: S3Client;
  bucket: string;
  /** Empty, or with a slash at its end. */
  prefix: string;
}

export interface S3Settings {
  bucket: string;
  prefix: string;
  region: string;
  /** A store that is not Amazon's. */
  endpoint: string | undefined;
  /** Undefined: what Amazon's tools find in the surroundings. */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
}

/** A place by its settings; nothing is asked of the store. */
export function s3Place({ bucket, prefix, region, endpoint, credentials }: S3Settings): S3Place {
  const client = new S3Client({
    region,
    // Stores of one's own seldom have a host name for each bucket.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    // A copy: the client writes into it.
    ...(credentials && { credentials: { ...credentials } }),
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: SILENCE_MS, throwOnRequestTimeout: true },
    // Hashes are made here; not every store knows the checksums that the client would add.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return { client, bucket, prefix };
}

const CONNECT_MS = 5_000;
const SILENCE_MS = 60_000;

/**
 * Takes a place for this owner, for good. A place that another has is refused: each removes what it does not know. Gives
 * the owner it belongs to.
 */
export async function claimPlace({ client, bucket, prefix }: S3Place, owner: string): Promise<string> {
  const at = { Bucket: bucket, Key: `${prefix}owner` };
  try {
    // Only where there is none: of two that come at once, one has it.
    await client.send(new PutObjectCommand({ ...at, Body: owner, IfNoneMatch: '*' }));
    return owner;
  } catch (error) {
    if (!TAKEN.has(statusOf(error) ?? 0)) throw error;
    const { Body } = await client.send(new GetObjectCommand(at));
    return Body instanceof Readable ? (await text(Body)).trim() : '';
  }
}

/** There is one, or somebody is about to make it. */
const TAKEN = new Set([409, 412]);
