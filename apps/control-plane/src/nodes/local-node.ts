import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config.js';
import { NodesService } from './nodes.service.js';

/** The machine of the control plane is a node from the first start on. */
@Injectable()
export class LocalNode implements OnModuleInit {
  constructor(
    private readonly nodes: NodesService,
    private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.nodes.ensureLocalNode(this.config.nodeName, this.config.nodeToken);
  }
}
