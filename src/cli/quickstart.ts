import Anthropic from '@anthropic-ai/sdk';
import { followTurn } from './follow.js';
import { printNextSteps } from './next-steps.js';
import { say, sayDim, seconds } from './print.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

/** What the quickstart has to be told; it knows nothing of the server but how to start it and its HTTP API. */
export interface QuickstartOptions {
  /** The `drover` program, and its arguments for `serve`. */
  program: string;
  serveArguments: string[];
  /** Absolute; the directory the server keeps everything in. */
  dataDir: string;
  /** The URL that a server started later by `drover serve` will have. */
  laterUrl: string;
  scripted: boolean;
  model: string;
  task: string;
  keep: boolean;
  /** Known once the server runs. */
  apiKey(): string;
  temporalUi(): string | undefined;
}

/** Starts a server, has an agent do one task, and says where to go on. Throws with the server's last words when it fails. */
export async function quickstart(options: QuickstartOptions): Promise<void> {
  const { dataDir, keep } = options;
  console.log(firstLine(options));
  const began = performance.now();
  const server = startServerProcess({
    program: options.program,
    serveArguments: options.serveArguments,
    dataDir,
    outlivesUs: keep,
    onLine: (line) => sayDim('server', line),
  });
  stopOnSignal(server);
  let isDone = false;
  try {
    const url = await server.ready;
    sayDim('server', `ready after ${seconds(performance.now() - began)}`);
    const client = new Anthropic({ apiKey: options.apiKey(), baseURL: url });
    const sessionId = await Promise.race([runTask(client, options), server.died]);
    isDone = true;
    printNextSteps({
      ...options,
      url,
      sessionId,
      pid: server.pid,
      logFile: server.logFile,
      temporalUi: options.temporalUi(),
    });
  } finally {
    if (keep && isDone) server.letGo();
    else await server.stop();
  }
}

function firstLine({ scripted, model }: QuickstartOptions): string {
  return scripted
    ? 'No ANTHROPIC_API_KEY: a SCRIPTED MODEL plays the model’s part. All else is real: log, workflow, sandbox, stream.'
    : `A real model, ${model}, gets a small task.`;
}

/** Through the official SDK, as any client would. Returns the session's id. */
async function runTask(client: Anthropic, { model, task }: QuickstartOptions): Promise<string> {
  const { agents, environments, sessions } = client.beta;
  const agent = await agents.create({
    name: 'quickstart',
    model,
    system: 'You are a careful programmer. Work in /workspace and keep your answers short.',
    tools: [{ type: 'agent_toolset_20260401' }],
  });
  const environment = await environments.create({ name: 'quickstart' });
  const session = await sessions.create({ agent: agent.id, environment_id: environment.id, title: 'Quickstart' });
  say('created', `${agent.id}, ${environment.id}, ${session.id}\n`);
  say('you', `${task}\n`);
  // Opened first: a stream shows what happens from then on.
  const stream = await sessions.events.stream(session.id);
  const began = performance.now();
  await sessions.events.send(session.id, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: task }] }],
  });
  const turn = await followTurn(stream);
  const { input_tokens = 0, output_tokens = 0 } = turn.usage;
  const tokens = `${input_tokens.toLocaleString('en')} tokens in, ${output_tokens.toLocaleString('en')} out`;
  say(
    'done',
    `in ${seconds(performance.now() - began)}: ${turn.requests} model requests, ${turn.calls} tool calls, ${tokens}\n`,
  );
  return session.id;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

function stopOnSignal(server: ServerProcess): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      sayDim('server', 'stops');
      void server.stop().finally(() => process.exit(EXIT_CODES[signal]));
    });
  }
}
