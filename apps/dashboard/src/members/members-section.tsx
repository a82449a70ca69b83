'use client';

import { useState } from 'react';
import dynamic from 'next/dynamic';
import type { Member } from '@molo/contracts';
import { useMay } from '../access/use-me';
import { peopleCommands } from '../people/people-commands';
import { useAllTeams } from '../people/people-queries';
import { molo } from '../platform/client';
import { PagedList } from '../platform/paged-list';
import { usePages } from '../platform/pages';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Section } from '../ui/card';
import { Command } from '../ui/command';
import { Empty } from '../ui/notice';
import { MemberRow } from './member-row';

const AddMemberDialog = dynamic(() => import('./add-member-dialog').then((part) => part.AddMemberDialog));
const CreateRobotDialog = dynamic(() => import('../people/create-robot-dialog').then((part) => part.CreateRobotDialog));

/** So many that what one has through a team is known of nearly any app at once. */
const pageSize = 200;
const none: readonly never[] = [];

export function MembersSection({ app }: { readonly app: string }) {
  const members = usePages<Member>(['people', 'members', app], (query, options) => molo.listMembers({ params: { app }, query }, options), pageSize);
  const allTeams = useAllTeams();
  const teams = allTeams.data ?? none;
  const mayAdminister = useMay('administer', app);
  const [asked, setAsked] = useState<'add' | 'robot'>();
  const known = members.data?.pages.flatMap(({ items }) => items) ?? none;
  const close = () => setAsked(undefined);
  return (
    <Section
      title="People"
      hint="Who has a role on this app, and why."
      actions={
        mayAdminister && (
          <>
            <Button size="s" onClick={() => setAsked('robot')}>
              Create robot
            </Button>
            <Button size="s" tone="primary" onClick={() => setAsked('add')}>
              Give a role
            </Button>
          </>
        )
      }
    >
      {allTeams.isError && allTeams.data === undefined && <ProblemNotice error={allTeams.error} onRetry={() => void allTeams.refetch()} />}
      <PagedList
        query={members}
        what="the people"
        more="Show more people"
        empty={<Empty title="Nobody has a role on this app alone">A role here lets somebody see or deploy this app and no other, or lets them do more on it than elsewhere.</Empty>}
        row={(member) => <MemberRow key={member.id} app={app} member={member} members={known} teams={teams} mayAdminister={mayAdminister} />}
      />
      <p className="text-[0.87rem] text-ink-faint">Whoever has a role on the platform has it here too: sysadmins do everything, developers deploy, viewers look. Roles add up; none takes away.</p>
      <Command text={peopleCommands.members(app)} />
      {asked === 'add' && <AddMemberDialog app={app} onClose={close} />}
      {asked === 'robot' && <CreateRobotDialog app={app} onClose={close} />}
    </Section>
  );
}
