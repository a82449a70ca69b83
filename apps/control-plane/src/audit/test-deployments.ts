import { randomUUID } from 'node:crypto';
import { api } from '@molo/contracts';
import { moloItself } from '../access/caller.js';
import { Rows } from '../collection/test-rows.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { releaseContext } from '../releases/releases.service.js';
import { SecretBox } from '../secrets/secret-box.js';
import type { TestControlPlane } from '../test-control-plane.js';

/** Deployments of an environment that changes of them need, on a platform with no agent. */
export class TestDeployments {
  constructor(
    private readonly platform: TestControlPlane,
    private readonly there: { readonly app: string; readonly environment: string },
  ) {}

  async pushed(): Promise<string> {
    const { id: appId } = (await this.platform.call(api.getApp, { params: this.there })).ok;
    const id = randomUUID().replaceAll('-', '').padEnd(40, '0');
    const { deploymentId } = await this.platform.app.get(DeploymentsService).push({ appId, environmentName: this.there.environment, commit: { id, subject: 'Change', author: 'Ada' }, treeId: id, sourceDigest: `sha256:${'a'.repeat(64)}`, sourceBytes: 1, versionTag: null, gitRef: '', gitOld: '', gitNew: '', caller: moloItself });
    return deploymentId;
  }

  /** v1 went live, and then v2, which is live. */
  async released(): Promise<void> {
    const { dataSource } = this.platform;
    const rows = new Rows(dataSource);
    const [environment]: { id: string; app_id: string; live_release_id: string | null }[] = await dataSource.query(
      'select e.id, app_id, live_release_id from environments e join apps a on a.id = e.app_id where a.name = $1 and e.name = $2',
      [this.there.app, this.there.environment],
    );
    const { id, app_id: appId, live_release_id: live } = environment!;
    if (live !== null) return;
    for (const number of [1, 2]) {
      const releaseId = await rows.release(id, number, await rows.image(appId));
      await dataSource.query(`update releases set config_encrypted = $2, created_by = '{"kind": "owner", "name": "owner"}' where id = $1`, [releaseId, this.platform.app.get(SecretBox, { strict: false }).seal('{}', releaseContext(id, number))]);
      await rows.deployment(id, number === 2 ? 'live' : 'superseded', { releaseId, endedDaysAgo: 0 });
      await dataSource.query('update environments set live_release_id = $2, release_count = $3 where id = $1', [id, releaseId, number]);
    }
  }

  /** A developer's change of config that waits for approval. */
  async awaiting(): Promise<string> {
    await this.released();
    await this.#protect(true);
    const as = await this.platform.makeSession(await this.platform.makeUser('developer'));
    const body = { set: { [`KEY_${randomUUID().slice(0, 8)}`]: 'secret config value' }, secret: true };
    const { deployment } = (await this.platform.call(api.updateConfig, { params: this.there, body, as, headers: { 'x-molo-csrf': '1' } })).ok;
    await this.#protect(false);
    return deployment!.id;
  }

  async #protect(isProtected: boolean): Promise<void> {
    await this.platform.call(api.updateEnvironment, { params: this.there, body: { protected: isProtected } });
  }
}
