'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { LogOut } from 'lucide-react';
import { useMay, useMayAnywhere, useMe, useSignOut } from '../access/use-me';
import { classNames } from '../ui/class-names';
import { Given } from '../ui/given';
import { Mark } from '../ui/mark';

const places = [
  { href: '/', name: 'Apps', also: ['/apps', '/deployments'], to: 'all' },
  { href: '/nodes', name: 'Nodes', also: ['/nodes'], to: 'readers' },
  { href: '/people', name: 'People', also: ['/people'], to: 'people' },
  { href: '/audit', name: 'Audit', also: ['/audit'], to: 'administrators' },
  { href: '/account', name: 'Account', also: ['/account'], to: 'all' },
] as const;

type ShownTo = (typeof places)[number]['to'];

/** What one would see nothing on is not offered. */
function useShownTo(): Record<ShownTo, boolean> {
  const [readers, administrators] = [useMay('read'), useMayAnywhere('administer')];
  return { all: true, readers, administrators, people: readers || administrators };
}

export function Header() {
  return (
    <header className="border-b border-line bg-surface">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center gap-x-6 px-4 sm:flex-nowrap sm:px-6">
        <Link href="/" className="flex h-14 items-center gap-2.5 rounded-md" aria-label="Molo, home">
          <Mark />
          <span className="text-lg font-semibold tracking-tight">Molo</span>
        </Link>
        <Places />
        <Person />
      </div>
    </header>
  );
}

function Places() {
  const path = usePathname();
  const shown = useShownTo();
  return (
    <nav aria-label="Main" className="order-last -mx-1 flex w-full gap-1 sm:order-none sm:w-auto sm:flex-1">
      {places
        .filter(({ to }) => shown[to])
        .map(({ href, name, also }) => {
          const here = path === href || also.some((start) => path.startsWith(start));
          return (
            <Link
              key={href}
              href={href}
              aria-current={here ? 'page' : undefined}
              className={classNames(
                'flex h-11 items-center border-b-2 px-3 text-[0.93rem] font-medium sm:h-14',
                here ? 'border-harbour text-ink' : 'border-transparent text-ink-soft hover:text-ink',
              )}
            >
              {name}
            </Link>
          );
        })}
    </nav>
  );
}

function Person() {
  const me = useMe().data;
  const signOut = useSignOut();
  if (!me) return null;
  return (
    <div className="ml-auto flex items-center gap-3 text-[0.9rem]">
      <span className="text-right leading-tight">
        <span className="block max-w-40 truncate font-medium"><Given text={me.name} /></span>
        <span className="block text-[0.78rem] text-ink-faint">{me.role}</span>
      </span>
      <button type="button" onClick={() => void signOut()} aria-label="Sign out" title="Sign out" className="grid size-9 place-items-center rounded-lg text-ink-faint hover:bg-sunken hover:text-ink">
        <LogOut aria-hidden className="size-4.5" />
      </button>
    </div>
  );
}
