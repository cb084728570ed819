// What the documents promise in a form that can be tried: commands, flags, environment variables.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from './places';

export function read(file: string): string {
  return readFileSync(path.join(repository, file), 'utf8');
}

/** Everything a document sets as code: indented lines, fenced lines, and what stands between backticks. */
export function code(markdown: string): string[] {
  const samples: string[] = [];
  let fenced = false;
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) fenced = !fenced;
    else if (fenced || line.startsWith('    ')) samples.push(line.trim());
    else for (const [, inline = ''] of line.matchAll(/`([^`]+)`/g)) samples.push(inline);
  }
  return samples;
}

export interface Flag {
  /** With its two dashes. */
  name: string;
  variable: string;
  /** The value that holds without the flag; undefined where it depends on the machine or there is none. */
  default?: string;
}

/** The flags of a `--help`, but for `--help` and `--version`. */
export function helpFlags(help: string): Flag[] {
  const entries = help.split(/^ +(?:-\w, )?(?=--[a-z])/m).slice(1);
  const flags = entries.map((entry) => ({
    name: /^--[a-z-]+/.exec(entry)?.[0] ?? '',
    variable: /\[env: (\w+)=?/.exec(entry)?.[1] ?? '',
    default: /\[default: ([^\]]+)\]/.exec(entry)?.[1],
  }));
  return flags.filter(({ name }) => !['--help', '--version'].includes(name));
}

/** The flags of the table below a heading; two in one row share what the row says. */
export function tableFlags(markdown: string, heading: string): Omit<Flag, 'variable'>[] {
  const section = markdown.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return section.split('\n').flatMap((row) => {
    const [, names = '', value = ''] = row.split('|').map((cell) => cell.trim());
    return [...names.matchAll(/--[a-z][a-z-]*/g)].map(([name]) => ({ name, default: /^`([^`]+)`$/.exec(value)?.[1] }));
  });
}
