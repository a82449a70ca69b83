'use client';

import { useState } from 'react';
import type { Team } from '@molo/contracts';
import { molo } from '../platform/client';
import { ConfirmDialog } from '../platform/confirm-dialog';
import { countOf } from '../text/quantities';
import { ActionMenu } from '../ui/action-menu';
import { NameTeamDialog } from './name-team-dialog';
import { peopleCommands } from './people-commands';
import { usePeopleChange } from './people-queries';

export function TeamMenu({ team }: { readonly team: Team }) {
  const [asked, setAsked] = useState<'rename' | 'remove'>();
  const close = () => setAsked(undefined);
  return (
    <>
      <ActionMenu
        label={`What to do with ${team.name}`}
        actions={[
          { name: 'Rename', onChoose: () => setAsked('rename') },
          { name: 'Remove', danger: true, onChoose: () => setAsked('remove') },
        ]}
      />
      {asked === 'rename' && <NameTeamDialog team={team} onClose={close} />}
      {asked === 'remove' && <RemoveTeamDialog team={team} onClose={close} />}
    </>
  );
}

function RemoveTeamDialog({ team, onClose }: { readonly team: Team; readonly onClose: () => void }) {
  const remove = usePeopleChange(() => molo.removeTeam({ params: { team: team.name } }));
  return (
    <ConfirmDialog title={`Remove ${team.name}?`} command={peopleCommands.removeTeam(team.name)} action="Remove" change={remove} onClose={onClose}>
      Its roles on apps go with it, and {countOf(team.users.length, 'user')} may do no longer what they could through it alone. The users themselves stay.
    </ConfirmDialog>
  );
}
