import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { S3Place } from './s3-place.js';

/** The keys of a place, a page at a time. */
export async function* listKeys({ client, bucket, prefix }: S3Place): AsyncGenerator<string[]> {
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    yield Contents.flatMap(({ Key }) => Key ?? []);
  }
}

/** The uploads in parts that have not come to their end: for each, what aborts it. */
export async function* listUploads({ client, bucket, prefix }: S3Place): AsyncGenerator<() => Promise<unknown>> {
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (marker) {
    const page: Awaited<ReturnType<typeof list>> = await list(marker);
    for (const { Key, UploadId } of page.Uploads ?? []) {
      yield () => client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
    }
    const { IsTruncated = false, NextKeyMarker, NextUploadIdMarker } = page;
    const hasNext = IsTruncated && NextKeyMarker !== undefined && NextUploadIdMarker !== undefined;
    marker = hasNext ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker } : undefined;
  }

  function list(from: object) {
    return client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...from }));
  }
}
