import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // null for the machine's owner, and for links from before it was kept
  `alter table invitations add column made_by uuid references users on delete cascade`,
  `create index invitations_made_by on invitations (made_by)`,
];

/** Who made the link of an invitation: it goes with what they may. */
export class InvitationMakers1765060000000 implements MigrationInterface {
  readonly name = 'InvitationMakers1765060000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
