import { Command } from 'commander';
import type { Flags } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import type { KeyFlags, Terminal } from './key.js';
import type { ExportFlags } from './export.js';
import type { QuickstartFlags } from './quickstart.js';
import type { WebhookCreateFlags, WebhookFlags } from './webhook.js';

/** The command line. Each command is loaded when it is asked for, so that `--help` and `doctor` answer at once. */
export async function run(argv: string[], version: string): Promise<void> {
  try {
    await commands(version).parseAsync(argv);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

function commands(version: string): Command {
  const drover = new Command('drover').description('A self-hosted server for the Managed Agents API.').version(version);
  withFlags(drover.command('doctor'))
    .description('say what was found on this machine, what is missing, and how to mend it')
    .action(async (flags: Flags) => {
      const { doctor } = await import('./doctor.js');
      process.exitCode = (await doctor(process.env, flags, print)) ? 0 : 1;
    });
  withFlags(drover.command('serve'))
    .description('run the server until SIGTERM or Ctrl-C')
    .action(async (flags: Flags) => (await import('./serve.js')).serve(process.env, flags, version));
  withFlags(drover.command('quickstart'))
    .description('start a server, have an agent do one task, and say where to go on')
    .option('--keep', 'leave the server running')
    .action(async (flags: QuickstartFlags) => (await import('./quickstart.js')).runQuickstart(process.env, flags));
  addLogCommands(drover.command('log').description('look at a session’s log, and check or mend its projection'));
  withDataFlags(drover.command('vault').description('the secrets of vaults').command('rotate'))
    .description('put all secrets under a new key (DROVER_VAULT_NEXT_KEY, or a new key file); no server may run')
    .action(async (flags: Flags) => (await import('./vault.js')).rotateVault(process.env, flags, print));
  addKeyCommands(drover.command('key').description('keys of the API and of environments; a server must run'));
  addWorkspaceCommands(drover.command('workspace').description('rooms of their own for keys; a server must run'));
  addWebhookCommands(drover.command('webhook').description('where events are sent to; a server must run'));
  withDataFlags(drover.command('export <what>'))
    .description(
      'write a session (its id), an agent (its id) or the whole workspace as JSON lines and files; a server must run',
    )
    .option('--out <directory>', 'the directory to make (drover-export-<what>)')
    .action(async (what: string, flags: ExportFlags) =>
      (await import('./export.js')).runExport(process.env, what, flags, TERMINAL),
    );
  return drover;
}

function addKeyCommands(key: Command): void {
  withDataFlags(key.command('create'))
    .description('make a key and print it; nobody can be shown it again')
    .option('--name <name>', 'what it is for')
    .option('--workspace <id>', 'what it opens (the default workspace)')
    .option('--scopes <scopes>', 'of read, write and admin, those that it has (read,write)')
    .option('--environment <id>', 'for the workers of this self-hosted environment')
    .action(async (flags: KeyFlags) => (await import('./key.js')).createKey(process.env, flags, TERMINAL));
  withDataFlags(key.command('list'))
    .description('a line for each key, revoked ones too')
    .option('--workspace <id>', 'of this workspace (the default one)')
    .option('--environment <id>', 'of this environment')
    .action(async (flags: KeyFlags) => (await import('./key.js')).listKeys(process.env, flags, TERMINAL));
  withDataFlags(key.command('revoke <key>'))
    .description('by its id: from the next request on it opens nothing')
    .action(async (id: string, flags: Flags) => (await import('./key.js')).revokeKey(process.env, id, flags, TERMINAL));
}

function addWorkspaceCommands(workspace: Command): void {
  withDataFlags(workspace.command('create <name>'))
    .description('make a workspace and print its id')
    .action(async (name: string, flags: Flags) =>
      (await import('./workspace.js')).createWorkspace(process.env, name, flags, TERMINAL),
    );
  withDataFlags(workspace.command('archive <workspace>'))
    .description('for good: its keys are revoked, its deployments run no more, and nothing of it is deleted')
    .action(async (id: string, flags: Flags) =>
      (await import('./workspace.js')).archiveWorkspace(process.env, id, flags, TERMINAL),
    );
  withDataFlags(workspace.command('list'))
    .description('a line for each workspace, archived ones too')
    .action(async (flags: Flags) => (await import('./workspace.js')).listWorkspaces(process.env, flags, TERMINAL));
}

function addWebhookCommands(webhook: Command): void {
  const add = (command: string, description: string): Command =>
    withDataFlags(webhook.command(command))
      .description(description)
      .option('--workspace <id>', 'of this workspace (the default one)');
  add('create <url>', 'make an endpoint and print its signing secret; nobody can be shown it again')
    .option('--events <types>', 'what it is told of, such as session.status_idled,agent.created (everything)')
    .option('--name <name>', 'what it is called')
    .option('--description <text>', 'what it is for')
    .action(async (url: string, flags: WebhookCreateFlags) =>
      (await loadWebhook()).createWebhook(process.env, url, flags, TERMINAL),
    );
  add('list', 'a line for each endpoint').action(async (flags: WebhookFlags) =>
    (await loadWebhook()).listWebhooks(process.env, flags, TERMINAL),
  );
  add('show <webhook>', 'one endpoint, as JSON').action(async (id: string, flags: WebhookFlags) =>
    (await loadWebhook()).showWebhook(process.env, id, flags, TERMINAL),
  );
  add('new-secret <webhook>', 'make another signing secret and print it; the old one is of no more use').action(
    async (id: string, flags: WebhookFlags) => (await loadWebhook()).renewSecret(process.env, id, flags, TERMINAL),
  );
  add('enable <webhook>', 'tell it of what happens from now on').action(async (id: string, flags: WebhookFlags) =>
    (await loadWebhook()).switchWebhook(process.env, id, 'enabled', flags, TERMINAL),
  );
  add('disable <webhook>', 'tell it of nothing more').action(async (id: string, flags: WebhookFlags) =>
    (await loadWebhook()).switchWebhook(process.env, id, 'disabled', flags, TERMINAL),
  );
  add('delete <webhook>', 'for good').action(async (id: string, flags: WebhookFlags) =>
    (await loadWebhook()).deleteWebhook(process.env, id, flags, TERMINAL),
  );
}

function loadWebhook() {
  return import('./webhook.js');
}

function addLogCommands(log: Command): void {
  withDataFlags(log.command('show <session>'))
    .description('print the log, decoded from Temporal’s history alone')
    .option('--json', 'whole entries, one JSON object a line')
    .action(async (session: string, { json = false, ...flags }: Flags & { json?: boolean }) =>
      (await import('./log.js')).showLog(flags, session, { json }, print),
    );
  withDataFlags(log.command('verify <session>'))
    .description('compare history and projection and check the log’s invariants; exit code 1 on a difference')
    .action(async (session: string, flags: Flags) => {
      const { verifyLog } = await import('./log.js');
      process.exitCode = (await verifyLog(flags, session, print)) ? 0 : 1;
    });
  withDataFlags(log.command('rebuild <session>'))
    .description('drop the projection of a session and make it again from history; no server may run')
    .action(async (session: string, flags: Flags) => (await import('./log.js')).rebuildLog(flags, session, print));
}

function print(line: string): void {
  console.log(line);
}

const TERMINAL: Terminal = { print, note: (line) => console.error(line) };

/** The flags of every command that reads the whole configuration; the environment's variables stand behind them. */
function withFlags(command: Command): Command {
  return withDataFlags(command)
    .option('--host <host>', 'address to listen on (DROVER_HOST, 127.0.0.1)')
    .option('--port <port>', 'port to listen on, 0 picks one (DROVER_PORT, 8787)')
    .option('--sandbox <backend>', 'auto, docker or bubblewrap (DROVER_SANDBOX, auto)')
    .option('--model <model>', 'auto, anthropic or scripted (DROVER_MODEL, auto)')
    .option('--models <file>', 'which backend serves which model (DROVER_MODELS, models.json in the data directory)');
}

/** Where the data is. */
function withDataFlags(command: Command): Command {
  return command
    .option('--data <directory>', 'where everything is kept (DROVER_DATA, .drover)')
    .option('--temporal-address <host:port>', 'a Temporal server to use instead of our own (DROVER_TEMPORAL_ADDRESS)')
    .option('--temporal-namespace <name>', 'its namespace (DROVER_TEMPORAL_NAMESPACE, default)');
}
