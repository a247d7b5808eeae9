import type { HookRequest } from '../support/hook-request.ts';

/**
 * One bad delivery and the one answer it must get. `row` names its line in docs/bad-inputs.md; `code` is the error's or,
 * with status 200, why the event is ignored.
 */
export type HookRow = readonly [
  row: string,
  title: string,
  status: number,
  code: string,
  request: HookRequest,
  environment?: Readonly<Record<string, string>>,
];
