import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { run, setUp, smallSpec, type Backend, type Bench } from '../support/sandbox.js';

/** Persistent shells: each command starts where the last one of its shell stopped. */
export function describeSandboxShells(backend: Backend): void {
  describe('persistent shells', () => {
    let bench: Bench;
    let sandbox: Sandbox;
    const inShell = (script: string, more = {}) => run(sandbox, script, { shell: 'main', ...more });

    beforeAll(async () => {
      bench = setUp(backend);
      sandbox = await bench.sandboxes.acquire('shells', smallSpec);
    });
    afterAll(() => bench.clear());

    const setState = [
      'mkdir -p "/workspace/a b"; cd "/workspace/a b"',
      "plain='it''s'; multi=$'one\\ntwo'; list=(1 'two 2'); declare -A map=([k]=v); export SHARED=yes; name=kept",
      'greet() { echo "hi $1"; }; alias say=echo; shopt -s extglob; set -o pipefail; umask 027',
    ].join('\n');
    const showState = [
      'pwd; echo "$plain|$multi|${list[1]}|${map[k]}|$name"; printenv SHARED; greet you',
      'say aliased; shopt -q extglob && echo extglob; [[ -o pipefail ]] && echo pipefail; umask',
    ].join('\n');
    const state = '/workspace/a b\nits|one\ntwo|two 2|v|kept\nyes\nhi you\naliased\nextglob\npipefail\n0027\n';

    test('directory, variables, functions, aliases, options and umask are kept', async () => {
      await inShell(setState);
      expect((await inShell(showState)).output).toBe(state);
    });

    test('they survive exit, set -e, a syntax error, a timeout and an EXIT trap of the script', async () => {
      expect(await inShell('exit 3')).toMatchObject({ code: 3 });
      expect(await inShell('set -e; false; echo not reached')).toMatchObject({ code: 1, output: '' });
      await inShell('set +e');
      const broken = await inShell('echo "unbalanced');
      expect(broken).toMatchObject({ code: 2 });
      expect(broken.output).toContain('unexpected EOF');
      expect(await inShell('sleep 30', { timeoutMs: 300 })).toMatchObject({ reason: 'timeout' });
      expect(await inShell('trap "echo bye" EXIT; name=kept; exit 4')).toMatchObject({ code: 4, output: 'bye\n' });
      expect((await inShell(showState)).output).toBe(state);
    });

    test('they survive the replacement of the sandbox', async () => {
      await bench.sandboxes.destroy('shells');
      sandbox = await bench.sandboxes.acquire('shells', smallSpec);
      expect(sandbox.generation).toBe(2);
      expect((await inShell(showState)).output).toBe(state);
    });

    test('shells do not see each other, and a command without one starts afresh in the workspace', async () => {
      expect((await run(sandbox, 'echo "$plain"; pwd', { shell: 'other' })).output).toBe('\n/workspace\n');
      expect((await run(sandbox, 'echo "$plain"; pwd')).output).toBe('\n/workspace\n');
    });

    test('restart forgets the state and ends what still runs', async () => {
      await inShell('sleep 81 >/dev/null 2>&1 & until pgrep -f "[s]leep 81" >/dev/null; do sleep 0.05; done');
      expect((await inShell('pgrep -f "[s]leep 81" | wc -l')).output).toBe('1\n');
      const ended = await inShell('echo "$plain"; pwd; pgrep -f "[s]leep 81" | wc -l', { restart: true });
      expect(ended.output).toBe('\n/workspace\n0\n');
    });

    test('nothing of ours is in the environment', async () => {
      expect((await inShell('env | grep -i -E "sbx|drover"')).output).toBe('');
    });
  });
}
