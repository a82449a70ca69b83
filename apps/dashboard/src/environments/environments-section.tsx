'use client';

import { useState } from 'react';
import type { App, EnvironmentSummary } from '@molo/contracts';
import { useMay } from '../access/use-me';
import { commands } from '../apps/commands';
import { ConfirmDialog } from '../platform/confirm-dialog';
import { Button } from '../ui/button';
import { Card, Section } from '../ui/card';
import { Chip } from '../ui/chip';
import { Command } from '../ui/command';
import { CreateEnvironmentDialog } from './create-environment-dialog';
import { useProtect, useRemoveEnvironment } from './environment-queries';
import { PromoteDialog } from './promote-dialog';

type Asking = { readonly what: 'promote' | 'protect' | 'remove'; readonly environment: EnvironmentSummary };

/** The environments of an app: which branch deploys each, whether it is protected, and what can be done with it. */
export function EnvironmentsSection({ app }: { readonly app: App }) {
  const [creating, setCreating] = useState(false);
  const [asking, setAsking] = useState<Asking>();
  const administers = useMay('administer', app.name);
  const close = () => setAsking(undefined);
  return (
    <Section
      title="Environments"
      hint="Each has an address, config, instances and releases of its own, and a branch that deploys it."
      actions={
        administers && (
          <Button size="s" onClick={() => setCreating(true)}>
            Create environment
          </Button>
        )
      }
    >
      <ul className="flex flex-col gap-3">
        {app.environments.map((environment) => (
          <EnvironmentRow key={environment.name} app={app} environment={environment} onAsk={(what) => setAsking({ what, environment })} />
        ))}
      </ul>
      <Command text={commands.environments(app.name)} />
      {creating && <CreateEnvironmentDialog app={app.name} onClose={() => setCreating(false)} />}
      {asking?.what === 'promote' && <PromoteDialog app={app} source={asking.environment} onClose={close} />}
      {asking?.what === 'protect' && <ProtectDialog app={app.name} environment={asking.environment} onClose={close} />}
      {asking?.what === 'remove' && <RemoveDialog app={app.name} environment={asking.environment} onClose={close} />}
    </Section>
  );
}

interface EnvironmentRowProps {
  readonly app: App;
  readonly environment: EnvironmentSummary;
  readonly onAsk: (what: Asking['what']) => void;
}

function EnvironmentRow({ app, environment, onAsk }: EnvironmentRowProps) {
  const { name, protected: isProtected, liveRelease } = environment;
  const [mayDeploy, administers, isSysadmin] = [useMay('deploy', app.name), useMay('administer', app.name), useMay('administer')];
  const isProduction = name === 'production';
  return (
    <li>
      <Card className="flex flex-wrap items-center gap-x-6 gap-y-3 px-5 py-4">
        <div className="min-w-0 flex-1 basis-56">
          <h3 className="flex flex-wrap items-center gap-2 font-semibold">
            {name} {isProtected && <Chip tone="warn">Protected</Chip>}
          </h3>
          <p className="text-[0.9rem] text-ink-soft wrap-anywhere">
            Branch <code className="font-mono text-[0.83rem]">{isProduction ? app.deployBranch : name}</code>, {liveRelease === null ? 'nothing live yet' : `v${liveRelease.number} is live`}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          {mayDeploy && liveRelease !== null && app.environments.length > 1 && (
            <Button size="s" onClick={() => onAsk('promote')} aria-label={`Promote ${name}`}>
              Promote
            </Button>
          )}
          {isSysadmin && (
            <Button size="s" onClick={() => onAsk('protect')} aria-label={`${isProtected ? 'Unprotect' : 'Protect'} ${name}`}>
              {isProtected ? 'Unprotect' : 'Protect'}
            </Button>
          )}
          {!isProduction && administers && (isSysadmin || !isProtected) && (
            <Button size="s" tone="danger" onClick={() => onAsk('remove')} aria-label={`Remove ${name}`}>
              Remove
            </Button>
          )}
        </div>
      </Card>
    </li>
  );
}

interface AskingProps {
  readonly app: string;
  readonly environment: EnvironmentSummary;
  readonly onClose: () => void;
}

function ProtectDialog({ app, environment: { name, protected: isProtected }, onClose }: AskingProps) {
  const change = useProtect({ app, environment: name }, !isProtected);
  return (
    <ConfirmDialog
      title={`${isProtected ? 'Take the protection from' : 'Protect'} ${name} of ${app}?`}
      command={commands.protect(app, name, !isProtected)}
      action={isProtected ? 'Unprotect' : 'Protect'}
      tone={isProtected ? 'danger' : 'primary'}
      change={change}
      onClose={onClose}
    >
      {isProtected
        ? 'Whoever may deploy then does so without asking. What waits for approval by now still waits.'
        : 'Pushes, promotions, rollbacks, redeploys and changes of config and instances by whoever is no sysadmin then wait until one approves them.'}
    </ConfirmDialog>
  );
}

function RemoveDialog({ app, environment: { name }, onClose }: AskingProps) {
  const remove = useRemoveEnvironment({ app, environment: name });
  return (
    <ConfirmDialog title={`Remove ${name} of ${app}?`} command={commands.removeEnvironment(app, name)} action={`Remove ${name}`} change={remove} onClose={onClose}>
      Its instances stop, its addresses lead nowhere, and its config and releases go. Its branch stays. This cannot be undone.
    </ConfirmDialog>
  );
}
