'use client';

import { useState } from 'react';
import type { Robot } from '@molo/contracts';
import { CreateTokenDialog } from '../tokens/create-token-dialog';
import { TokenList } from '../tokens/token-list';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { peopleCommands } from './people-commands';
import { useRobotName } from './robot-name';
import { useRobotTokens } from './robot-tokens';

export function RobotTokensDialog({ robot, onClose }: { readonly robot: Robot; readonly onClose: () => void }) {
  const [creating, setCreating] = useState(false);
  const holder = useRobotTokens(robot);
  const named = useRobotName(robot);
  if (creating) return <CreateTokenDialog title={`Create a token of ${robot.name}`} holder={holder} onClose={() => setCreating(false)} />;
  return (
    <Dialog title={`Tokens of ${robot.name}`} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <TokenList holder={holder} none="Without one the robot can do nothing." />
        <Command text={peopleCommands.robotTokens(named)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button tone="primary" onClick={() => setCreating(true)}>
            Create token
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
