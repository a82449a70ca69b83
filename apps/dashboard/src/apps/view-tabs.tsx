'use client';

import { Tabs } from '../ui/tabs';

const views = [
  { view: 'releases', name: 'Releases' },
  { view: 'deployments', name: 'Deployments' },
  { view: 'instances', name: 'Instances' },
  { view: 'logs', name: 'Logs' },
  { view: 'config', name: 'Config' },
  { view: 'environments', name: 'Environments' },
  { view: 'access', name: 'Git & domains' },
  { view: 'people', name: 'People' },
] as const;

export type View = (typeof views)[number]['view'];

export function viewOf(text: string | null): View {
  return views.find(({ view }) => view === text)?.view ?? 'releases';
}

export function ViewTabs({ view, onView }: { readonly view: View; readonly onView: (view: View) => void }) {
  return <Tabs label="Parts of the app" tabs={views} chosen={view} onChoose={onView} />;
}
