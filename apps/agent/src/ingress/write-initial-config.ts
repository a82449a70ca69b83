import { ingressSettingsFrom } from './config.js';
import { writeInitialConfig } from './disk.js';

/** `node dist/ingress/write-initial-config.js`: for set-up, so that HAProxy can start before the agent ever ran. */
await writeInitialConfig(ingressSettingsFrom());
