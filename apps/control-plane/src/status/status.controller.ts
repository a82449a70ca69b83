import { readFileSync } from 'node:fs';
import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { ClaimService } from '../access/claim.service.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { Parts, type PartStatus } from './parts.js';

/** Whoever is not signed in may ask: the parts are bothered at most once in this time. */
const freshMs = 1000;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

@Controller()
export class StatusController {
  private asked: { at: number; parts: Promise<PartStatus[]> } | null = null;
  /** What was known last, while the database is away. */
  private claimed = true;

  constructor(
    private readonly parts: Parts,
    private readonly claims: ClaimService,
  ) {}

  @Endpoint(api.status)
  async read({ caller }: Call<typeof api.status>): Answer<typeof api.status> {
    const parts = await this.freshParts();
    this.claimed = await this.claims.isClaimed().catch(() => this.claimed);
    const mayKnowWhy = caller.rights.includes('read');
    return { version, claimed: this.claimed, parts: parts.map((part) => ({ ...part, detail: mayKnowWhy ? part.detail : null })) };
  }

  private async freshParts(): Promise<PartStatus[]> {
    if (this.asked === null || performance.now() - this.asked.at > freshMs) this.asked = { at: performance.now(), parts: this.parts.ask() };
    return await this.asked.parts;
  }
}
