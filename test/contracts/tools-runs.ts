import { SandboxLost } from '../../src/sandbox/sandbox.js';
import { Detached } from '../../src/sandbox/tools/follow.js';
import { patience } from '../support/patience.js';
import { run, untilPrinted } from '../support/sandbox.js';
import { untilThere } from '../support/sandbox-files.js';
import { onlyText, type Workbench } from './tools-workbench.js';

const interrupted = 'Tool execution was interrupted before completion. Please retry.';

export function describeRuns(bench: Workbench): void {
  const bash = (command: string) => bench.text('bash', { command });

  describe('P3: a call runs once', () => {
    it.each<[string, unknown, string]>([
      ['bash', { command: 'echo run >>once.txt; wc -l <once.txt; echo "${RANDOM}"' }, 'wc -l <once.txt'],
      ['edit', { file_path: 'once-edit.txt', old_string: 'a', new_string: 'aa' }, 'cat once-edit.txt'],
      ['write', { file_path: 'once-write.txt', content: 'new' }, 'cat once-write.txt'],
    ])('%s: asked twice it gives the same result and changes nothing more', async (name, input, check) => {
      await bash('printf a >once-edit.txt; printf old >once-write.txt');
      const id = bench.newId();
      const first = await bench.call(name, input, id);
      expect(first.is_error).toBe(false);
      const state = await bash(check);
      if (name === 'write') await bash('printf meanwhile >once-write.txt');
      expect(await bench.call(name, input, id)).toEqual(first);
      expect(await bash(check)).toBe(name === 'write' ? 'meanwhile' : state);
    });

    it('two callers at once share the run', async () => {
      const id = bench.newId();
      const input = { command: 'sleep 0.3; echo run >>shared.txt; wc -l <shared.txt' };
      const [one, two] = await Promise.all([bench.call('bash', input, id), bench.call('bash', input, id)]);
      expect(one).toEqual(two);
      expect(onlyText(one, false)).toBe('1');
    });

    it('goes on when the worker lets go, and the next one collects it', async () => {
      const id = bench.newId();
      const input = { command: `echo early; ${untilThere('go')}; echo late; echo run >>detached.txt` };
      const detach = new AbortController();
      const detached = bench.call('bash', input, id, { detach: detach.signal }).catch((error: unknown) => error);
      await untilPrinted(bench.sandbox, id, 'early\n');
      detach.abort();
      expect(await detached).toBeInstanceOf(Detached);
      expect(await bench.sandbox.poll(id, { offset: 0, waitMs: 0 })).toMatchObject({ state: 'running' });
      await run(bench.sandbox, 'touch go');
      expect(onlyText(await bench.call('bash', input, id), false)).toBe('early\nlate');
      expect(await bash('wc -l <detached.txt')).toBe('1');
    });
  });

  describe('P8: an interrupt', () => {
    it('ends the command at once and shows what it had printed', async () => {
      const id = bench.newId();
      const stop = new AbortController();
      const input = { command: 'echo so far; sleep 60; echo never >>never.txt' };
      const ran = bench.call('bash', input, id, { signal: stop.signal });
      await untilPrinted(bench.sandbox, id, 'so far\n');
      const raised = performance.now();
      stop.abort();
      expect(onlyText(await ran, true)).toBe(`so far\n${interrupted}`);
      expect(performance.now() - raised).toBeLessThan(patience(1_000));
      expect(onlyText(await bench.call('bash', input, id), true)).toBe(`so far\n${interrupted}`);
      expect(await bash('pgrep -x sleep || ls never.txt 2>&1 || true')).toContain('No such file');
    });

    it('does not wait for a command that ignores it', async () => {
      const stop = new AbortController();
      const input = { command: "trap '' TERM; echo deaf; while :; do sleep 0.1; done" };
      const id = bench.newId();
      const ran = bench.call('bash', input, id, { signal: stop.signal });
      await untilPrinted(bench.sandbox, id, 'deaf\n');
      const raised = performance.now();
      stop.abort();
      expect(onlyText(await ran, true)).toBe(`deaf\n${interrupted}`);
      expect(performance.now() - raised).toBeLessThan(patience(900));
    });

    it('before the start means that nothing is started', async () => {
      const id = bench.newId();
      const result = await bench.call('bash', { command: 'touch started' }, id, { signal: AbortSignal.abort() });
      expect(onlyText(result, true)).toBe(interrupted);
      expect((await bench.sandbox.poll(id, { offset: 0, waitMs: 0 })).state).toBe('unknown');
    });

    it('of an ended command leaves its result as it was', async () => {
      const id = bench.newId();
      const first = await bench.call('bash', { command: 'echo done' }, id);
      expect(await bench.call('bash', { command: 'echo done' }, id, { signal: AbortSignal.abort() })).toEqual(first);
    });
  });

  describe('P3: a sandbox that is gone', () => {
    it('makes an error result of what ran in it, which is not run again; files stay', async () => {
      const id = bench.newId();
      const input = { command: 'echo run >>lost.txt; echo printed; sleep 60' };
      const failure = bench.call('bash', input, id).catch((error: unknown) => error);
      await untilPrinted(bench.sandbox, id, 'printed\n');
      await bench.sandboxes.destroy('tools');
      expect(await failure).toBeInstanceOf(SandboxLost);
      await bench.reacquire();
      const text = onlyText(await bench.call('bash', input, id), true);
      expect(text).toBe(
        'printed\nThe sandbox was replaced while this ran: its files are kept, its processes are gone. ' +
          'The command may have run in part; it was not run again.',
      );
      expect(await bash('wc -l <lost.txt')).toBe('1');
    });

    it('is told of before anything has run, so that the call can be made in the next one', async () => {
      const id = bench.newId();
      await bench.sandboxes.destroy('tools');
      await expect(bench.call('bash', { command: 'echo ran' }, id)).rejects.toThrow(SandboxLost);
      await bench.reacquire();
      expect(onlyText(await bench.call('bash', { command: 'echo ran' }, id), false)).toBe('ran');
    });

    it('still gives the result of what had ended in it', async () => {
      const id = bench.newId();
      const first = await bench.call('bash', { command: 'seq 1 50000; echo "$RANDOM"' }, id);
      await bench.sandboxes.destroy('tools');
      await bench.reacquire();
      expect(await bench.call('bash', { command: 'seq 1 50000; echo "$RANDOM"' }, id)).toEqual(first);
    });
  });
}
