import { styleText } from 'node:util';

export interface NextSteps {
  dataDir: string;
  sessionId: string;
  keep: boolean;
  scripted: boolean;
  /** Where the server is now, and where one that is started later will be. */
  url: string;
  laterUrl: string;
  pid: number;
  logFile: string;
  temporalUi: string | undefined;
}

/** Prints how to go on with the session: what to look at, and how to say something to it. */
export function printNextSteps(steps: NextSteps): void {
  const { keep, sessionId, dataDir, pid, logFile, temporalUi } = steps;
  const url = keep ? steps.url : steps.laterUrl;
  heading('Where to look next');
  if (keep) {
    item(`The server runs on at ${url} (pid ${pid}, log ${logFile}). To stop it:`, `kill ${pid}`);
    if (temporalUi !== undefined) {
      item('The session as Temporal sees it:', `${temporalUi}/namespaces/default/workflows/${sessionId}`);
    }
  } else {
    item(
      'The server has stopped; the session has not ended. Start it again on the same data:',
      `npx drover serve --data ${quote(dataDir)}`,
    );
    item('It says where sessions can be watched in Temporal’s UI. Then, as below, go on with this session.');
  }
  item('The log, decoded from Temporal’s history:', `npx drover log show ${sessionId} --data ${quote(dataDir)}`);
  item('Another message, with curl:', ...curlLines(url, steps));
  item('The same with the SDK:', ...sdkLines(url, steps));
}

function curlLines(url: string, { sessionId, dataDir, scripted }: NextSteps): string[] {
  const body = JSON.stringify({ events: [message(scripted)] });
  const key = `-H "x-api-key: $(cat ${quote(`${dataDir}/api-key`)})"`;
  return [
    `curl ${url}/v1/sessions/${sessionId}/events ${key} \\`,
    `  -H 'content-type: application/json' -d '${body}'`,
    `curl -N ${url}/v1/sessions/${sessionId}/events/stream ${key}`,
  ];
}

function sdkLines(url: string, { sessionId, dataDir, scripted }: NextSteps): string[] {
  return [
    `const apiKey = fs.readFileSync(${JSON.stringify(`${dataDir}/api-key`)}, 'utf8').trim();`,
    `const client = new Anthropic({ apiKey, baseURL: '${url}' });`,
    `await client.beta.sessions.events.send('${sessionId}', {`,
    `  events: [${JSON.stringify(message(scripted))}],`,
    '});',
  ];
}

/** A scripted model follows commands; a real one is asked. */
function message(scripted: boolean) {
  const text = scripted ? '/bash cat /workspace/primes.sh' : 'Now the first 30 of them.';
  return { type: 'user.message', content: [{ type: 'text', text }] };
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

function heading(text: string): void {
  console.log(`${styleText('bold', text, { stream: process.stdout })}\n`);
}

function item(text: string, ...lines: string[]): void {
  console.log([`  ${text}`, ...lines.map((line) => `      ${line}`), ''].join('\n'));
}
