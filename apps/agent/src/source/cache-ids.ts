import { createHmac } from 'node:crypto';

/** Ids of the caches that steps of generated Dockerfiles mount. */
export interface CacheIds {
  /** For one app's package manager, which installs unchecked what it finds in its cache. */
  readonly ofApp: string;
  /** For Debian packages, of all apps: apt alone writes there, and apps that install the same share the layer. */
  readonly ofNode: string;
}

/** The engine gives a cache to any Dockerfile that names its id, also to another app's: so nobody can guess them who does not know the node's secret. */
export function cacheIds(nodeSecret: string, app: string): CacheIds {
  const id = (text: string) => createHmac('sha256', nodeSecret).update(text).digest('hex').slice(0, 32);
  return { ofApp: id(`build cache of app ${app}`), ofNode: id('build cache of node') };
}
