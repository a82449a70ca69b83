import type { Metadata } from 'next';
import { InvitationForm } from '../../../access/invitation-form';

// The address holds the one-time token; it is told to no one.
export const metadata: Metadata = { title: 'Invitation', referrer: 'no-referrer' };

export default function InvitationPage() {
  return <InvitationForm />;
}
