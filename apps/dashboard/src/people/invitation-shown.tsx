import type { ReactNode } from 'react';
import type { Invitation } from '@molo/contracts';
import { formatInstant } from '../text/quantities';
import { Dialog } from '../ui/dialog';
import { ShownOnce } from '../ui/shown-once';

export const linkLifetimes = [
  { value: '1', name: 'one day' },
  { value: '7', name: '7 days' },
  { value: '30', name: '30 days' },
] as const;

interface InvitationShownProps {
  readonly who: string;
  readonly invitation: Invitation;
  /** What comes of following it. */
  readonly children: ReactNode;
  readonly onClose: () => void;
}

export function InvitationShown({ who, invitation, children, onClose }: InvitationShownProps) {
  return (
    <Dialog title={`Hand this link to ${who}`} onClose={onClose}>
      <ShownOnce text={invitation.link} copy="Copy the link" onClose={onClose}>
        <p>{children}</p>
        <p className="mt-1">Molo sends no mail. The link works once, until {formatInstant(invitation.expiresAt)}.</p>
      </ShownOnce>
    </Dialog>
  );
}
