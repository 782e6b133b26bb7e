import { quickstart } from '../cli/quickstart.js';
import { loadApiKey } from '../config/api-key.js';
import { type Config, type Flags, readConfig } from '../config/config.js';
import { QUICKSTART_TASK } from '../model/scripted-task.js';
import { readRecord } from '../temporal/server/embedded-record.js';
import { PROGRAM } from './package-paths.js';

export interface QuickstartFlags extends Flags {
  keep?: boolean;
}

/** Tells the quickstart what the configuration says, and turns its failure into a message and exit code 1. */
export async function runQuickstart(
  env: NodeJS.ProcessEnv,
  { keep = false, ...flags }: QuickstartFlags,
): Promise<void> {
  const config = readConfig(env, flags);
  const { dataDir } = config;
  const scripted = config.model.kind === 'scripted';
  try {
    await quickstart({
      program: PROGRAM,
      serveArguments: argumentsOf({ ...flags, data: dataDir, port: flags.port ?? '0' }),
      dataDir,
      laterUrl: `http://127.0.0.1:${config.port === 0 ? 'PORT' : config.port}`,
      scripted,
      model: env['DROVER_QUICKSTART_MODEL'] ?? (scripted ? 'scripted' : firstModel(config)),
      task: QUICKSTART_TASK,
      keep,
      apiKey: () => loadApiKey(config).value,
      temporalUi: () => uiOf(config.temporal.address, dataDir),
    });
  } catch (error) {
    console.error(`quickstart failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

const MODEL = 'claude-sonnet-5-5';

/** The first that a file of models names, if there is one. */
function firstModel({ model }: Config): string {
  return Object.keys(model.file?.models ?? {}).find((id) => !id.endsWith('*')) ?? MODEL;
}

function argumentsOf(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
}

function uiOf(address: string | undefined, dataDir: string): string | undefined {
  const record = address === undefined ? readRecord(dataDir) : undefined;
  return record && `http://127.0.0.1:${record.uiPort}`;
}
