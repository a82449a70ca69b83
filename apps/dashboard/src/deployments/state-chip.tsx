import type { DeploymentState } from '@molo/contracts';
import { Chip } from '../ui/chip';
import { shownStates } from './deployment-states';

export function StateChip({ state }: { readonly state: DeploymentState }) {
  const { label, tone } = shownStates[state];
  return (
    <Chip tone={tone} dot={tone !== 'quiet'}>
      {label}
    </Chip>
  );
}
