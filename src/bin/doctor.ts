import { readConfig } from '../config/config.js';
import type { Config, Flags } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import { checkDataDirectory, checkDisk } from './doctor-data.js';
import type { Finding } from './doctor-finding.js';
import { checkSandboxes } from './doctor-sandboxes.js';
import { checkTemporal } from './doctor-temporal.js';

/** Prints what was found on this machine and how to mend what is missing; whether the server can do its job here. Changes nothing. */
export async function doctor(env: NodeJS.ProcessEnv, flags: Flags, print: (line: string) => void): Promise<boolean> {
  const findings = [checkNode(), ...(await checkConfigured(env, flags))];
  for (const finding of findings) print(format(finding));
  const missing = findings.filter((finding) => finding.state === 'missing');
  print(
    missing.length === 0
      ? 'drover can run here'
      : `drover cannot run here: ${missing.map((one) => one.what).join(', ')}`,
  );
  return missing.length === 0;
}

async function checkConfigured(env: NodeJS.ProcessEnv, flags: Flags): Promise<Finding[]> {
  const config = readOrFindings(env, flags);
  if (Array.isArray(config)) return config;
  const [temporal, sandboxes, disk] = await Promise.all([
    checkTemporal(config, env),
    checkSandboxes(config, env),
    checkDisk(config),
  ]);
  return [temporal, ...sandboxes, checkModel(config), checkDataDirectory(config), disk];
}

function readOrFindings(env: NodeJS.ProcessEnv, flags: Flags): Config | Finding[] {
  try {
    return readConfig(env, flags);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return error.message.split('\n').map((found) => ({ state: 'missing', what: 'Configuration', found }));
  }
}

function checkNode(): Finding {
  return { state: 'ok', what: 'Node', found: process.versions.node };
}

function checkModel({ model }: Config): Finding {
  const what = 'Model';
  if (model.kind === 'scripted') {
    const mend = 'for a real model set ANTHROPIC_API_KEY, or DROVER_UPSTREAM_URL for another Messages API';
    return { state: 'note', what, found: 'no key: a script plays the model', mend };
  }
  const api = model.upstreamUrl === undefined ? 'the hosted API' : new URL(model.upstreamUrl).host;
  return { state: 'ok', what, found: `${api}, ${model.apiKey === undefined ? 'without a key' : 'with a key'}` };
}

function format({ state, what, found, mend }: Finding): string {
  const line = `${state.padEnd(8)} ${what.padEnd(15)} ${found}`;
  return mend === undefined ? line : `${line}\n${' '.repeat(25)}mend: ${mend}`;
}
