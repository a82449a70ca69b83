import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('config_vars')
export class ConfigVar {
  @PrimaryColumn('uuid') environmentId!: string;
  @PrimaryColumn('text') key!: string;
  @Column('text') valueEncrypted!: string;
  @Column('boolean') secret!: boolean;
  @Column('timestamptz') updatedAt!: Date;
}
