import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Injectable } from '@nestjs/common';
import { api, type Endpoint } from '@molo/contracts';
import { endpointOf } from './endpoint.decorator.js';

/** The table and the controllers say the same: every endpoint has exactly one handler. */
@Injectable()
export class EndpointCheck {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** Throws, naming each endpoint that has no handler or more than one. */
  assert(): void {
    const handled = this.handledEndpoints();
    const wrong = Object.entries<Endpoint>(api).flatMap(([name, endpoint]) => {
      const count = handled.filter((other) => other === endpoint).length;
      return count === 1 ? [] : [`${name} (${endpoint.method} ${endpoint.path}) has ${count} handlers`];
    });
    if (wrong.length > 0) throw new Error(`Not every endpoint of the API has exactly one handler:\n${wrong.map((line) => `  ${line}`).join('\n')}`);
  }

  private handledEndpoints(): Endpoint[] {
    return this.discovery.getControllers().flatMap(({ metatype }) => {
      const prototype = (metatype as { prototype?: object } | null)?.prototype ?? null;
      const methods = prototype === null ? [] : this.scanner.getAllMethodNames(prototype).map((name) => (prototype as Record<string, object>)[name]);
      return methods.flatMap((method) => (method === undefined ? [] : (endpointOf(method) ?? [])));
    });
  }
}
