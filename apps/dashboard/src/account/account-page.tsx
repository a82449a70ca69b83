'use client';

import { useMe } from '../access/use-me';
import { Profile } from './profile';
import { SecondFactorSection } from './second-factor';
import { SessionsSection } from './sessions';
import { SshKeysSection } from './ssh-keys';
import { TokensSection } from './tokens';

export function AccountPage() {
  const me = useMe().data;
  return (
    <div className="flex flex-col gap-10">
      {me && <Profile me={me} />}
      {me && <SecondFactorSection email={me.email ?? ''} />}
      <TokensSection />
      <SshKeysSection />
      <SessionsSection />
    </div>
  );
}
