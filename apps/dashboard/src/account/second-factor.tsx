'use client';

import { useState } from 'react';
import dynamic from 'next/dynamic';
import { useQuery } from '@tanstack/react-query';
import type { SecondFactor } from '@molo/contracts';
import { accountCommands } from './account-commands';
import { molo } from '../platform/client';
import { QueryView } from '../platform/query-view';
import { Ago } from '../ui/ago';
import { Button } from '../ui/button';
import { Card, Section } from '../ui/card';
import { Chip } from '../ui/chip';
import { Command } from '../ui/command';

const EnableSecondFactorDialog = dynamic(() => import('./enable-second-factor-dialog').then((part) => part.EnableSecondFactorDialog));
const DisableSecondFactorDialog = dynamic(() => import('./second-factor-dialogs').then((part) => part.DisableSecondFactorDialog));
const RecoveryCodesDialog = dynamic(() => import('./second-factor-dialogs').then((part) => part.RecoveryCodesDialog));

/** Fewer are soon gone. */
const fewCodes = 3;

export function SecondFactorSection({ email }: { readonly email: string }) {
  const secondFactor = useQuery({ queryKey: ['second-factor'], queryFn: ({ signal }) => molo.getSecondFactor({}, { signal }) });
  return (
    <Section title="Second factor" hint="A code of an authenticator app, asked for besides the password.">
      <QueryView query={secondFactor} what="the second factor">
        {(data) => <State secondFactor={data} email={email} />}
      </QueryView>
      <Command text={accountCommands.secondFactor()} />
    </Section>
  );
}

function State({ secondFactor: { since, recoveryCodesLeft }, email }: { readonly secondFactor: SecondFactor; readonly email: string }) {
  const [asked, setAsked] = useState<'enable' | 'disable' | 'codes'>();
  const close = () => setAsked(undefined);
  return (
    <Card className="flex flex-wrap items-center gap-x-5 gap-y-3 px-5 py-4">
      <div className="min-w-0 flex-1 basis-64">
        {since === null ? (
          <p className="text-ink-soft">You sign in with the password alone.</p>
        ) : (
          <>
            <p className="flex flex-wrap items-center gap-2.5 font-medium">
              You sign in with password and code <Chip tone="good">on</Chip>
            </p>
            <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-[0.87rem] text-ink-faint">
              <span>Since <Ago at={since} />, recovery codes left: {recoveryCodesLeft}</span>
              {recoveryCodesLeft < fewCodes && <Chip tone="warn">make new ones</Chip>}
            </p>
          </>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        {since === null ? (
          <Button size="s" tone="primary" onClick={() => setAsked('enable')}>
            Enable
          </Button>
        ) : (
          <>
            <Button size="s" onClick={() => setAsked('codes')}>
              New recovery codes
            </Button>
            <Button size="s" tone="danger" onClick={() => setAsked('disable')}>
              Disable
            </Button>
          </>
        )}
      </div>
      {asked === 'enable' && <EnableSecondFactorDialog email={email} onClose={close} />}
      {asked === 'disable' && <DisableSecondFactorDialog email={email} onClose={close} />}
      {asked === 'codes' && <RecoveryCodesDialog email={email} onClose={close} />}
    </Card>
  );
}
