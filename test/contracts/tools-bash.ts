import { patience } from '../support/patience.js';
import type { Workbench } from './tools-workbench.js';

export function describeBash(bench: Workbench): void {
  const bash = (command: string) => bench.text('bash', { command });
  const bashError = (command: string) => bench.error('bash', { command });

  describe('bash', () => {
    it('gives what was printed, stdout and stderr together and in order', async () => {
      expect(await bash('echo one; echo two >&2; echo three')).toBe('one\ntwo\nthree');
    });

    it('has an empty stdin', async () => {
      expect(await bash('cat; echo done')).toBe('done');
    });

    it('says when there was no output', async () => {
      expect(await bash('true')).toBe('(no output)');
    });

    it('drops terminal codes, keeps unicode', async () => {
      expect(await bash(String.raw`printf '\033[1;31mrot\033[0m \360\237\220\202\n\n'`)).toBe('rot 🐂');
    });

    it('makes an error of a non-zero exit: the output, or the status when there is none', async () => {
      expect(await bashError('echo oops; exit 3')).toBe('oops');
      expect(await bashError('exit 3')).toBe('exit 3');
      expect(await bashError('no-such-command')).toMatch(/no-such-command: command not found/);
    });

    it('keeps directory, variables and functions from call to call, also past an exit', async () => {
      await bash('mkdir -p deep && cd deep && NAME=value && greet() { echo "hello $1"; }');
      await bashError('exit 1');
      expect(await bash('pwd; echo "$NAME"; greet you')).toBe('/workspace/deep\nvalue\nhello you');
    });

    it('restarts: alone, and before a command', async () => {
      await bash('cd /tmp; LEFT=over');
      expect(await bench.text('bash', { restart: true })).toBe('bash session restarted');
      expect(await bash('pwd; echo "[$LEFT]"')).toBe('/workspace\n[]');
      await bash('LEFT=over');
      expect(await bench.text('bash', { restart: true, command: 'echo "[$LEFT]"' })).toBe('[]');
    });

    it('ends a command at its timeout and shows what it had printed', async () => {
      const started = performance.now();
      const text = await bench.error('bash', { command: 'echo before; sleep 30; echo after', timeout_ms: 1000 });
      expect(text).toBe('before\nbash: bash command timed out after 1000ms');
      expect(performance.now() - started).toBeLessThan(patience(5_000));
    });

    it('passes a script on as it is', async () => {
      const command = "cat <<'END'\n$HOME `x` \"quoted\" \\ $(date) '\nEND\n: '$1' # no newline at the end";
      expect(await bash(command)).toBe('$HOME `x` "quoted" \\ $(date) \'');
    });

    it('has no network but loopback', async () => {
      expect(await bash('ls /sys/class/net 2>/dev/null || tail -n +3 /proc/net/dev | cut -d: -f1 | xargs')).toBe('lo');
    });
  });

  describe('long output', () => {
    it('is whole up to 100,000 characters', async () => {
      const text = await bash("head -c 100000 /dev/zero | tr '\\0' x");
      expect(text).toBe('x'.repeat(100_000));
    });

    it('past them: its first and last characters, and all of it in a file', async () => {
      const id = bench.newId();
      const result = await bench.call('bash', { command: 'seq 1 100000' }, id);
      const [block] = result.content;
      const text = block?.type === 'text' ? block.text : '';
      expect(result.is_error).toBe(false);
      expect(text.startsWith('[output truncated]\n1\n2\n3\n')).toBe(true);
      expect(text.endsWith('99999\n100000')).toBe(true);
      expect(text).toContain(`(588895 bytes). All of it is in /mnt/session/tool_results/${id}.txt`);
      expect(text.length).toBeLessThan(5_000);
      expect(await bash(`cmp <(seq 1 100000) /mnt/session/tool_results/${id}.txt && echo same`)).toBe('same');
      // Asked again it is neither run nor written again, and says the same.
      expect(await bench.call('bash', { command: 'seq 1 100000' }, id)).toEqual(result);
      expect(await bash(`wc -c </mnt/session/tool_results/${id}.txt`)).toBe('588895');
    });

    it('of several pieces is kept in order', async () => {
      const id = bench.newId();
      await bench.call('bash', { command: 'seq 1 1500000' }, id);
      expect(await bash(`cmp <(seq 1 1500000) /mnt/session/tool_results/${id}.txt && echo same`)).toBe('same');
    });

    it('of fewer characters but over 100 KiB keeps the last 100 KiB, from a whole character on', async () => {
      const text = await bash("yes 'ああああああああああああああああああああ' | head -n 2000; printf x");
      expect(text.startsWith('[output truncated]\nあ')).toBe(true);
      expect(text).not.toContain('\u{FFFD}');
      const body = text.slice(text.indexOf('\n') + 1, text.lastIndexOf('\n['));
      expect(body.endsWith('ああ\nx')).toBe(true);
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(102_400);
      expect(Buffer.byteLength(body)).toBeGreaterThan(102_400 - 4);
      expect(text).toContain('All of it is in /mnt/session/tool_results/');
    });

    it('still ends with how the command went', async () => {
      const text = await bench.error('bash', { command: 'seq 1 100000; sleep 30', timeout_ms: 1500 });
      expect(text.endsWith('99999\n100000\nbash: bash command timed out after 1500ms')).toBe(true);
    });
  });
}
