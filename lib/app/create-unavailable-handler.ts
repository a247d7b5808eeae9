import middy from '@middy/core';
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import { type FunctionUrlResponse, toRefusedResponse } from '../adapters/function-url.ts';
import { createPowertoolsTelemetry } from '../adapters/telemetry/powertools-telemetry.ts';
import type { ConfigError } from '../core/errors/config-error.ts';
import { HookRefusedError } from '../core/errors/hook-refused-error.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { withoutForeignErrors } from './without-foreign-errors.ts';

/**
 * The webhook of a function whose configuration is wrong: every delivery gets 503 `config_unavailable` and may come
 * again, and the log says each time what is to be mended. A crash would tell Crisp and people less.
 */
export function createUnavailableHandler(
  { problems }: ConfigError,
  overrides: { telemetry?: Telemetry } = {},
) {
  const { telemetry, middlewares } = overrides.telemetry
    ? { telemetry: overrides.telemetry, middlewares: [] }
    : createPowertoolsTelemetry({ service: 'webhook', logLevel: 'info', namespace: 'crisp-enrich' });
  const detail = problems.map((p) => `${p.variable}: ${p.message} [${p.code}]`).join('; ');
  const refusal = new HookRefusedError('config_unavailable', detail);

  const handler = middy(async (event: LambdaFunctionURLEvent): Promise<FunctionUrlResponse> => {
    const { code, status } = refusal;
    telemetry.emit({ name: 'hook-refused', code, status, detail });
    return toRefusedResponse(refusal, event.requestContext?.requestId ?? '');
  }).use(middlewares);
  return withoutForeignErrors((event: LambdaFunctionURLEvent, context: Context) => handler(event, context));
}
