import { setTimeout as sleep } from 'node:timers/promises';
import { ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import { createS3Contents } from '../../src/files/s3.js';
import { listKeys } from '../../src/files/s3-list.js';
import { claimPlace, type S3Place, s3Place, type S3Settings } from '../../src/files/s3-place.js';
import { findVersitygw, type S3Store, startS3Store } from '../support/versitygw.js';
import { describeContents } from './contents.js';

const program = findVersitygw();
if (program === undefined) {
  const reason = 'versitygw is not installed: .ci/install-stores.sh does it';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.error(`Skipped, the contract of file contents on S3: ${reason}.`);
}

const describeS3 = program === undefined ? describe.skip : describe;

describeS3('a store that speaks S3', () => {
  let store: S3Store;
  beforeAll(async () => {
    store = await startS3Store(program ?? '');
  });
  afterAll(() => store.remove());

  describeContents({
    name: 'a bucket',
    async setUp() {
      const place = s3Place(await store.createBucket());
      return {
        open: () => createS3Contents(place),
        list: () => everythingIn(place),
        clear: async () => place.client.destroy(),
      };
    },
  });

  let settings: S3Settings;
  let place: S3Place;
  beforeEach(async () => {
    settings = await store.createBucket();
    place = s3Place(settings);
  });
  afterEach(() => place.client.destroy());

  test('a file of many parts is what came, and no more than a few parts are in memory', async () => {
    const contents = createS3Contents(place);
    const before = process.memoryUsage.rss();
    const most = watchMemory();
    const draft = await contents.receive(megabytes(200));
    await draft.keep();
    expect(draft.size).toBe(200 * MEGABYTE);
    let read = 0;
    for await (const chunk of await contents.read(draft.hash)) read += (chunk as Uint8Array).byteLength;
    expect(read).toBe(draft.size);
    expect(most() - before).toBeLessThan(150 * MEGABYTE);
    expect(await everythingIn(place)).toHaveLength(1);
  });

  test('an upload of many parts that fails leaves neither object nor parts', async () => {
    const contents = createS3Contents(place);
    await expect(contents.receive(megabytes(40, new Error('the line went dead')))).rejects.toThrow(
      'the line went dead',
    );
    expect(await everythingIn(place)).toEqual([]);
  });

  test('parts that a process left that died are swept away', async () => {
    const { promise: hang, resolve: letGo } = Promise.withResolvers<void>();
    const half = createS3Contents(place).receive(megabytes(20, hang));
    while ((await partsIn(place)) < 2) await sleep(10);
    await createS3Contents(s3Place(settings)).sweep(async () => new Set());
    expect(await everythingIn(place)).toEqual([]);
    letGo();
    await expect(half).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect(await everythingIn(place)).toEqual([]);
  });

  test('what is not a content of ours stays', async () => {
    const other = createS3Contents({ ...place, prefix: 'other/' });
    await (await other.receive(megabytes(1))).keep();
    await claimPlace(place, 'me');
    await createS3Contents(place).sweep(async () => new Set());
    expect(await everythingIn({ ...place, prefix: '' })).toHaveLength(2);
  });

  test('a place belongs to who came first', async () => {
    const claims = await Promise.all(['a', 'b', 'c'].map((owner) => claimPlace(place, owner)));
    expect(new Set(claims).size).toBe(1);
    expect(await claimPlace(place, 'd')).toBe(claims[0]);
    expect(await claimPlace({ ...place, prefix: 'other/' }, 'd')).toBe('d');
  });

  test('while the store is away it is unavailable; what goes in the midst of it leaves nothing', async () => {
    const contents = createS3Contents(place);
    const kept = await contents.receive(megabytes(1));
    await kept.keep();
    const away = { type: 'unavailable_error', status: 503 };
    const { promise: hang, resolve: letGo } = Promise.withResolvers<void>();
    const half = contents.receive(megabytes(20, hang));
    await store.kill();
    letGo();
    await expect(half).rejects.toMatchObject(away);
    await expect(contents.read(kept.hash)).rejects.toMatchObject(away);
    await expect(contents.remove(kept.hash)).rejects.toMatchObject(away);
    await store.start();
    await contents.sweep(async (hashes) => new Set(hashes));
    expect(await everythingIn(place)).toHaveLength(1);
  });

  test('a bucket that is not there is no outage', async () => {
    const nowhere = createS3Contents({ ...place, bucket: 'nowhere' });
    await expect(nowhere.receive(megabytes(1))).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });
});

const MEGABYTE = 1024 * 1024;

async function* megabytes(count: number, end?: Error | Promise<void>): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < count; n++) yield Buffer.alloc(MEGABYTE, n);
  if (end instanceof Error) throw end;
  await end;
}

async function everythingIn(place: S3Place): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of listKeys(place)) keys.push(...page);
  const { Uploads = [] } = await place.client.send(
    new ListMultipartUploadsCommand({ Bucket: place.bucket, Prefix: place.prefix }),
  );
  return [...keys, ...Uploads.map(({ Key }) => `${Key} (in parts)`)];
}

async function partsIn({ client, bucket: Bucket }: S3Place): Promise<number> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  const { Key, UploadId } = Uploads[0] ?? {};
  if (UploadId === undefined) return 0;
  return (await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))).Parts?.length ?? 0;
}

function watchMemory(): () => number {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  return () => {
    clearInterval(timer);
    return most;
  };
}
