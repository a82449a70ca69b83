'use client';

import { useState } from 'react';
import dynamic from 'next/dynamic';
import type { Member } from '@molo/contracts';
import { peopleCommands } from '../people/people-commands';
import { useAllRobots, usePeopleChange } from '../people/people-queries';
import { molo } from '../platform/client';
import { ConfirmDialog } from '../platform/confirm-dialog';
import { ActionMenu } from '../ui/action-menu';
import { ChangeMemberDialog } from './change-member-dialog';
import { actionsOn, type MemberAction, ownRobot } from './member-actions';
import { nameAmong } from './named';

const RobotTokensDialog = dynamic(() => import('../people/robot-tokens-dialog').then((part) => part.RobotTokensDialog));
const RemoveRobotDialog = dynamic(() => import('../people/remove-robot-dialog').then((part) => part.RemoveRobotDialog));

interface MemberMenuProps {
  readonly app: string;
  readonly member: Member;
  readonly members: readonly Member[];
}

export function MemberMenu({ app, member, members }: MemberMenuProps) {
  const [asked, setAsked] = useState<MemberAction>();
  const robots = useAllRobots();
  const robot = ownRobot(member.holderId, app, robots.data);
  const close = () => setAsked(undefined);
  const choose = (action: MemberAction) => (action === 'ask' ? void robots.refetch() : setAsked(action));
  return (
    <>
      <ActionMenu label={`What to do with ${member.name}`} busy={member.kind === 'robot' && robots.data === undefined && robots.isFetching} actions={actionsOn(member, app, robots.data).map(({ action, ...shown }) => ({ ...shown, onChoose: () => choose(action) }))} />
      {asked === 'change' && <ChangeMemberDialog app={app} member={member} onClose={close} />}
      {asked === 'take' && <TakeDialog app={app} member={member} members={members} onClose={close} />}
      {asked === 'tokens' && robot && <RobotTokensDialog robot={robot} onClose={close} />}
      {asked === 'remove' && robot && <RemoveRobotDialog robot={robot} onClose={close} />}
    </>
  );
}

function TakeDialog({ app, member, members, onClose }: MemberMenuProps & { readonly onClose: () => void }) {
  const remove = usePeopleChange(() => molo.removeMember({ params: { app, memberId: member.id } }));
  return (
    <ConfirmDialog title={`Take the role on ${app} from ${member.name}?`} command={peopleCommands.removeMember(app, nameAmong(member, members))} action="Take away" change={remove} onClose={onClose}>
      {member.kind === 'team' ? `Each who is in the team is no longer ${member.role} of ${app} through it.` : `They are no longer ${member.role} of ${app}.`} What they have by a role on the platform, or through another team, stays. Who has nothing
      else no longer sees the app.
    </ConfirmDialog>
  );
}
