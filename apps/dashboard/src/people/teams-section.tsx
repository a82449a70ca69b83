'use client';

import { useState } from 'react';
import type { Team } from '@molo/contracts';
import { X } from 'lucide-react';
import { useMay } from '../access/use-me';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { MoreButton } from '../platform/more-button';
import { QueryView } from '../platform/query-view';
import { countOf } from '../text/quantities';
import { Button } from '../ui/button';
import { Card, Section } from '../ui/card';
import { Command } from '../ui/command';
import { Given } from '../ui/given';
import { Empty } from '../ui/notice';
import { AddTeamUser } from './add-team-user';
import { peopleCommands } from './people-commands';
import { usePeopleChange, useTeams } from './people-queries';
import { NameTeamDialog } from './name-team-dialog';
import { TeamMenu } from './team-menu';

export function TeamsSection() {
  const teams = useTeams();
  const mayAdminister = useMay('administer');
  const [creating, setCreating] = useState(false);
  return (
    <Section
      title="Teams"
      hint="Named sets of users. An app gives a role to a team, and so to each who is in it."
      actions={
        mayAdminister && (
          <Button size="s" tone="primary" onClick={() => setCreating(true)}>
            Create team
          </Button>
        )
      }
    >
      <QueryView query={teams} what="the teams">
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <Empty title="No team yet">With a team, one role on an app is given to many, and whoever joins has it too.</Empty>;
          return (
            <ul className="grid gap-5 lg:grid-cols-2">
              {items.map((team) => (
                <TeamCard key={team.id} team={team} mayAdminister={mayAdminister} />
              ))}
            </ul>
          );
        }}
      </QueryView>
      <MoreButton query={teams}>Show more teams</MoreButton>
      <Command text={peopleCommands.teams()} />
      {creating && <NameTeamDialog team={null} onClose={() => setCreating(false)} />}
    </Section>
  );
}

function TeamCard({ team, mayAdminister }: { readonly team: Team; readonly mayAdminister: boolean }) {
  return (
    <li>
      <Card className="flex h-full flex-col">
        <div className="flex items-center gap-3 px-5 pt-4">
          <h3 className="min-w-0 truncate font-semibold">{team.name}</h3>
          <span className="ml-auto text-[0.87rem] whitespace-nowrap text-ink-faint">{countOf(team.users.length, 'user')}</span>
          {mayAdminister && <TeamMenu team={team} />}
        </div>
        <div className="flex-1 px-5 pt-3 pb-4">
          {team.users.length === 0 && <p className="text-ink-soft">Nobody is in it yet.</p>}
          <ul className="flex flex-wrap gap-2">
            {team.users.map((user) => (
              <TeamUser key={user.id} team={team.name} user={user} mayAdminister={mayAdminister} />
            ))}
          </ul>
        </div>
        {mayAdminister && <AddTeamUser team={team} />}
      </Card>
    </li>
  );
}

interface TeamUserProps {
  readonly team: string;
  readonly user: Team['users'][number];
  readonly mayAdminister: boolean;
}

function TeamUser({ team, user, mayAdminister }: TeamUserProps) {
  const take = usePeopleChange(() => molo.removeTeamUser({ params: { team, userId: user.id } }));
  return (
    <li className="flex max-w-full flex-col gap-2">
      <span title={user.email ?? 'robot'} className="inline-flex min-h-8 items-center gap-1 rounded-full bg-sunken py-0.5 pr-1 pl-3 text-[0.9rem]">
        <span className="min-w-0 truncate"><Given text={user.name} /></span>
        {user.email === null && <span className="text-ink-faint">robot</span>}
        {mayAdminister ? (
          <button type="button" aria-label={`Take ${user.name} out of ${team}`} title={`Take out of ${team}`} aria-disabled={take.isPending || undefined} onClick={() => take.isPending || take.mutate(undefined)} className="grid size-7 shrink-0 place-items-center rounded-full text-ink-faint hover:bg-line hover:text-ink aria-disabled:opacity-50">
            <X aria-hidden className="size-4" />
          </button>
        ) : (
          <span className="w-2" />
        )}
      </span>
      {take.isError && <ProblemNotice error={take.error} answers />}
    </li>
  );
}
