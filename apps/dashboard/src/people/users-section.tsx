'use client';

import { useState } from 'react';
import dynamic from 'next/dynamic';
import type { User } from '@molo/contracts';
import { UserPlus } from 'lucide-react';
import { useMay } from '../access/use-me';
import { PagedList } from '../platform/paged-list';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Section } from '../ui/card';
import { Command } from '../ui/command';
import { Input } from '../ui/field';
import { Empty } from '../ui/notice';
import { teamsByUser } from './find-person';
import { FoundUsers } from './found-users';
import { peopleCommands } from './people-commands';
import { useAllTeams, useUsers } from './people-queries';
import { UserRow } from './user-row';

const InviteDialog = dynamic(() => import('./invite-dialog').then((part) => part.InviteDialog));

export function UsersSection() {
  const users = useUsers();
  const allTeams = useAllTeams();
  const teams = teamsByUser(allTeams.data ?? []);
  const mayAdminister = useMay('administer');
  const [inviting, setInviting] = useState(false);
  const [sought, setSought] = useState('');
  const isLong = users.hasNextPage || (users.data?.pages.length ?? 0) > 1;
  const row = (user: User) => <UserRow key={user.id} user={user} teams={teams.get(user.id) ?? []} mayAdminister={mayAdminister} />;
  return (
    <Section
      title="Users"
      hint="Their role on the platform counts on every app."
      actions={
        mayAdminister && (
          <Button size="s" tone="primary" onClick={() => setInviting(true)}>
            <UserPlus aria-hidden className="size-4" />
            Invite
          </Button>
        )
      }
    >
      {allTeams.isError && allTeams.data === undefined && <ProblemNotice error={allTeams.error} onRetry={() => void allTeams.refetch()} />}
      {(isLong || sought !== '') && <Input label="Find" type="search" value={sought} onChange={(event) => setSought(event.target.value)} placeholder="A name, an address, a role or a team" autoComplete="off" autoCapitalize="none" spellCheck={false} />}
      {sought.trim() === '' ? (
        <PagedList query={users} what="the users" more="Show more users" empty={<Empty title="No user yet">The first is whoever claims the platform.</Empty>} row={row} />
      ) : (
        <FoundUsers sought={sought} teams={teams} row={row} />
      )}
      <Command text={peopleCommands.users()} />
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </Section>
  );
}
