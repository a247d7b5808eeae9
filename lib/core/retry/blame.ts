/**
 * Who is to blame for a failed run. `session`: itself, so it spends an attempt. `outage`: Crisp or our own platform, so
 * it spends none, and the breaker was asked to open. `refusal`: Crisp limits us for the moment; none either.
 */
export type Blame = 'session' | 'outage' | 'refusal';
