import type { Member, Team } from '@molo/contracts';
import { Bot, UserRound, UsersRound } from 'lucide-react';
import { countOf } from '../text/quantities';
import { Ago } from '../ui/ago';
import { Chip } from '../ui/chip';
import { Given } from '../ui/given';
import { MemberMenu } from './member-menu';
import { type ReachedUser, rolesThroughTeams, usersReached } from './reach';

interface MemberRowProps {
  readonly app: string;
  readonly member: Member;
  /** All that are known, to tell who has a role twice. */
  readonly members: readonly Member[];
  readonly teams: readonly Team[];
  readonly mayAdminister: boolean;
}

const icons = { user: UserRound, team: UsersRound, robot: Bot } as const;

export function MemberRow({ app, member, members, teams, mayAdminister }: MemberRowProps) {
  const Icon = icons[member.kind];
  const reached = usersReached(member, members, teams);
  return (
    <li className="border-b border-line px-5 py-3 last:border-0">
      <div className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-5 gap-y-2 md:grid-cols-[minmax(0,1fr)_6.5rem_minmax(0,18rem)_2rem]">
        <div className="flex min-w-0 items-center gap-3">
          <Icon aria-hidden className="size-5 shrink-0 text-ink-faint" />
          <div className="min-w-0">
            <p className="truncate font-medium"><Given text={member.name} /></p>
            <p className="truncate text-[0.87rem] text-ink-faint" title={member.email ?? undefined}>{member.email ?? member.kind}</p>
          </div>
        </div>
        <div className="order-last col-span-full flex flex-wrap items-center gap-x-4 gap-y-1.5 md:order-none md:contents">
          <span className="flex"><Chip tone={member.role === 'admin' ? 'busy' : 'quiet'}>{member.role}</Chip></span>
          <Why member={member} members={members} teams={teams} />
        </div>
        {mayAdminister ? <MemberMenu app={app} member={member} members={members} /> : <span />}
      </div>
      {reached.length > 0 && <Reached team={member} users={reached} />}
    </li>
  );
}

function Why({ member, members, teams }: Pick<MemberRowProps, 'member' | 'members' | 'teams'>) {
  const besides = rolesThroughTeams(member, members, teams);
  return (
    <span className="min-w-0 text-[0.87rem] break-words text-ink-soft">
      {member.kind === 'team' ? 'To each in the team' : 'Directly'}, given <Ago at={member.since} />
      {besides.map(({ team, role }) => (
        <span key={team} className="block">
          Also {role} through {team}
        </span>
      ))}
    </span>
  );
}

/** A few are shown at once, more when they are asked for. */
const shownAtOnce = 6;

function Reached({ team, users }: { readonly team: Member; readonly users: readonly ReachedUser[] }) {
  return (
    <details open={users.length <= shownAtOnce} className="mt-2 pl-8 text-[0.9rem]">
      <summary className="w-fit rounded text-harbour hover:underline">{countOf(users.length, 'user')}</summary>
      <ul className="mt-1.5 flex flex-col gap-1">
        {users.map((user) => (
          <li key={user.id} className="flex flex-wrap items-baseline gap-x-2">
            <span className="min-w-0"><Given text={user.name} /></span>
            <span className="text-[0.87rem] text-ink-faint">
              {team.role} through {team.name}
              {user.direct !== null && `, ${user.direct} directly`}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
