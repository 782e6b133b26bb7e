import { randomUUID } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openInside } from './exec-output.js';
import { dropClaim } from './exec-record.js';
import type { Place } from './place.js';
import type { ExecCommand, Sandbox } from './sandbox.js';

const transferTimeoutMs = 10 * 60_000;

/**
 * Unpacks a tar stream inside the sandbox, by its own tar and as its own user: a link that a command has planted
 * leads nowhere else than it would lead the command.
 */
export async function putTar(sandbox: Sandbox, place: Place, target: string, tar: Readable): Promise<void> {
  // Under `in`, where the sandbox can read but not write.
  const name = `${randomUUID()}.tar`;
  const spool = path.join(place.in, name);
  try {
    await pipeline(tar, createWriteStream(spool));
    await chmod(spool, 0o644);
    const script = 'mkdir -p -- "$1" && tar -x --no-same-owner -C "$1" -f "/run/drover/in/$2"';
    await runOnce(sandbox, place, { script, args: [target, name], timeoutMs: transferTimeoutMs });
  } finally {
    await rm(spool, { force: true });
  }
}

/** Packs a path inside the sandbox and hands out the stream. */
export async function getTar(sandbox: Sandbox, place: Place, source: string, maxBytes: number): Promise<Readable> {
  const name = `tar-${randomUUID()}.pack`;
  const script = [
    'out=/run/drover/out/$2',
    'trap \'[ "$?" = 0 ] || rm -f "$out"\' EXIT',
    'tar -C "$(dirname -- "$1")" -cf - -- "$(basename -- "$1")" | head -c "$(($3 + 1))" >"$out"',
    'rc=("${PIPESTATUS[@]}"); size=$(stat -c %s "$out") || exit',
    'if ((size > $3)); then echo "larger than $3 bytes"; exit 1; fi',
    'exit "${rc[0]}"',
  ].join('\n');
  await runOnce(sandbox, place, { script, args: [source, name, String(maxBytes)], timeoutMs: transferTimeoutMs });
  const file = await openInside(place, name);
  if (!file) throw new Error(`the packed ${source} has vanished`);
  await rm(path.join(place.out, name), { force: true });
  return file.createReadStream({ end: Math.max(0, maxBytes - 1) });
}

async function runOnce(sandbox: Sandbox, place: Place, command: ExecCommand): Promise<void> {
  const execId = `transfer-${randomUUID()}`;
  await sandbox.start(execId, command);
  for (;;) {
    const seen = await sandbox.poll(execId, { offset: 0, waitMs: 10_000 });
    if (seen.state === 'running') {
      if (seen.chunk.length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    await sandbox.forget(execId);
    if (seen.state === 'exited' && seen.code === 0) return;
    await dropClaim(place, execId);
    throw new Error(`files could not be moved: ${Buffer.from(seen.chunk).toString().trim() || seen.state}`);
  }
}
