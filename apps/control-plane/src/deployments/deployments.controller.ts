import { Controller } from '@nestjs/common';
import { api, AppError, type DeploymentEvent } from '@molo/contracts';
import { EnvironmentsService } from '../environments/environments.service.js';
import { type Answer, type Call, Endpoint, type StreamEvent } from '../rest/endpoint.decorator.js';
import { pageOf, PositionInTime, positionOf } from '../rest/page.js';
import { DeploymentStream } from './deployment-stream.js';
import { DeploymentViews } from './deployment-views.js';
import { DeploymentsService } from './deployments.service.js';

@Controller()
export class DeploymentsController {
  constructor(
    private readonly environments: EnvironmentsService,
    private readonly deployments: DeploymentsService,
    private readonly views: DeploymentViews,
    private readonly stream: DeploymentStream,
  ) {}

  @Endpoint(api.listDeployments)
  async list({ params, query }: Call<typeof api.listDeployments>): Answer<typeof api.listDeployments> {
    const { environment } = await this.environments.find(params.app, params.environment);
    const rows = await this.views.list(environment.id, query.limit, positionOf(query.cursor, PositionInTime));
    return pageOf(rows, query.limit, (row): PositionInTime => ({ at: row.createdAt, id: row.id }), (row) => row);
  }

  @Endpoint(api.getDeployment)
  async get({ params }: Call<typeof api.getDeployment>): Answer<typeof api.getDeployment> {
    return this.views.one(params.deploymentId);
  }

  @Endpoint(api.rollBack)
  async rollBack({ params, body, caller }: Call<typeof api.rollBack>): Answer<typeof api.rollBack> {
    const { environment } = await this.environments.find(params.app, params.environment);
    return this.deployments.rollBack(environment.id, body.release ?? null, caller);
  }

  @Endpoint(api.promote)
  async promote({ params, body, caller }: Call<typeof api.promote>): Answer<typeof api.promote> {
    if (body.from === params.environment) throw new AppError('invalid_input', { detail: `${body.from} is what it would be promoted to. Name another environment.`, errors: [{ path: 'from', message: 'is the same environment' }] });
    const { environment: source } = await this.environments.find(params.app, body.from);
    const { environment } = await this.environments.find(params.app, params.environment);
    return this.deployments.promote(source, environment.id, body.release ?? null, caller);
  }

  @Endpoint(api.redeploy)
  async redeploy({ params, caller }: Call<typeof api.redeploy>): Answer<typeof api.redeploy> {
    const { environment } = await this.environments.find(params.app, params.environment);
    return this.deployments.redeploy(environment.id, caller);
  }

  @Endpoint(api.cancelDeployment)
  async cancel({ params, caller }: Call<typeof api.cancelDeployment>): Answer<typeof api.cancelDeployment> {
    return this.deployments.cancel(params.deploymentId, caller);
  }

  @Endpoint(api.followDeployment)
  async follow({ params, lastEventId, signal }: Call<typeof api.followDeployment>): Answer<typeof api.followDeployment> {
    const { id } = await this.views.one(params.deploymentId);
    const after = Number(lastEventId ?? 0);
    return numbered(this.stream.follow(id, Number.isSafeInteger(after) && after > 0 ? after : 0, signal));
  }
}

async function* numbered(events: AsyncIterable<DeploymentEvent>): AsyncGenerator<StreamEvent<DeploymentEvent>> {
  for await (const event of events) yield { id: String(event.seq), data: event };
}
