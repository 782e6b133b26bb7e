import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { FileContents } from '../../src/files/contents.js';

export interface ContentsBackend {
  name: string;
  /** A place that is empty, and as many views of it as processes would have. */
  setUp(): Promise<{
    open(): FileContents;
    /** Everything that takes up space there. */
    list(): Promise<string[]>;
    clear(): Promise<void>;
  }>;
}

/** What every place for the bytes of files must do. */
export function describeContents(backend: ContentsBackend): void {
  describe(`file contents: ${backend.name}`, () => {
    let place: Awaited<ReturnType<ContentsBackend['setUp']>>;
    let contents: FileContents;
    beforeEach(async () => {
      place = await backend.setUp();
      contents = place.open();
    });
    afterEach(() => place.clear());

    test('a draft can be read by who made it, and by others when it is kept; its bytes are those that came, chunk by chunk', async () => {
      const draft = await contents.receive(chunks('one ', 'two'));
      expect(draft).toMatchObject({ hash: sha256('one two'), size: 7 });
      await expect(contents.read(draft.hash)).rejects.toThrow();
      expect(await text(await draft.read())).toBe('one two');
      await draft.keep();
      expect(await text(await place.open().read(draft.hash))).toBe('one two');
    });

    test('the same bytes twice take the space of one', async () => {
      const drafts = await Promise.all([contents.receive(chunks('same')), contents.receive(chunks('sa', 'me'))]);
      await Promise.all(drafts.map((draft) => draft.keep()));
      expect(await place.list()).toHaveLength(1);
      expect(await text(await contents.read(sha256('same')))).toBe('same');
    });

    test('nothing is a content too', async () => {
      const draft = await contents.receive(chunks());
      await draft.keep();
      expect(await text(await contents.read(draft.hash))).toBe('');
    });

    test('bytes that fail leave nothing, and say why', async () => {
      await expect(contents.receive(failing())).rejects.toThrow('the line went dead');
      const draft = await contents.receive(chunks('unwanted'));
      await draft.discard();
      await draft.discard();
      expect(await place.list()).toEqual([]);
    });

    test('what is removed is gone, twice as well, but whoever reads it reads to its end', async () => {
      const long = 'x'.repeat(1_000_000);
      const draft = await contents.receive(chunks(long));
      await draft.keep();
      const reading = await contents.read(draft.hash);
      await contents.remove(draft.hash);
      await contents.remove(draft.hash);
      expect(await text(reading)).toBe(long);
      await expect(contents.read(draft.hash)).rejects.toThrow();
      expect(await place.list()).toEqual([]);
    });

    test('a sweep takes what a process left that died: half a draft, a whole one, and contents of nobody', async () => {
      const died = place.open();
      const { promise: hang, resolve: letGo } = Promise.withResolvers<void>();
      const half = died.receive(hanging(hang));
      await died.receive(chunks('never kept'));
      await (await died.receive(chunks('kept, and then nobody’s'))).keep();
      await (await died.receive(chunks('somebody’s'))).keep();
      await contents.sweep(async (hashes) => new Set(hashes.filter((hash) => hash === sha256('somebody’s'))));
      expect(await place.list()).toHaveLength(1);
      expect(await text(await contents.read(sha256('somebody’s')))).toBe('somebody’s');
      letGo();
      await half.then((draft) => draft.discard());
    });

    test('an empty place can be swept', async () => {
      await contents.sweep(async () => new Set());
      expect(await place.list()).toEqual([]);
    });

    test('what is no hash leads nowhere', async () => {
      await expect(async () => contents.read('../../etc/passwd')).rejects.toThrow('Not a content');
      await expect(async () => contents.remove('..')).rejects.toThrow('Not a content');
    });
  });
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const one of texts) yield Buffer.from(one);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half of it');
  throw new Error('the line went dead');
}

async function* hanging(until: Promise<void>): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half of it');
  await until;
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
