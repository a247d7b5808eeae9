import type { z } from 'zod/mini';
import type { CommonConfig, SecretsConfig } from './config.ts';
import type { VariableName, variables } from './variables.ts';

/** The variables that every part of the pipeline reads. */
export const COMMON_VARIABLES = {
  CRISP_WEBSITE_IDS: true,
  COALESCE_SECONDS: true,
  COALESCE_MARGIN_SECONDS: true,
  LOG_LEVEL: true,
  METRICS_NAMESPACE: true,
} as const satisfies Partial<Record<VariableName, true>>;

type CommonValues = Pick<z.output<typeof variables>, keyof typeof COMMON_VARIABLES>;

export function toCommonConfig(values: CommonValues, secrets: SecretsConfig): CommonConfig {
  return {
    websiteIds: values.CRISP_WEBSITE_IDS,
    coalesce: {
      coalesceSeconds: values.COALESCE_SECONDS,
      marginSeconds: values.COALESCE_MARGIN_SECONDS,
    },
    secrets,
    logLevel: values.LOG_LEVEL,
    metricsNamespace: values.METRICS_NAMESPACE,
  };
}
