'use client';

import { useState } from 'react';
import dynamic from 'next/dynamic';
import type { Me } from '@molo/contracts';
import { Button } from '../ui/button';
import { Given } from '../ui/given';

const RenameDialog = dynamic(() => import('./rename-dialog').then((part) => part.RenameDialog));
const ChangePasswordDialog = dynamic(() => import('./change-password-dialog').then((part) => part.ChangePasswordDialog));

/** Who one is, and what of it one changes oneself. */
export function Profile({ me }: { readonly me: Me }) {
  const [asked, setAsked] = useState<'name' | 'password'>();
  const close = () => setAsked(undefined);
  return (
    <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-2xl font-semibold tracking-tight">Account</h1>
        <p className="mt-1 text-ink-soft">
          <Given text={me.name} />
          {me.email !== null && <>, {me.email}</>}, {me.role}
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        <Button size="s" onClick={() => setAsked('name')}>
          Change name
        </Button>
        <Button size="s" onClick={() => setAsked('password')}>
          Change password
        </Button>
      </div>
      {asked === 'name' && <RenameDialog me={me} onClose={close} />}
      {asked === 'password' && <ChangePasswordDialog email={me.email ?? ''} onClose={close} />}
    </div>
  );
}
