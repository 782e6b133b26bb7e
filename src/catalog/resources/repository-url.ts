import { invalid } from '../validate.js';

const FORM = /^https:\/\/github\.com\/([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))\/([A-Za-z0-9._-]{1,100})$/;

/** The repository's name; refuses every URL but `https://github.com/<owner>/<repo>`. */
export function repositoryName(url: string, field: string): string {
  const [, , name] = FORM.exec(url) ?? [];
  if (name === undefined || name.endsWith('.git') || /^\.+$/.test(name)) {
    throw invalid(field, 'must be https://github.com/<owner>/<repo>, without .git');
  }
  return name;
}
