import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // The secret is there from when enrolment begins; it counts since it was confirmed.
  `alter table users add column second_factor_secret text, add column second_factor_since timestamptz,
     add constraint users_second_factor_has_secret check (second_factor_since is null or second_factor_secret is not null)`,
  // Of each time step one code is accepted, ever: kept as long as the secret, since a clock may go back as far as it likes.
  `create table second_factor_steps (user_id uuid not null references users on delete cascade, step bigint not null, primary key (user_id, step))`,
  `create table recovery_codes (user_id uuid not null references users on delete cascade, code_hash text not null, primary key (user_id, code_hash))`,
];

/** A code besides the password. */
export class SecondFactors1765100000000 implements MigrationInterface {
  readonly name = 'SecondFactors1765100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
