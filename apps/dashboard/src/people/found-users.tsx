'use client';

import type { ReactNode } from 'react';
import type { User } from '@molo/contracts';
import { QueryView } from '../platform/query-view';
import { countOf } from '../text/quantities';
import { Card } from '../ui/card';
import { Empty } from '../ui/notice';
import { usersMatching } from './find-person';
import { useAllUsers } from './people-queries';

interface FoundUsersProps {
  readonly sought: string;
  readonly teams: ReadonlyMap<string, readonly string[]>;
  readonly row: (user: User) => ReactNode;
}

const mostShown = 50;

/** Among all users, and not only those that the list has come to. */
export function FoundUsers({ sought, teams, row }: FoundUsersProps) {
  const users = useAllUsers();
  return (
    <QueryView query={users} what="the users">
      {(all) => {
        const found = usersMatching(sought, all, teams);
        return (
          <>
            <p role="status" className="text-[0.87rem] text-ink-soft">
              {countOf(found.length, 'user')} found{found.length > mostShown && `; the first ${mostShown} are shown. Type more to find fewer`}.
            </p>
            {found.length === 0 ? (
              <Empty title="Nobody is found">No user holds all of these words in name, address, role, state or teams.</Empty>
            ) : (
              <Card className="overflow-hidden">
                <ul>{found.slice(0, mostShown).map(row)}</ul>
              </Card>
            )}
          </>
        );
      }}
    </QueryView>
  );
}
