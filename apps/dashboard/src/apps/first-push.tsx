import type { ReactNode } from 'react';
import { CommandBlock } from '../ui/command';
import { commands } from './commands';

const commitLine = 'git add -A && git commit -m "First version"';

/** Five lines from the folder of an app to its first version. */
export function firstPushLines(name: string, gitUrl: string): readonly string[] {
  return [`cd ${name}`, 'git init -b main', commitLine, `git remote add molo ${gitUrl}`, 'git push molo main'];
}

/** The same, for an app that is not created yet. */
export function firstAppLines(name: string, gitUrl: string): readonly string[] {
  return [commands.createApp(name), `cd ${name} && git init -b main`, commitLine, `git remote add molo ${gitUrl}`, 'git push molo main'];
}

interface FirstPushProps {
  readonly lines: readonly string[];
  readonly title: string;
  readonly children?: ReactNode;
}

export function FirstPush({ lines, title, children }: FirstPushProps) {
  return (
    <div className="grid gap-8 rounded-xl border border-line bg-surface p-6 shadow-card grid-cols-[minmax(0,1fr)] md:grid-cols-[minmax(0,5fr)_minmax(0,6fr)] md:items-center md:p-8">
      <div className="flex flex-col gap-3">
        <h2 className="text-xl font-semibold tracking-tight">{title}</h2>
        <p className="text-ink-soft">
          Molo builds a Node, Python or static app as it finds it, or your Dockerfile as it stands. The push ends when the new version serves, and tells its address.
        </p>
        <p className="text-[0.9rem] text-ink-faint">git asks for a user and a password: any name, and an API token from your account. With an SSH key it asks for nothing.</p>
        {children}
      </div>
      <CommandBlock lines={lines} label="Copy the five commands" />
    </div>
  );
}
