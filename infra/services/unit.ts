import { existsSync, readFileSync } from 'node:fs';
import { moloHome } from '../config.ts';
import { supervisorArguments, supervisorEnvironment } from './keeper.ts';

export const unitName = 'molo.service';
export const unitFile = `/etc/systemd/system/${unitName}`;

interface UnitPlaces {
  readonly home: string;
  readonly checkout: string;
  readonly runsvdir: string;
}

/**
 * The unit by which systemd keeps runsvdir, and that the services. Stopping it is `npm stop` without its memory: the
 * platform ends in order, and the ingress and an engine of our own go on under their keepers, which the next runsvdir finds.
 */
export function unitText({ home, checkout, runsvdir }: UnitPlaces): string {
  const folder = `${home}/services`;
  const environment = Object.entries(supervisorEnvironment).map(([name, value]) => `Environment=${name}=${value}`);
  return [
    '# Written by `npm run systemd` of Molo, which writes it anew: what you change belongs into /etc/systemd/system/molo.service.d/.',
    '[Unit]',
    'Description=Molo, the deploy platform',
    'Wants=network-online.target',
    '# After the engine, where the machine keeps it: so at the machine\'s end Molo stops first.',
    'After=network-online.target local-fs.target docker.service',
    `RequiresMountsFor=${[home, checkout].map(argument).join(' ')}`,
    `ConditionPathIsDirectory=${folder}`,
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    ...environment,
    `ExecStart=${[runsvdir, ...supervisorArguments(folder)].map(argument).join(' ')}`,
    `ExecStop=/bin/sh -c ${argument(stopScript(folder))}`,
    'TimeoutStopSec=120',
    'Restart=always',
    'RestartSec=1',
    '# What serves the apps goes on when the unit stops: HAProxy, and an engine of our own with its containers.',
    'KillMode=process',
    'Delegate=yes',
    'OOMPolicy=continue',
    'OOMScoreAdjust=-500',
    'LimitNOFILE=1048576',
    'TasksMax=infinity',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

/** Programs that work for the platform end before the stores that they write to; apps need none of these. */
const stopOrder: readonly (readonly string[])[] = [['dashboard', 'agent', 'control-plane', 'registry'], ['redis', 'postgres']];

/** Ends runsvdir before the keepers that it would start again. $MAINPID is systemd's. Those that it ended start with the next runsvdir. */
export function stopScript(folder: string): string {
  const end = (services: readonly string[]) => `sv -w 40 force-shutdown ${services.map((service) => `./${service}`).join(' ')} >/dev/null 2>&1`;
  return `cd ${folder} || exit 1; sv down ./supervisor; [ -z "$MAINPID" ] || kill "$MAINPID"; ${end(['supervisor'])}; ${stopOrder.map(end).join('; ')}; exit 0`;
}

/** Whether systemd runs here and keeps the runsvdir of this home; another home's unit is none of ours. */
export function hasUnit(): boolean {
  return isSystemd() && existsSync(unitFile) && readFileSync(unitFile, 'utf8').includes(`ConditionPathIsDirectory=${moloHome}/services\n`);
}

export function isSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

/** As systemd reads a word: quoted, and with what it would replace itself left to whoever runs it. */
function argument(text: string): string {
  const literal = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(literal) ? literal : `'${literal.replaceAll("'", "\\'")}'`;
}
