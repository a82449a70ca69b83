import type { Formation, Release } from '@molo/contracts';

/** What would change for those who use the app if `target` served in the place of `live`. */
export interface RollBackPlan {
  readonly sameImage: boolean;
  readonly keysThatCome: readonly string[];
  readonly keysThatGo: readonly string[];
  readonly formationChanges: readonly { readonly process: string; readonly from: number; readonly to: number }[];
}

export function rollBackPlan(live: Release, target: Release): RollBackPlan {
  return {
    sameImage: live.image.digest === target.image.digest,
    keysThatCome: target.configKeys.filter((key) => !live.configKeys.includes(key)),
    keysThatGo: live.configKeys.filter((key) => !target.configKeys.includes(key)),
    formationChanges: formationChanges(live.formation, target.formation),
  };
}

function formationChanges(from: Formation, to: Formation): RollBackPlan['formationChanges'] {
  const processes = [...new Set([...Object.keys(from), ...Object.keys(to)])].toSorted();
  return processes.map((process) => ({ process, from: from[process] ?? 0, to: to[process] ?? 0 })).filter((change) => change.from !== change.to);
}

/** The release whose image a later one runs again, if it is among those known. */
export function imageOrigin(release: Release, releases: readonly Release[]): Release | null {
  const sharing = releases.filter((other) => other.image.digest === release.image.digest && other.number < release.number);
  return sharing.reduce<Release | null>((first, other) => (first === null || other.number < first.number ? other : first), null);
}
