'use client';

import { useState } from 'react';
import type { TokenRight } from '@molo/contracts';
import { useMayAnywhere } from '../access/use-me';
import { molo } from '../platform/client';
import { CreateTokenDialog } from '../tokens/create-token-dialog';
import type { TokenHolder } from '../tokens/token-holder';
import { TokenList } from '../tokens/token-list';
import { Button } from '../ui/button';
import { Section } from '../ui/card';
import { Command } from '../ui/command';
import { accountCommands } from './account-commands';

export function TokensSection() {
  const holder = useOwnTokens();
  const [creating, setCreating] = useState(false);
  return (
    <Section
      title="API tokens"
      hint="For git over HTTP, the command line and programs."
      actions={
        <Button size="s" tone="primary" onClick={() => setCreating(true)}>
          Create token
        </Button>
      }
    >
      <TokenList holder={holder} none="Create one to push with git over HTTP, or for a program that calls the API." />
      <Command text={accountCommands.createToken('my-laptop')} />
      {creating && <CreateTokenDialog title="Create an API token" holder={holder} onClose={() => setCreating(false)} />}
    </Section>
  );
}

const rights: readonly TokenRight[] = ['read', 'deploy', 'administer'];

/** A token may do no more than its user, so that only what they may do somewhere is worth giving. */
function useOwnTokens(): TokenHolder {
  const may: Record<TokenRight, boolean> = { read: useMayAnywhere('read'), deploy: useMayAnywhere('deploy'), administer: useMayAnywhere('administer') };
  return {
    queryKey: ['tokens'],
    list: (query, options) => molo.listTokens({ query }, options),
    create: (body) => molo.createToken({ body }),
    revoke: (tokenId) => molo.revokeToken({ params: { tokenId } }),
    grantable: rights.filter((right) => may[right]),
    limitable: true,
    command: accountCommands.createToken,
  };
}
