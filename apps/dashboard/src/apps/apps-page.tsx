'use client';

import { useState, useSyncExternalStore } from 'react';
import dynamic from 'next/dynamic';
import { Plus } from 'lucide-react';
import { useMay } from '../access/use-me';
import { useApprovals } from '../approvals/approval-queries';
import { WaitingNotice } from '../approvals/waiting-notice';
import { useLiveApps } from '../live/use-live';
import { MoreButton } from '../platform/more-button';
import { QueryView } from '../platform/query-view';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Empty } from '../ui/notice';
import { useApps } from './app-queries';
import { AppRow } from './app-row';
import { commands } from './commands';
import { firstAppLines, FirstPush } from './first-push';

// Loaded when it is asked for.
const CreateAppDialog = dynamic(() => import('./create-app-dialog').then((part) => part.CreateAppDialog));

export function AppsPage() {
  useLiveApps();
  const [creating, setCreating] = useState(false);
  const mayDeploy = useMay('deploy');
  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-wrap items-center justify-between gap-4">
        <h1 className="text-2xl font-semibold tracking-tight">Apps</h1>
        {mayDeploy && (
          <Button tone="primary" onClick={() => setCreating(true)}>
            <Plus aria-hidden className="size-4" />
            Create app
          </Button>
        )}
      </div>
      <Waiting />
      <AppList />
      {creating && <CreateAppDialog onClose={() => setCreating(false)} />}
    </div>
  );
}

/** What waits for approval in any of them. */
function Waiting() {
  const waiting = useApprovals().data?.items ?? [];
  return <WaitingNotice deployments={waiting} showPlace />;
}

function AppList() {
  const apps = useApps();
  return (
    <QueryView query={apps} what="the apps">
      {({ pages }) => {
        const items = pages.flatMap((page) => page.items);
        if (items.length === 0) return <NoApps />;
        return (
          <>
            <ul className="flex flex-col gap-4">
              {items.map((app) => (
                <AppRow key={app.id} app={app} />
              ))}
            </ul>
            <MoreButton query={apps}>Show more apps</MoreButton>
            <Command text={commands.apps()} />
          </>
        );
      }}
    </QueryView>
  );
}

const unchanging = () => () => undefined;

function NoApps() {
  const [mayDeploy, mayRead] = [useMay('deploy'), useMay('read')];
  if (mayDeploy) return <FirstApp />;
  if (mayRead) return <Empty title="No app yet">The first one that somebody creates is shown here.</Empty>;
  return <Empty title="No app to see yet">You see the apps that you are a member of. Ask a sysadmin, or an admin of an app, to add you.</Empty>;
}

function FirstApp() {
  const origin = useSyncExternalStore(unchanging, () => window.location.origin, () => '');
  return (
    <FirstPush title="Deliver your first app" lines={firstAppLines('hello', `${origin}/git/hello.git`)}>
      <p className="text-[0.9rem] text-ink-faint">
        The first line may as well be the button above.
      </p>
    </FirstPush>
  );
}
