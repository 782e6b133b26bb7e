import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { S3Place } from '../../src/files/s3-place.js';
import { listKeys } from '../../src/files/s3-list.js';
import { s3Place } from '../../src/files/s3-place.js';
import { createDrover, type Drover, runServe } from '../support/drover-process.js';
import { storedFiles } from '../support/stored-files.js';
import { findVersitygw, type S3Store, startS3Store } from '../support/versitygw.js';
import { waitUntil } from './chaos-session.js';

const program = findVersitygw();
if (program === undefined) {
  const reason = 'versitygw is not installed: .ci/install-stores.sh does it';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.error(`Skipped, a server whose files are in a bucket: ${reason}.`);
}

const describeS3 = program === undefined ? describe.skip : describe;

describeS3('files in a bucket', () => {
  let store: S3Store;
  let drover: Drover;
  let place: S3Place;
  let env: Record<string, string>;
  beforeAll(async () => {
    store = await startS3Store(program ?? '');
    const settings = await store.createBucket();
    place = s3Place(settings);
    env = {
      DROVER_FILES_S3_BUCKET: settings.bucket,
      DROVER_FILES_S3_ENDPOINT: settings.endpoint ?? '',
      DROVER_FILES_S3_ACCESS_KEY_ID: settings.credentials?.accessKeyId ?? '',
      DROVER_FILES_S3_SECRET_ACCESS_KEY: settings.credentials?.secretAccessKey ?? '',
    };
    drover = createDrover({ env });
    await drover.start();
  });
  afterAll(async () => {
    await drover.remove();
    place.client.destroy();
    await store.remove();
  });

  test('killed in the middle of an upload in parts, drover leaves nothing of it, and what was there is there', async () => {
    const { files } = drover.client.beta;
    const whole = await files.upload({ file: new File(['whole'], 'whole.txt') });
    const gone = await files.upload({ file: new File(['gone'], 'gone.txt') });
    await files.delete(gone.id);
    const kept = await everythingIn(place);
    expect(kept).toEqual([expect.stringMatching(/^files\/[0-9a-f]{2}\/[0-9a-f]{64}$/), 'files/owner']);

    const { hostname, port } = new URL(drover.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(
      `POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${drover.apiKey}\r\n` +
        `content-type: multipart/form-data; boundary=b\r\ncontent-length: 40000000\r\n\r\n` +
        `--b\r\ncontent-disposition: form-data; name="file"; filename="half.txt"\r\n\r\n${'half '.repeat(4_000_000)}`,
    );
    await waitUntil(async () => (await everythingIn(place)).length > kept.length, 'a part of the file is there');
    await drover.kill();
    socket.destroy();

    await drover.start();
    expect(await everythingIn(place)).toEqual(kept);
    const { data } = await drover.client.beta.files.list();
    expect(data.map(({ id }) => id)).toEqual([whole.id]);
    expect(await storedFiles(join(drover.dataDir, 'files'))).toEqual([]);
  });

  test('while the store is away an upload is refused, and told to come again', async () => {
    await store.kill();
    const upload = drover.client.beta.files.upload({ file: new File(['x'], 'x.txt') });
    await expect(upload).rejects.toMatchObject({ status: 503 });
    await store.start();
    await drover.client.beta.files.upload({ file: new File(['x'], 'x.txt') });
  });

  test('a server on another data directory is refused, and removes nothing', async () => {
    const before = await everythingIn(place);
    const directory = mkdtempSync(join(tmpdir(), 'drover-other-'));
    const { code, stderr } = await runServe(directory, { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/holds the files of another data directory under files\/ \(\w+\)/);
    expect(await everythingIn(place)).toEqual(before);
    rmSync(directory, { recursive: true, force: true });
  });
});

async function everythingIn(place: S3Place): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of listKeys(place)) keys.push(...page);
  const { Uploads = [] } = await place.client.send(new ListMultipartUploadsCommand({ Bucket: place.bucket }));
  return [...keys, ...Uploads.map(({ Key }) => `${Key} (in parts)`)];
}
