'use client';

import type { User } from '@molo/contracts';
import { useMe } from '../access/use-me';
import { Ago } from '../ui/ago';
import { Chip, type Tone } from '../ui/chip';
import { Given } from '../ui/given';
import { UserMenu } from './user-menu';

interface UserRowProps {
  readonly user: User;
  readonly teams: readonly string[];
  readonly mayAdminister: boolean;
}

export function UserRow({ user, teams, mayAdminister }: UserRowProps) {
  const isMe = useMe().data?.email?.toLowerCase() === user.email.toLowerCase();
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-5 gap-y-2 border-b border-line px-5 py-3 last:border-0 md:grid-cols-[minmax(0,1fr)_6.5rem_minmax(0,13rem)_8rem_2rem]">
      <div className="min-w-0">
        <p className="flex items-center gap-2 font-medium">
          <span className="truncate"><Given text={user.name} /></span>
          {isMe && <Chip tone="good">you</Chip>}
        </p>
        {user.email !== user.name && <p className="truncate text-[0.87rem] text-ink-faint" title={user.email}>{user.email}</p>}
      </div>
      <div className="order-last col-span-full flex flex-wrap items-center gap-x-4 gap-y-1.5 md:order-none md:contents">
        <span className="flex"><Chip tone={user.role === 'sysadmin' ? 'busy' : 'quiet'}>{user.role}</Chip></span>
        <TeamNames teams={teams} />
        <span className="flex flex-wrap items-center gap-x-3 md:block">
          <Chip tone={stateTones[user.state]}>{user.state}</Chip>
          {user.state !== 'invited' && <span className="block text-[0.8rem] text-ink-faint md:mt-1">{user.lastSeenAt === null ? 'never seen' : <>seen <Ago at={user.lastSeenAt} /></>}</span>}
          {user.secondFactor === true && <span className="block text-[0.8rem] text-ink-faint">second factor</span>}
        </span>
      </div>
      {mayAdminister ? <UserMenu user={user} isMe={isMe} /> : <span />}
    </li>
  );
}

const stateTones: Record<User['state'], Tone> = { active: 'good', invited: 'warn', disabled: 'bad' };

function TeamNames({ teams }: { readonly teams: readonly string[] }) {
  if (teams.length === 0) return <span className="hidden md:block" />;
  return (
    <span className="min-w-0 text-[0.87rem] break-words text-ink-soft">
      <span className="md:sr-only">In </span>
      {teams.join(', ')}
    </span>
  );
}
