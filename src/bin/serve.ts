import { type Flags, readConfig } from '../config/config.js';
import { startServer } from './server.js';

/** Runs the server until SIGTERM or Ctrl-C. Says on stdout when it can take requests; everything else is on stderr. */
export async function serve(env: NodeJS.ProcessEnv, flags: Flags, version: string): Promise<void> {
  const config = readConfig(env, flags);
  // From the first moment on: what has been started by then is to be stopped, not left behind.
  const asked = stopAsked();
  void asked.then(() => setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref());
  const server = await startServer(config, { version, log });
  if (config.model.kind === 'scripted') log('no ANTHROPIC_API_KEY: a scripted model plays the model’s part');
  if (server.key.file !== undefined) log(`the API key for clients is in ${server.key.file}`);
  if (server.temporalUi !== undefined)
    log(`sessions can be watched at ${server.temporalUi} (TEMPORAL_ADDRESS=${server.temporalAddress})`);
  process.stdout.write(`drover ready at ${server.url}\n`);
  await Promise.race([asked, server.ended]);
  await server.stop();
  // Nothing is left to do; a connection that a library still holds must not keep us.
  process.exit(0);
}

/** Then it ends as it is. What runs on, the next start takes over. */
const STOP_WITHIN_MS = 4_800;

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Asked again it goes on stopping: an end half-way would leave the Temporal server behind. */
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}
