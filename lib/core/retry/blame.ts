/**
 * Who is to blame for a failed run.
 * - `session`: itself.
 * - `unconfirmed`: itself, as far as anybody knows; a verdict is not believed yet.
 * - `outage`: Crisp or our own platform, so it spends no attempt, and the breaker was asked to open.
 * - `refusal`: Crisp limits us for the moment; no attempt either.
 */
export type Blame = 'session' | 'unconfirmed' | 'outage' | 'refusal';
