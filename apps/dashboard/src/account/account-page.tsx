'use client';

import { useMe } from '../access/use-me';
import { Given } from '../ui/given';
import { SessionsSection } from './sessions';
import { SshKeysSection } from './ssh-keys';
import { TokensSection } from './tokens';

export function AccountPage() {
  const me = useMe().data;
  return (
    <div className="flex flex-col gap-10">
      <div>
        <h1 className="text-2xl font-semibold tracking-tight">Account</h1>
        {me && (
          <p className="mt-1 text-ink-soft">
            <Given text={me.name} />
            {me.email !== null && <>, {me.email}</>}, {me.role}
          </p>
        )}
      </div>
      <TokensSection />
      <SshKeysSection />
      <SessionsSection />
    </div>
  );
}
