import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/bin/drover.js';
import { openDataDirectory } from '../../src/bin/data-directory.js';
import { openVault, rotateVault } from '../../src/bin/vault.js';
import { readConfig } from '../../src/config/config.js';
import { openDatabase } from '../../src/storage/open.js';
import { openSecrets } from '../../src/vault/secrets.js';
import { runSource } from '../temporal/child.js';

const ROWS = 250;

let dataDir: string;
const lines: string[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'drover-rotate-'));
  lines.splice(0);
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** For the script of a process of its own. */
const load = (path: string) => `load(${JSON.stringify(join(__dirname, '../../src', path))})`;
const print = (line: string) => void lines.push(line);
const configOf = (env: NodeJS.ProcessEnv) => readConfig(env, { data: dataDir });
const rotate = (env: NodeJS.ProcessEnv = {}) => rotateVault(env, { data: dataDir }, print);

/** A row for each secret, as the catalog writes it, and one that is archived. */
async function plant(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const secrets = openSecrets(configOf(env));
  const db = await openDatabase(dataDir);
  const common = { workspace: 'w', created_at: 1, updated_at: 1, archived_at: null, settings: '{}' };
  await db
    .insertInto('vaults')
    .values({ id: 'vlt_1', ...common })
    .execute();
  const row = (id: string) => ({ id, vault_id: 'vlt_1', target: id, ...common });
  await db.transaction().execute(async (tx) => {
    for (let n = 0; n < ROWS; n++) {
      const id = `vcrd_${n}`;
      await tx
        .insertInto('vault_credentials')
        .values({ ...row(id), ...secrets.seal(id, `secret ${n}`) })
        .execute();
    }
    const archived = { ...row('vcrd_archived'), archived_at: 2, target: null, key_id: null, secret: null };
    await tx.insertInto('vault_credentials').values(archived).execute();
  });
  await db.destroy();
}

/** Which keys are in use, by how many; every secret is opened, as a server with these settings would. */
async function look(env: NodeJS.ProcessEnv = {}): Promise<Record<string, number>> {
  const db = await openDatabase(dataDir);
  try {
    const secrets = await openVault(configOf(env), db);
    const counts: Record<string, number> = {};
    for (const { id, key_id, secret } of await db.selectFrom('vault_credentials').selectAll().execute()) {
      if (key_id === null || secret === null) continue;
      expect(secrets.open(id, { key_id, secret })).toBe(id.replace('vcrd_', 'secret '));
      counts[key_id] = (counts[key_id] ?? 0) + 1;
    }
    return counts;
  } finally {
    await db.destroy();
  }
}

const key = () => randomBytes(32).toString('base64');

test('drover vault rotate: all secrets are under a new key file, nothing is left of the old key or what it sealed', async () => {
  await plant();
  const path = join(dataDir, 'vault-key');
  const [before, [old]] = [readFileSync(path, 'utf8'), Object.keys(await look())];
  const sealed = await anySealed();
  expect(readFileSync(join(dataDir, 'catalog.db')).includes(sealed)).toBe(true);
  const log = jest.spyOn(console, 'log').mockImplementation(print);
  await run(['node', 'drover', 'vault', 'rotate', '--data', dataDir], '0');
  log.mockRestore();
  const after = await look();
  expect(Object.values(after)).toEqual([ROWS]);
  expect(Object.keys(after)).not.toEqual([old]);
  expect(lines).toEqual([`${ROWS} secrets are now under vault key ${Object.keys(after)[0]}`]);
  expect(readFileSync(path, 'utf8')).not.toBe(before);
  expect(existsSync(`${path}.next`)).toBe(false);
  expect(readFileSync(join(dataDir, 'catalog.db')).includes(sealed)).toBe(false);
});

async function anySealed(): Promise<Buffer> {
  const db = await openDatabase(dataDir);
  const row = await db.selectFrom('vault_credentials').select('secret').where('id', '=', 'vcrd_7').executeTakeFirst();
  await db.destroy();
  return Buffer.from(row?.secret ?? []);
}

test('kill -9 in the middle: both keys are there, a server opens everything, and the next rotation goes on', async () => {
  await plant();
  const [old = ''] = Object.keys(await look());
  const child = runSource(
    `const { beginRotation } = ${load('vault/rotation.ts')};
     const { openSecrets } = ${load('vault/secrets.ts')};
     const { openDatabase } = ${load('storage/open.ts')};
     const { resealAll } = ${load('catalog/vaults/reseal.ts')};
     const sources = { dataDir: ${JSON.stringify(dataDir)} };
     openDatabase(sources.dataDir).then((db) => {
       const rotation = beginRotation(sources);
       let sealed = 0;
       const seal = (id, text) => (++sealed > 150 ? process.kill(process.pid, 'SIGKILL') : rotation.seal(id, text));
       return resealAll(db, rotation.keyId, openSecrets(sources), { seal });
     });`,
  );
  await expect(child.line()).rejects.toThrow('the child ended');
  await child.kill();
  const { [old]: left, ...rest } = await look();
  expect([left, Object.values(rest)]).toEqual([ROWS - 100, [100]]);

  await rotate();
  expect(await look()).toEqual({ [Object.keys(rest)[0] ?? '']: ROWS });
  expect(lines[0]).toMatch(new RegExp(`^${ROWS - 100} secrets`));
});

test('from one configured key to the next, and a start with the old one is refused', async () => {
  const [first, second] = [key(), key()];
  await plant({ DROVER_VAULT_KEY: first });
  const [old] = Object.keys(await look({ DROVER_VAULT_KEY: first }));
  await expect(rotate({ DROVER_VAULT_KEY: first })).rejects.toThrow(/DROVER_VAULT_NEXT_KEY/);
  await rotate({ DROVER_VAULT_KEY: first, DROVER_VAULT_NEXT_KEY: second });
  expect(Object.values(await look({ DROVER_VAULT_KEY: second }))).toEqual([ROWS]);
  await expect(look({ DROVER_VAULT_KEY: first })).rejects.toThrow(/sealed under vault key \w+, which is not here/);
  await expect(look()).rejects.toThrow(/set DROVER_VAULT_KEY to it/);
  expect(lines).toHaveLength(2);
  for (const text of [first, second]) expect(lines.join()).not.toContain(text);
  expect(Object.keys(await look({ DROVER_VAULT_KEY: second }))).not.toEqual([old]);
});

test('from the key file to a configured key: the file is gone', async () => {
  await plant();
  const DROVER_VAULT_KEY = key();
  expect(Object.values(await look({ DROVER_VAULT_KEY }))).toEqual([ROWS]);
  await rotate({ DROVER_VAULT_KEY });
  expect(existsSync(join(dataDir, 'vault-key'))).toBe(false);
  expect(Object.values(await look({ DROVER_VAULT_KEY }))).toEqual([ROWS]);
});

test('with a key missing nothing is begun', async () => {
  await plant();
  const path = join(dataDir, 'vault-key');
  const content = readFileSync(path);
  rmSync(path);
  await expect(rotate()).rejects.toThrow(/which is not here/);
  expect(existsSync(`${path}.next`)).toBe(false);
  expect(content.length).toBeGreaterThan(40);
});

test('while a server runs on the directory it is refused', async () => {
  const directory = openDataDirectory(dataDir);
  await expect(rotate()).rejects.toThrow(/in use by another drover/);
  directory.close();
  await rotate();
  expect(lines).toEqual([expect.stringMatching(/^0 secrets/)]);
});
