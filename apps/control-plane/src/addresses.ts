import { Injectable } from '@nestjs/common';
import { defaultEnvironment } from '@molo/contracts';
import { Config } from './config.js';

/** The addresses that people are shown. */
@Injectable()
export class Addresses {
  constructor(private readonly config: Config) {}

  get dashboard(): string {
    return this.url(this.platformHost);
  }

  get platformHost(): string {
    return `molo.${this.config.domain}`;
  }

  /** The host that an environment has by itself: `myapp.DOMAIN`, `myapp--staging.DOMAIN`. */
  builtInHost(app: string, environment: string): string {
    return `${environment === defaultEnvironment ? app : `${app}--${environment}`}.${this.config.domain}`;
  }

  isUnderPlatform(host: string): boolean {
    return host === this.config.domain || host.endsWith(`.${this.config.domain}`);
  }

  /** With the port, where it is not the one that browsers take. */
  url(host: string): string {
    return `http://${host}${this.config.httpPort === 80 ? '' : `:${this.config.httpPort}`}`;
  }

  gitHttp(app: string): string {
    return `${this.dashboard}/git/${app}.git`;
  }

  gitSsh(app: string): string {
    // ssh asks the system's resolver, which seldom knows names under localhost.
    const host = this.config.domain === 'localhost' ? 'localhost' : this.platformHost;
    return `ssh://git@${host}:${this.config.sshPort}/${app}.git`;
  }

  imageRepository(app: string): string {
    return `${this.config.registryHost}/${app}`;
  }
}
