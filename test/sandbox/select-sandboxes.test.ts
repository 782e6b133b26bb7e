import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { createDockerSandboxes } from '../../src/sandbox/docker.js';
import { selectSandboxes } from '../../src/sandbox/sandboxes.js';
import { bubblewrap, describeBackend, docker, testImage } from '../support/sandbox.js';

const dataDir = mkdtempSync(join(tmpdir(), 'drover-select-'));
const place = { dataDir, dataId: 'select' };
afterAll(() => rmSync(dataDir, { recursive: true }));

const noEngine = () => new Docker({ socketPath: join(dataDir, 'no.sock') });

test('an engine that does not answer, and how to mend it', async () => {
  const { ok, why } = await createDockerSandboxes({ ...place, image: testImage, docker: noEngine() }).check();
  expect(ok).toBe(false);
  expect(why).toMatch(/^no Docker engine answers \(ENOENT\): start dockerd/);
});

describeBackend('the choice of a backend with an engine', docker(), () => {
  test('Docker is taken where it works', async () => {
    const { sandboxes, notes } = await selectSandboxes({ ...place, backend: 'auto', image: testImage });
    expect({ backend: sandboxes.backend, notes }).toEqual({ backend: 'docker', notes: [] });
  });

  test('an image or a runtime that is not there is a reason not to, and asked for by name it is an error', async () => {
    const image = 'drover-sandbox:none';
    await expect(selectSandboxes({ ...place, backend: 'docker', image })).rejects.toThrow(
      /^no sandbox can run here. docker: the image drover-sandbox:none is missing: build it with/,
    );
    const runtime = 'no-such-runtime';
    await expect(selectSandboxes({ ...place, backend: 'docker', image: testImage, runtime })).rejects.toThrow(
      'has no runtime "no-such-runtime", only',
    );
  });
});

describeBackend('the choice of a backend without one', bubblewrap(), () => {
  test('bubblewrap is next, and the notes say why', async () => {
    const { sandboxes, notes } = await selectSandboxes({ ...place, backend: 'auto', image: 'drover-sandbox:none' });
    expect(sandboxes.backend).toBe('bubblewrap');
    expect(notes[0]).toMatch(/^docker: /);
  });
});
