'use client';

import dynamic from 'next/dynamic';
import Link from 'next/link';
import { useRouter, useSearchParams } from 'next/navigation';
import type { App } from '@molo/contracts';
import { useLiveApp } from '../live/use-live';
import { QueryView } from '../platform/query-view';
import type { Place } from '../releases/release-queries';
import { ReleasesSection } from '../releases/releases-section';
import { buttonClasses } from '../ui/button';
import { Loading } from '../ui/skeleton';
import { TabPanel } from '../ui/tabs';
import { AppHead } from './app-head';
import { useApp } from './app-queries';
import { FirstPush, firstPushLines } from './first-push';
import { ViewTabs, type View, viewOf } from './view-tabs';

// What is not seen first is not loaded first.
const loading = () => <Loading what="this part" />;
const DeploymentsSection = dynamic(() => import('../deployments/deployments-section').then((part) => part.DeploymentsSection), { loading });
const InstancesSection = dynamic(() => import('../instances/instances-section').then((part) => part.InstancesSection), { loading });
const FormationSection = dynamic(() => import('../formation/formation-section').then((part) => part.FormationSection));
const InstanceLogSection = dynamic(() => import('../logs/instance-log').then((part) => part.InstanceLogSection), { loading });
const ConfigSection = dynamic(() => import('../config/config-section').then((part) => part.ConfigSection), { loading });
const AccessSection = dynamic(() => import('./access-section').then((part) => part.AccessSection), { loading });
const MembersSection = dynamic(() => import('../members/members-section').then((part) => part.MembersSection), { loading });
const EnvironmentsSection = dynamic(() => import('../environments/environments-section').then((part) => part.EnvironmentsSection), { loading });
const DomainsSection = dynamic(() => import('./domains-section').then((part) => part.DomainsSection));

export function AppPage({ name }: { readonly name: string }) {
  useLiveApp(name);
  const app = useApp(name);
  return (
    <QueryView query={app} what={name} instead={<BackToApps />}>
      {(known) => <ShownApp app={known} />}
    </QueryView>
  );
}

function BackToApps() {
  return (
    <Link href="/" className={buttonClasses('plain', 's')}>
      Back to Apps
    </Link>
  );
}

function ShownApp({ app }: { readonly app: App }) {
  const search = useSearchParams();
  const router = useRouter();
  const view = viewOf(search.get('view'));
  const environment = app.environments.find((candidate) => candidate.name === search.get('env')) ?? app.environments[0];
  if (environment === undefined) return null;
  const go = (to: { readonly view?: View; readonly env?: string }) => {
    const next = new URLSearchParams(search);
    if (to.view !== undefined) next.set('view', to.view);
    if (to.env !== undefined) next.set('env', to.env);
    router.replace(`/apps/${app.name}?${next.toString()}`, { scroll: false });
  };
  const place = { app: app.name, environment: environment.name };
  return (
    <div className="flex flex-col gap-7">
      <AppHead app={app} environment={environment} onEnvironment={(env) => go({ env })} />
      <ViewTabs view={view} onView={(next) => go({ view: next })} />
      <TabPanel view={view}>
        <ShownView view={view} app={app} place={place} />
      </TabPanel>
    </div>
  );
}

function ShownView({ view, app, place }: { readonly view: View; readonly app: App; readonly place: Place }) {
  const nothingYet = app.environments.every((environment) => environment.liveRelease === null && environment.lastDeployment === null && environment.activeDeployment === null);
  switch (view) {
    case 'deployments':
      return <DeploymentsSection place={place} />;
    case 'instances':
      return (
        <>
          <InstancesSection place={place} />
          <FormationSection place={place} />
        </>
      );
    case 'logs':
      return <InstanceLogSection key={`${place.app} ${place.environment}`} place={place} />;
    case 'config':
      return <ConfigSection place={place} />;
    case 'environments':
      return <EnvironmentsSection app={app} />;
    case 'access':
      return (
        <>
          <AccessSection app={app} />
          <DomainsSection place={place} />
        </>
      );
    case 'people':
      return <MembersSection app={app.name} />;
    case 'releases':
    default:
      return nothingYet ? <FirstPush title={`Deliver the first version of ${app.name}`} lines={firstPushLines(app.name, app.gitHttpUrl)} /> : <ReleasesSection place={place} />;
  }
}
