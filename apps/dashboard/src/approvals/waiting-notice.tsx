'use client';

import Link from 'next/link';
import type { Deployment } from '@molo/contracts';
import { shownReasons } from '../deployments/deployment-states';
import { Ago } from '../ui/ago';
import { buttonClasses } from '../ui/button';
import { Given } from '../ui/given';
import { Notice } from '../ui/notice';

/** What waits until a sysadmin approves, each with the way to what it would change. */
export function WaitingNotice({ deployments, showPlace }: { readonly deployments: readonly Deployment[]; readonly showPlace: boolean }) {
  if (deployments.length === 0) return null;
  const [count, verb] = deployments.length === 1 ? ['One deployment', 'waits'] : [`${deployments.length} deployments`, 'wait'];
  return (
    <Notice tone="warn" title={`${count} ${verb} for approval`}>
      <ul className="mt-2 flex flex-col gap-2">
        {deployments.map((deployment) => (
          <li key={deployment.id} className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <Link href={`/deployments/${deployment.id}`} className={buttonClasses('plain', 's')}>
              {showPlace ? `Look at ${deployment.app}, ${deployment.environment}` : 'Look at it'}
            </Link>
            <span className="min-w-0 wrap-anywhere">
              {shownReasons[deployment.reason]} by <Given text={deployment.actor.name} />, <Ago at={deployment.createdAt} />
              {deployment.commit !== null && (
                <>
                  : <Given text={deployment.commit.subject} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Notice>
  );
}
