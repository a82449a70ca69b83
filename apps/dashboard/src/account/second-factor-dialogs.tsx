'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { accountCommands } from './account-commands';
import { molo } from '../platform/client';
import { ProofDialog } from './proof-dialog';
import { RecoveryCodesShown } from './recovery-codes-shown';

interface DialogProps {
  readonly email: string;
  readonly onClose: () => void;
}

export function DisableSecondFactorDialog({ email, onClose }: DialogProps) {
  const queries = useQueryClient();
  const disable = useMutation({
    mutationFn: (body: { password: string; code: string }) => molo.disableSecondFactor({ body }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['second-factor'] });
      onClose();
    },
  });
  return (
    <ProofDialog title="Sign in with the password alone?" email={email} command={accountCommands.disableSecondFactor()} action="Disable" tone="danger" change={disable} onClose={onClose}>
      Whoever knows your password can then sign in as you. Your recovery codes end.
    </ProofDialog>
  );
}

export function RecoveryCodesDialog({ email, onClose }: DialogProps) {
  const queries = useQueryClient();
  // They are kept no longer than they are shown.
  const renew = useMutation({
    mutationFn: (body: { password: string; code: string }) => molo.renewRecoveryCodes({ body }),
    gcTime: 0,
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['second-factor'] });
    },
  });
  if (renew.data !== undefined) return <RecoveryCodesShown key="codes" codes={renew.data.recoveryCodes} onClose={onClose} />;
  return (
    <ProofDialog title="Make new recovery codes" email={email} command={accountCommands.recoveryCodes()} action="Make them" change={renew} onClose={onClose}>
      Ten new ones are shown, once. Those that you have now end.
    </ProofDialog>
  );
}
