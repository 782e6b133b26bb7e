import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { waitUntil } from '../chaos/chaos-session.js';
import { bubblewrap, describeBackend, docker, testImage } from '../support/sandbox.js';
import { sandboxFiles, untilThere } from '../support/sandbox-files.js';
import { storedFiles } from '../support/stored-files.js';
import { startWire, type Wire } from './server.js';
import { only, openTalk, type Talk, talkTo, textOf } from './session.js';
import { bash } from './suite-tools.js';

/** What its next command prints. */
async function next(talk: Talk): Promise<string> {
  return textOf(only(await talk.turn('go on'), 'agent.tool_result')[0]);
}

const GROW = 'until [ -e /workspace/enough ]; do echo line >>growing; sleep 0.02; done';

for (const backend of [bubblewrap(), docker()]) {
  describeBackend('files of sessions', backend, () => {
    let wire: Wire;
    beforeAll(async () => {
      wire = await startWire({ DROVER_SANDBOX: backend.name, DROVER_SANDBOX_IMAGE: testImage });
    }, 300_000);
    afterAll(() => wire.stop());

    const upload = async (name: string, content: string): Promise<string> =>
      (await wire.client.beta.files.upload({ file: new File([content], name) })).id;

    /** A session whose model calls these commands, one a turn. */
    function open(commands: string[], resources: Anthropic.Beta.Sessions.SessionCreateParams['resources'] = []) {
      const replies = commands.flatMap((command) => [{ blocks: [bash(command)] }, {}]);
      return openTalk(wire, { tools: true, replies, resources });
    }

    const outputs = async (scope_id: string) => (await wire.client.beta.files.list({ scope_id })).data;
    const download = async (id: string) => (await wire.client.beta.files.download(id)).text();

    test('a file is where it was asked for, cannot be changed, and comes and goes while the session lives', async () => {
      const first = await upload('a.txt', 'first\n');
      const show = 'cd /mnt/session/uploads; find . -type f | sort | xargs -r tail -n +1';
      const talk = await open(
        [
          `${show}; for t in 'echo x >>in/a' 'rm in/a' 'touch y'; do bash -c "$t" || echo refused; done`,
          show,
          show,
          show,
        ],
        [{ type: 'file', file_id: first, mount_path: '/in/a' }],
      );
      const tries = await next(talk);
      expect(tries).toMatch(/^first/);
      expect(tries.match(/^refused$/gm)).toHaveLength(3);
      const told = JSON.stringify(wire.requestsOf(talk.model)[0]?.body.system);
      expect(told).toMatch(/\/mnt\/session\/uploads.*\/mnt\/session\/outputs/);

      const file_id = await upload('b.txt', 'second\n');
      const added = await wire.client.beta.sessions.resources.add(talk.id, { type: 'file', file_id, mount_path: '/b' });
      expect(await next(talk)).toMatch(/==> .\/b <==\nsecond\n\n==> .\/in\/a <==\nfirst/);
      // A server that stops takes its idle sandboxes with it: the next command has a new one.
      talk.stream.close();
      await wire.restart();
      const again = await talkTo(wire, talk.id, talk.model);
      expect(await next(again)).toMatch(/second\n\n==> .\/in\/a <==\nfirst/);
      await wire.client.beta.sessions.resources.delete(added.id, { session_id: talk.id });
      expect(await next(again)).toMatch(/^first/);
      // The prompt is the same throughout, so that it stays cached.
      const prompts = wire.requestsOf(talk.model).map(({ body }) => JSON.stringify(body.system));
      expect(new Set(prompts).size).toBe(1);
      again.stream.close();
    });

    test('what is written under outputs is listed and can be downloaded; what is rewritten or removed leaves the list', async () => {
      const at = '/mnt/session/outputs';
      const talk = await open([
        `mkdir -p ${at}/deep; echo report >${at}/report.md; echo data >${at}/deep/'odd: name?.csv'`,
        `cat ${at}/report.md; echo changed >${at}/report.md; touch ${at}/deep/*; echo -n >${at}/empty`,
        `rm -r ${at}/deep`,
      ]);
      expect(await outputs(talk.id)).toEqual([]);
      await next(talk);
      const first = await outputs(talk.id);
      const scope = { type: 'session', id: talk.id };
      expect(first.map(({ filename }) => filename).toSorted()).toEqual(['odd_ name_.csv', 'report.md']);
      expect(first).toEqual([expect.objectContaining({ downloadable: true, scope }), expect.anything()]);
      const idOf = (files: typeof first, name: string) => files.find(({ filename }) => filename === name)?.id ?? 'none';
      expect(await download(idOf(first, 'report.md'))).toBe('report\n');
      expect(await outputs(talk.id)).toEqual(first);

      expect(await next(talk)).toBe('report');
      const second = await outputs(talk.id);
      expect(second).toHaveLength(3);
      expect(idOf(second, 'odd_ name_.csv')).toBe(idOf(first, 'odd_ name_.csv'));
      expect(idOf(second, 'report.md')).not.toBe(idOf(first, 'report.md'));
      expect(await download(idOf(second, 'report.md'))).toBe('changed\n');
      expect(second.find(({ filename }) => filename === 'empty')).toMatchObject({ size_bytes: 0 });
      await next(talk);
      expect((await outputs(talk.id)).map(({ filename }) => filename).toSorted()).toEqual(['empty', 'report.md']);
    });

    test('what a process in the background writes is seen by whoever asks', async () => {
      const talk = await open([
        `cd /mnt/session/outputs; (${untilThere('go')}; echo late >late; ${GROW}; touch /workspace/over) >/dev/null 2>&1 &`,
      ]);
      const sandbox = sandboxFiles(wire.dataDir, talk.id);
      await next(talk);
      expect(await outputs(talk.id)).toEqual([]);
      sandbox.put('go');
      const sizes = new Set<number>();
      let listed: Awaited<ReturnType<typeof outputs>> = [];
      await waitUntil(async () => {
        listed = await outputs(talk.id);
        for (const { size_bytes, filename } of listed) if (filename === 'growing') sizes.add(size_bytes);
        return sizes.size >= 3;
      }, 'it is seen to grow');
      sandbox.put('enough');
      await waitUntil(() => existsSync(join(sandbox.workspace, 'over')), 'the process has ended');
      listed = await outputs(talk.id);
      const growing = listed.find(({ filename }) => filename === 'growing')?.id ?? '';
      const written = join(wire.dataDir, 'sandboxes', talk.id, 'session/outputs/growing');
      expect(await download(growing)).toBe(readFileSync(written, 'utf8'));
      expect(listed.map(({ filename }) => filename).toSorted()).toEqual(['growing', 'late']);
    });

    test('no link and nothing but a file is taken in, whatever is in its place', async () => {
      writeFileSync(join(wire.dataDir, 'secret.txt'), 'a secret of the host');
      const talk = await open([
        `cd /mnt/session/outputs; ln -s ${wire.dataDir}/secret.txt link; ln -s ${wire.dataDir} dir; ln -s /etc/passwd p; mkfifo fifo; ` +
          'mkdir real; echo own >real/own; chmod 0 real/own; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'sock\')"; ls | wc -l',
        'cd /mnt/session; rm -rf outputs; ln -s / outputs; ls -ld outputs | wc -l',
      ]);
      expect(await next(talk)).toMatch(/^[56]$/);
      // Where the server is root it may read what its owner closed.
      const own = process.getuid?.() === 0 ? ['own'] : [];
      expect((await outputs(talk.id)).map(({ filename }) => filename)).toEqual(own);
      const directory = join(wire.dataDir, 'sandboxes', talk.id, 'session', 'outputs');
      symlinkSync(join(wire.dataDir, 'secret.txt'), join(directory, 'planted'));
      expect(await outputs(talk.id)).toHaveLength(own.length);
      expect(await next(talk)).toBe('1');
      expect(await outputs(talk.id)).toEqual([]);
    });

    test('a session that is deleted leaves no row, no bytes and no directory', async () => {
      const before = await storedFiles(join(wire.dataDir, 'files'));
      const file_id = await upload('given.txt', 'given');
      const talk = await open(
        ['cat /mnt/session/uploads/given; echo made >/mnt/session/outputs/made'],
        [{ type: 'file', file_id, mount_path: '/given' }],
      );
      expect(await next(talk)).toBe('given');
      const [made] = await outputs(talk.id);
      expect(readdirSync(join(wire.dataDir, 'mounts'))).toContain(talk.id);
      await wire.client.beta.sessions.delete(talk.id);
      expect(existsSync(join(wire.dataDir, 'mounts', talk.id))).toBe(false);
      expect(existsSync(join(wire.dataDir, 'sandboxes', talk.id))).toBe(false);
      expect(await outputs(talk.id)).toEqual([]);
      await expect(wire.client.beta.files.retrieveMetadata(made?.id ?? '')).rejects.toThrow(/404/);
      await wire.client.beta.files.delete(file_id);
      expect(await storedFiles(join(wire.dataDir, 'files'))).toEqual(before);
    });
  });
}
