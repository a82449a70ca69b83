'use client';

import dynamic from 'next/dynamic';
import { useRouter, useSearchParams } from 'next/navigation';
import { useMay, useMayAnywhere } from '../access/use-me';
import { Empty } from '../ui/notice';
import { Loading } from '../ui/skeleton';
import { TabPanel, Tabs } from '../ui/tabs';
import { UsersSection } from './users-section';

// What is not seen first is not loaded first.
const loading = () => <Loading what="this part" />;
const TeamsSection = dynamic(() => import('./teams-section').then((part) => part.TeamsSection), { loading });
const RobotsSection = dynamic(() => import('./robots-section').then((part) => part.RobotsSection), { loading });

type View = 'users' | 'teams' | 'robots';

const readable = [
  { view: 'users', name: 'Users' },
  { view: 'teams', name: 'Teams' },
] as const;
const administrable = [{ view: 'robots', name: 'Robots' }] as const;

export function PeoplePage() {
  const [mayRead, mayAdminister] = [useMay('read'), useMayAnywhere('administer')];
  const search = useSearchParams();
  const router = useRouter();
  const tabs = [...(mayRead ? readable : []), ...(mayAdminister ? administrable : [])];
  const chosen = (tabs.find(({ view }) => view === search.get('view')) ?? tabs[0])?.view;
  return (
    <div className="flex flex-col gap-7">
      <div>
        <h1 className="text-2xl font-semibold tracking-tight">People</h1>
        <p className="mt-1 text-ink-soft">Who may do what, and the programs that may. A role on one app is given on its own page.</p>
      </div>
      {chosen === undefined ? (
        <Empty title="Nothing to see here">People are shown to who has a role on the platform, and robots to the admins of their apps.</Empty>
      ) : (
        <>
          {tabs.length > 1 && <Tabs<View> label="Kinds of people" tabs={tabs} chosen={chosen} onChoose={(view) => router.replace(`/people?view=${view}`, { scroll: false })} />}
          {tabs.length > 1 ? (
            <TabPanel view={chosen}>
              <ShownView view={chosen} />
            </TabPanel>
          ) : (
            <ShownView view={chosen} />
          )}
        </>
      )}
    </div>
  );
}

function ShownView({ view }: { readonly view: View }) {
  switch (view) {
    case 'teams':
      return <TeamsSection />;
    case 'robots':
      return <RobotsSection />;
    case 'users':
    default:
      return <UsersSection />;
  }
}
