import { Module, type DynamicModule } from '@nestjs/common';
import { LOG, type Log } from '../logger.js';
import { IngressSettings } from './config.js';
import { Ingress, INGRESS_SETTINGS } from './ingress.js';

/** `IngressModule.forRoot({ home, domain, httpPort, apiPort, dashboardPort, pool }, log)` provides `Ingress`. */
@Module({})
export class IngressModule {
  static forRoot(settings: Partial<IngressSettings> & Pick<IngressSettings, 'home' | 'httpPort'>, log: Log): DynamicModule {
    return {
      module: IngressModule,
      providers: [{ provide: INGRESS_SETTINGS, useValue: IngressSettings.parse(settings) }, { provide: LOG, useValue: log }, Ingress],
      exports: [Ingress],
    };
  }
}
