'use client';

import { useState } from 'react';
import dynamic from 'next/dynamic';
import type { User } from '@molo/contracts';
import { molo } from '../platform/client';
import { ConfirmDialog } from '../platform/confirm-dialog';
import { ActionMenu } from '../ui/action-menu';
import { peopleCommands } from './people-commands';
import { usePeopleChange } from './people-queries';
import { actionsOn, type UserAction } from './user-actions';

const ChangeUserDialog = dynamic(() => import('./change-user-dialog').then((part) => part.ChangeUserDialog));
const RenewInvitationDialog = dynamic(() => import('./renew-invitation-dialog').then((part) => part.RenewInvitationDialog));
const UserSessionsDialog = dynamic(() => import('./user-sessions-dialog').then((part) => part.UserSessionsDialog));

export function UserMenu({ user, isMe }: { readonly user: User; readonly isMe: boolean }) {
  const [asked, setAsked] = useState<UserAction>();
  const close = () => setAsked(undefined);
  return (
    <>
      <ActionMenu label={`What to do with ${user.name}`} actions={actionsOn(user, isMe).map(({ action, ...shown }) => ({ ...shown, onChoose: () => setAsked(action) }))} />
      {asked !== undefined && <Asked action={asked} user={user} onClose={close} />}
    </>
  );
}

interface AskedProps {
  readonly user: User;
  readonly onClose: () => void;
}

function Asked({ action, ...rest }: AskedProps & { readonly action: UserAction }) {
  switch (action) {
    case 'change':
      return <ChangeUserDialog {...rest} />;
    case 'renew':
      return <RenewInvitationDialog {...rest} />;
    case 'sessions':
      return <UserSessionsDialog {...rest} />;
    case 'disable':
    case 'enable':
      return <DisableDialog disables={action === 'disable'} {...rest} />;
    case 'second-factor':
      return <RemoveSecondFactorDialog {...rest} />;
    case 'remove':
    default:
      return <RemoveDialog {...rest} />;
  }
}

/** Does what was chosen, whatever somebody else has done to the user meanwhile. */
function DisableDialog({ user, disables, onClose }: AskedProps & { readonly disables: boolean }) {
  const change = usePeopleChange(() => molo.updateUser({ params: { userId: user.id }, body: { disabled: disables } }));
  if (disables) {
    return (
      <ConfirmDialog title={`Disable ${user.name}?`} command={peopleCommands.disable(user.email)} action="Disable" change={change} onClose={onClose}>
        They are signed out and refused at once, in the browser, by token and over git. They keep their role, teams, tokens and keys for when they are enabled again.
      </ConfirmDialog>
    );
  }
  return (
    <ConfirmDialog title={`Enable ${user.name}?`} command={peopleCommands.enable(user.email)} action="Enable" tone="primary" change={change} onClose={onClose}>
      Their tokens and SSH keys work again at once. In the browser they sign in anew.
    </ConfirmDialog>
  );
}

function RemoveSecondFactorDialog({ user, onClose }: AskedProps) {
  const remove = usePeopleChange(() => molo.removeUserSecondFactor({ params: { userId: user.id } }));
  return (
    <ConfirmDialog title={`Take the second factor from ${user.name}?`} command={peopleCommands.removeSecondFactor(user.email)} action="Take it" change={remove} onClose={onClose}>
      For who has lost their authenticator app and recovery codes. {user.email} signs in with the password alone from then on, until they enable another. Make sure that it is them who ask.
    </ConfirmDialog>
  );
}

function RemoveDialog({ user, onClose }: AskedProps) {
  const remove = usePeopleChange(() => molo.removeUser({ params: { userId: user.id } }));
  return (
    <ConfirmDialog title={`Remove ${user.name}?`} command={peopleCommands.removeUser(user.email)} action="Remove" change={remove} onClose={onClose}>
      <p>With {user.email} go their sessions, API tokens and SSH keys, their place in teams and their roles on apps. This cannot be undone.</p>
      <p className="mt-2">What they delivered runs on, and what they did stays in the audit. To lock them out and keep all that, disable them instead.</p>
    </ConfirmDialog>
  );
}
