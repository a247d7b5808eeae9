/** What `${self:custom.settings.NAME}` stands for. An empty text is a value; an absent name is an error. */
export type InfraSettings = Readonly<Record<string, string | number | boolean>>;

export interface InfraContext {
  readonly stage: string;
  readonly settings: InfraSettings;
  readonly region: string;
  readonly accountId: string;
}
