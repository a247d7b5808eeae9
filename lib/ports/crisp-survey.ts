import type { CrispQuery, CrispSegment } from '../core/crisp/crisp-url.ts';
import type { ClockSample } from '../core/doctor/judge-clock.ts';
import type { SurveyAnswer } from '../core/doctor/survey-answer.ts';

/** Crisp asked for the sake of how it answers. */
export interface CrispSurvey {
  /** One GET, whatever comes of it; rejects for nothing that Crisp can do. */
  ask(segments: readonly CrispSegment[], query?: CrispQuery): Promise<SurveyAnswer>;
  /** Crisp's clock, by its newest answer. */
  readonly clockSample: ClockSample | undefined;
  close(): Promise<void>;
}
