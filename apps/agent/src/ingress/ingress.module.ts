import { Module, type DynamicModule } from '@nestjs/common';
import { IngressSettings } from './config.js';
import { Ingress, INGRESS_SETTINGS } from './ingress.js';

/** `IngressModule.forRoot({ home, domain, httpPort, apiPort, dashboardPort, pool })` provides `Ingress`. */
@Module({})
export class IngressModule {
  static forRoot(settings: Partial<IngressSettings> & Pick<IngressSettings, 'home' | 'httpPort'>): DynamicModule {
    return {
      module: IngressModule,
      providers: [{ provide: INGRESS_SETTINGS, useValue: IngressSettings.parse(settings) }, Ingress],
      exports: [Ingress],
    };
  }
}
