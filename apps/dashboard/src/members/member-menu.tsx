'use client';

import { useState } from 'react';
import dynamic from 'next/dynamic';
import type { Member, Robot } from '@molo/contracts';
import { peopleCommands } from '../people/people-commands';
import { useAllRobots, usePeopleChange } from '../people/people-queries';
import { molo } from '../platform/client';
import { ConfirmDialog } from '../platform/confirm-dialog';
import { type Action, ActionMenu } from '../ui/action-menu';
import { ChangeMemberDialog } from './change-member-dialog';
import { nameAmong } from './named';

const RobotTokensDialog = dynamic(() => import('../people/robot-tokens-dialog').then((part) => part.RobotTokensDialog));
const RemoveRobotDialog = dynamic(() => import('../people/remove-robot-dialog').then((part) => part.RemoveRobotDialog));

type Asked = 'change' | 'take' | 'tokens' | 'remove';

interface MemberMenuProps {
  readonly app: string;
  readonly member: Member;
  readonly members: readonly Member[];
}

export function MemberMenu({ app, member, members }: MemberMenuProps) {
  const [asked, setAsked] = useState<Asked>();
  const robot = useOwnRobot(app, member);
  const close = () => setAsked(undefined);
  const action = (name: string, what: Asked, danger = false): Action => ({ name, danger, onChoose: () => setAsked(what) });
  const actions = [action('Change role', 'change'), ...(robot === undefined ? [action('Take the role away', 'take', true)] : [action('Tokens', 'tokens'), action('Remove the robot', 'remove', true)])];
  return (
    <>
      <ActionMenu label={`What to do with ${member.name}`} actions={actions} />
      {asked === 'change' && <ChangeMemberDialog app={app} member={member} onClose={close} />}
      {asked === 'take' && <TakeDialog app={app} member={member} members={members} onClose={close} />}
      {asked === 'tokens' && robot && <RobotTokensDialog robot={robot} onClose={close} />}
      {asked === 'remove' && robot && <RemoveRobotDialog robot={robot} onClose={close} />}
    </>
  );
}

/** One that belongs to the app has its role here or none: it goes as a whole. */
function useOwnRobot(app: string, member: Member): Robot | undefined {
  const robots = useAllRobots().data;
  return member.kind === 'robot' ? robots?.find((robot) => robot.app === app && robot.id === member.holderId) : undefined;
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
