import { portSuffix, type Settings } from '../setup/settings.ts';
import { step } from '../terminal/progress.ts';
import { goTo, push, type Delivery } from './deliveries.ts';
import { createToken, ensureApp, revokeToken } from './molo.ts';
import { Repository } from './repository.ts';
import { showSummary, showVerdict } from './summary.ts';
import { getVersion, Traffic } from './traffic.ts';

export const app = 'myapp';

/** 1.0 → 1.1 → 1.2 by git push, back to 1.1 and forward again, under traffic all the while. */
export async function deliverMyApp(settings: Settings): Promise<boolean> {
  const host = `${app}.${settings['MOLO_DOMAIN']}${portSuffix(settings)}`;
  const port = Number(settings['MOLO_HTTP_PORT']);
  const token = await createToken('npm run demo');
  const repository = new Repository(token.token);
  const traffic = new Traffic(host, port);
  const stage = { app, host, port, traffic };
  const deliveries: Delivery[] = [];
  const deliver = async (delivery: Promise<Delivery>) => void deliveries.push(await delivery);
  try {
    await step('Create myapp and its repository', async () => repository.open((await ensureApp(app)).gitHttpUrl));
    const { status } = await getVersion(host, port);
    if (status === 200) traffic.start();
    await deliver(push(stage, repository, '1.0'));
    if (status !== 200) traffic.start();
    await deliver(push(stage, repository, '1.1'));
    await deliver(push(stage, repository, '1.2'));
    const [, second, third] = deliveries;
    if (second) await deliver(goTo(stage, 'roll back', second));
    if (third) await deliver(goTo(stage, 'roll forward', third));
  } finally {
    await traffic.stop();
    repository.remove();
    await revokeToken(token.id);
  }
  showSummary(deliveries);
  return showVerdict(traffic.counts, traffic.failures, deliveries);
}
