import { Controller } from '@nestjs/common';
import { api, type Deployment, type EnvironmentSummary } from '@molo/contracts';
import { AppsService } from '../apps/apps.service.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { ConfigService } from './config.service.js';
import { DomainsService } from './domains.service.js';
import { EnvironmentChangesService } from './environment-changes.service.js';
import { noSuchEnvironment } from './environments.service.js';
import { FormationService } from './formation.service.js';

@Controller()
export class EnvironmentsController {
  constructor(
    private readonly apps: AppsService,
    private readonly changes: EnvironmentChangesService,
    private readonly config: ConfigService,
    private readonly formation: FormationService,
    private readonly domains: DomainsService,
    private readonly deployments: DeploymentsService,
  ) {}

  @Endpoint(api.listEnvironments)
  async list({ params }: Call<typeof api.listEnvironments>): Answer<typeof api.listEnvironments> {
    return { items: await this.environmentsOf(params.app) };
  }

  @Endpoint(api.createEnvironment)
  async create({ params, body, caller }: Call<typeof api.createEnvironment>): Answer<typeof api.createEnvironment> {
    await this.changes.create(params.app, body.name, caller);
    return await this.environmentOf(params.app, body.name);
  }

  @Endpoint(api.getEnvironment)
  async get({ params }: Call<typeof api.getEnvironment>): Answer<typeof api.getEnvironment> {
    return await this.environmentOf(params.app, params.environment);
  }

  @Endpoint(api.updateEnvironment)
  async update({ params, body, caller }: Call<typeof api.updateEnvironment>): Answer<typeof api.updateEnvironment> {
    await this.changes.protect(params.app, params.environment, body.protected, caller);
    return await this.environmentOf(params.app, params.environment);
  }

  @Endpoint(api.removeEnvironment)
  async remove({ params, caller }: Call<typeof api.removeEnvironment>): Answer<typeof api.removeEnvironment> {
    await this.changes.remove(params.app, params.environment, caller);
  }

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

  private async environmentsOf(app: string): Promise<EnvironmentSummary[]> {
    return (await this.apps.view(await this.apps.findByName(app))).environments;
  }

  private async environmentOf(app: string, name: string): Promise<EnvironmentSummary> {
    const environment = (await this.environmentsOf(app)).find((each) => each.name === name);
    if (!environment) throw noSuchEnvironment(app, name);
    return environment;
  }

  private async deploymentOf(id: string | null): Promise<Deployment | null> {
    return id === null ? null : await this.deployments.view(id);
  }
}
