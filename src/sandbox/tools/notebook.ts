import { z } from 'zod';

/** A Jupyter notebook (nbformat 4) as text: each cell's source and the text of its outputs. Nothing when it is none. */
export function notebookText(json: string): string | undefined {
  const parsed = notebook.safeParse(parseJson(json));
  return parsed.success ? parsed.data.cells.map(cellText).join('\n\n') : undefined;
}

const lines = z.union([z.string(), z.array(z.string()).transform((parts) => parts.join(''))]);

const output = z.object({
  output_type: z.string(),
  text: lines.optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  ename: z.string().optional(),
  evalue: z.string().optional(),
});

const cell = z.object({
  cell_type: z.string(),
  source: lines,
  execution_count: z.number().nullish(),
  outputs: z.array(output).optional(),
});

const notebook = z.object({ nbformat: z.number(), cells: z.array(cell) });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function cellText({ cell_type, source, execution_count, outputs = [] }: z.infer<typeof cell>, index: number): string {
  const run = execution_count ? `, run ${execution_count}` : '';
  const parts = [`[cell ${index + 1}: ${cell_type}${run}]`, source];
  for (const shown of outputs.map(outputText)) parts.push(`[output of cell ${index + 1}]`, shown);
  return parts.filter((part) => part !== '').join('\n');
}

function outputText({ output_type, text, data = {}, ename, evalue }: z.infer<typeof output>): string {
  if (output_type === 'error') return `${ename ?? 'error'}: ${evalue ?? ''}`;
  if (text !== undefined) return text.trimEnd();
  const plain = lines.safeParse(data['text/plain']);
  const media = Object.keys(data).filter((type) => !type.startsWith('text/'));
  return [plain.success ? plain.data : '', ...media.map((type) => `(${type}, not shown)`)].filter(Boolean).join('\n');
}
