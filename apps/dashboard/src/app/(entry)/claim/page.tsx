import type { Metadata } from 'next';
import { ClaimForm } from '../../../access/claim-form';

// The address holds the one-time token; it is told to no one.
export const metadata: Metadata = { title: 'Claim', referrer: 'no-referrer' };

export default function ClaimPage() {
  return <ClaimForm />;
}
