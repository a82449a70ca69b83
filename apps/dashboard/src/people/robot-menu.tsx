'use client';

import { useState } from 'react';
import type { Robot } from '@molo/contracts';
import { ActionMenu } from '../ui/action-menu';
import { RemoveRobotDialog } from './remove-robot-dialog';
import { RobotTokensDialog } from './robot-tokens-dialog';

export function RobotMenu({ robot }: { readonly robot: Robot }) {
  const [asked, setAsked] = useState<'tokens' | 'remove'>();
  const close = () => setAsked(undefined);
  return (
    <>
      <ActionMenu
        label={`What to do with ${robot.name}${robot.app === null ? '' : ` of ${robot.app}`}`}
        actions={[
          { name: 'Tokens', onChoose: () => setAsked('tokens') },
          { name: 'Remove', danger: true, onChoose: () => setAsked('remove') },
        ]}
      />
      {asked === 'tokens' && <RobotTokensDialog robot={robot} onClose={close} />}
      {asked === 'remove' && <RemoveRobotDialog robot={robot} onClose={close} />}
    </>
  );
}
