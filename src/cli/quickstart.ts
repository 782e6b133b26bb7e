import { printNextSteps } from './next-steps.js';
import { sayDim, seconds } from './print.js';
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
    // While the server starts: reading the SDK takes a while too.
    const [{ runTask }, url] = await Promise.all([import('./task.js'), server.ready]);
    sayDim('server', `ready after ${seconds(performance.now() - began)}`);
    const running = runTask({ url, apiKey: options.apiKey(), model: options.model, task: options.task });
    const sessionId = await Promise.race([running, server.died]);
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

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

function stopOnSignal(server: ServerProcess): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      sayDim('server', 'stops');
      void server.stop().finally(() => process.exit(EXIT_CODES[signal]));
    });
  }
}
