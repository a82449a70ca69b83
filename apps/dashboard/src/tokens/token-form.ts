import { shellWord } from '../text/shell-word';
import type { NewToken } from './token-holder';

export const lifetimes = [
  { value: '30', name: '30 days' },
  { value: '90', name: '90 days' },
  { value: '365', name: 'a year' },
  { value: 'never', name: 'no end' },
] as const;

/** The names typed, each once; nothing where none was: that is every app. */
export function appsIn(text: string): { readonly apps?: string[] } {
  const apps = [...new Set(text.split(/[\s,;]+/).filter((name) => name !== ''))];
  return apps.length === 0 ? {} : { apps };
}

/** As `molo tokens create` takes them; what it does by itself is not said. */
export function commandOptions({ rights, apps, expiresInDays }: NewToken): string {
  const isUsual = rights.length === 2 && rights.includes('read') && rights.includes('deploy');
  const options = [
    isUsual || rights.length === 0 ? '' : `--rights ${rights.join(' ')}`,
    apps === undefined ? '' : `--apps ${apps.map(shellWord).join(' ')}`,
    expiresInDays === null ? '--no-expires' : expiresInDays === 365 ? '' : `--expires ${expiresInDays}`,
  ];
  return options.filter((option) => option !== '').map((option) => ` ${option}`).join('');
}
