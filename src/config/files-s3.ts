import type { Settings } from './settings.js';

/** A part of a bucket in an S3-compatible store. */
export interface S3Config {
  readonly bucket: string;
  /** With a slash at its end. */
  readonly prefix: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

/** Where the bytes of files are kept, if not in the data directory. */
export function readFilesPlace(checked: Settings): S3Config | undefined {
  const { DROVER_FILES_S3_BUCKET: bucket, DROVER_FILES_S3_ENDPOINT: endpoint } = checked;
  const { DROVER_FILES_S3_PREFIX: prefix, DROVER_FILES_S3_REGION: region } = checked;
  const { DROVER_FILES_S3_ACCESS_KEY_ID: id, DROVER_FILES_S3_SECRET_ACCESS_KEY: secret } = checked;
  if (bucket === undefined) return undefined;
  const credentials =
    id === undefined || secret === undefined ? undefined : Object.freeze({ accessKeyId: id, secretAccessKey: secret });
  return Object.freeze({ bucket, prefix, region, endpoint, credentials });
}
