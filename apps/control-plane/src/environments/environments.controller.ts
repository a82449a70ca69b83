import { Controller } from '@nestjs/common';
import { api, type Deployment } from '@molo/contracts';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { ConfigService } from './config.service.js';
import { DomainsService } from './domains.service.js';
import { FormationService } from './formation.service.js';

@Controller()
export class EnvironmentsController {
  constructor(
    private readonly config: ConfigService,
    private readonly formation: FormationService,
    private readonly domains: DomainsService,
    private readonly deployments: DeploymentsService,
  ) {}

  @Endpoint(api.getConfig)
  async getConfig({ params }: Call<typeof api.getConfig>): Answer<typeof api.getConfig> {
    return { items: await this.config.list(params.app, params.environment) };
  }

  @Endpoint(api.updateConfig)
  async updateConfig({ params, body, caller }: Call<typeof api.updateConfig>): Answer<typeof api.updateConfig> {
    const { items, deploymentId } = await this.config.change(params.app, params.environment, body, caller);
    return { items, deployment: await this.deploymentOf(deploymentId) };
  }

  @Endpoint(api.getFormation)
  async getFormation({ params }: Call<typeof api.getFormation>): Answer<typeof api.getFormation> {
    return await this.formation.read(params.app, params.environment);
  }

  @Endpoint(api.scale)
  async scale({ params, body, caller }: Call<typeof api.scale>): Answer<typeof api.scale> {
    const { formation, deploymentId } = await this.formation.scale(params.app, params.environment, body, caller);
    return { formation, deployment: await this.deploymentOf(deploymentId) };
  }

  @Endpoint(api.listDomains)
  async listDomains({ params }: Call<typeof api.listDomains>): Answer<typeof api.listDomains> {
    return { items: await this.domains.list(params.app, params.environment) };
  }

  @Endpoint(api.addDomain)
  async addDomain({ params, body, caller }: Call<typeof api.addDomain>): Answer<typeof api.addDomain> {
    return await this.domains.add(params.app, params.environment, body.host, caller);
  }

  @Endpoint(api.removeDomain)
  async removeDomain({ params, caller }: Call<typeof api.removeDomain>): Answer<typeof api.removeDomain> {
    await this.domains.remove(params.app, params.environment, params.host, caller);
  }

  private async deploymentOf(id: string | null): Promise<Deployment | null> {
    return id === null ? null : await this.deployments.view(id);
  }
}
