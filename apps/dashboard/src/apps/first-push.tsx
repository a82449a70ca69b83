import type { ReactNode } from 'react';
import { CommandBlock } from '../ui/command';

/** Five lines from a folder to a live app. */
export function firstPushLines(name: string, gitUrl: string): readonly string[] {
  return [`cd ${name}`, 'git init -b main', 'git add -A && git commit -m "First version"', `git remote add molo ${gitUrl}`, 'git push molo main'];
}

interface FirstPushProps {
  readonly name: string;
  readonly gitUrl: string;
  readonly title: string;
  readonly children?: ReactNode;
}

export function FirstPush({ name, gitUrl, title, children }: FirstPushProps) {
  return (
    <div className="grid gap-8 rounded-xl border border-line bg-surface p-6 shadow-card md:grid-cols-[minmax(0,5fr)_minmax(0,6fr)] md:items-center md:p-8">
      <div className="flex flex-col gap-3">
        <h2 className="text-xl font-semibold tracking-tight">{title}</h2>
        <p className="text-ink-soft">
          Molo builds a Node, Python or static app as it finds it, or your Dockerfile as it stands. The push ends when the new version serves, and tells its address.
        </p>
        <p className="text-[0.9rem] text-ink-faint">git asks for a user and a password: any name, and an API token from your account. With an SSH key it asks for nothing.</p>
        {children}
      </div>
      <CommandBlock lines={firstPushLines(name, gitUrl)} label="Copy the five commands" />
    </div>
  );
}
