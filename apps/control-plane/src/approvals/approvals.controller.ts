import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { appIdsWith } from '../access/rights.js';
import { DeploymentViews } from '../deployments/deployment-views.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, PositionInTime, positionOf } from '../rest/page.js';
import { ApprovalsService } from './approvals.service.js';

@Controller()
export class ApprovalsController {
  constructor(
    private readonly approvals: ApprovalsService,
    private readonly views: DeploymentViews,
  ) {}

  @Endpoint(api.listApprovals)
  async list({ query, caller }: Call<typeof api.listApprovals>): Answer<typeof api.listApprovals> {
    const rows = await this.views.awaitingApproval(appIdsWith(caller, 'read'), query.limit, positionOf(query.cursor, PositionInTime));
    return pageOf(rows, query.limit, (row): PositionInTime => ({ at: row.createdAt, id: row.id }), (row) => row);
  }

  @Endpoint(api.getDeploymentChanges)
  async changes({ params }: Call<typeof api.getDeploymentChanges>): Answer<typeof api.getDeploymentChanges> {
    return await this.approvals.changesOf(params.deploymentId);
  }

  @Endpoint(api.approveDeployment)
  async approve({ params, body, caller }: Call<typeof api.approveDeployment>): Answer<typeof api.approveDeployment> {
    return await this.approvals.approve(params.deploymentId, { word: body.word ?? null, version: body.version ?? null }, caller);
  }

  @Endpoint(api.declineDeployment)
  async decline({ params, body, caller }: Call<typeof api.declineDeployment>): Answer<typeof api.declineDeployment> {
    return await this.approvals.decline(params.deploymentId, { word: body.word ?? null }, caller);
  }
}
