import type { AppRole, Role } from '@molo/contracts';
import type { Choice } from '../ui/radio-list';

/** On the platform, and so on every app. */
export const roles: readonly Choice<Role>[] = [
  { value: 'sysadmin', name: 'Sysadmin', hint: 'Everything: people, nodes, and every app.' },
  { value: 'developer', name: 'Developer', hint: 'Creates apps, and deploys every app.' },
  { value: 'viewer', name: 'Viewer', hint: 'Sees every app, and changes nothing.' },
  { value: 'member', name: 'Member', hint: 'Sees only the apps that give them a role.' },
];

/** On one app. */
export const appRoles: readonly Choice<AppRole>[] = [
  { value: 'admin', name: 'Admin', hint: 'Deploys, chooses the people of the app, and may delete it.' },
  { value: 'developer', name: 'Developer', hint: 'Deploys: push, roll back, config, scale, domains.' },
  { value: 'viewer', name: 'Viewer', hint: 'Sees all of the app, and changes nothing.' },
];
