'use client';

import type { Robot } from '@molo/contracts';
import { molo } from '../platform/client';
import { ConfirmDialog } from '../platform/confirm-dialog';
import { peopleCommands } from './people-commands';
import { usePeopleChange } from './people-queries';
import { useRobotName } from './robot-name';

export function RemoveRobotDialog({ robot, onClose }: { readonly robot: Robot; readonly onClose: () => void }) {
  const remove = usePeopleChange(() => molo.removeRobot({ params: { robotId: robot.id } }));
  return (
    <ConfirmDialog title={`Remove ${robot.name}?`} command={peopleCommands.removeRobot(useRobotName(robot))} action="Remove" change={remove} onClose={onClose}>
      With it go its API tokens and its roles. Whatever program uses one of the tokens is refused at once. What it did stays in the audit.
    </ConfirmDialog>
  );
}
