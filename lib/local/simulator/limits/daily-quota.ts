const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

export interface QuotaState {
  /** Requests a day; 0 means without limit. */
  readonly perDay: number;
  readonly used: number;
  /** When the count starts anew, epoch milliseconds. */
  readonly resetsAtMs: number;
}

export interface DailyQuota {
  /** Whether a request is still allowed now. Does not count it. */
  isSpent(nowMs: number): boolean;
  count(nowMs: number): void;
  state(nowMs: number): QuotaState;
  setPerDay(perDay: number): void;
  setUsed(used: number, nowMs: number): void;
}

/** The daily quota of a token. The day starts at `resetHourUtc()`, which may be changed while it runs. */
export function createDailyQuota(perDay: number, resetHourUtc: () => number): DailyQuota {
  let allowed = perDay;
  let used = 0;
  let day: number | undefined;

  const toDay = (nowMs: number) => Math.floor((nowMs - resetHourUtc() * HOUR_MS) / DAY_MS);

  function turnDay(nowMs: number): void {
    const today = toDay(nowMs);
    if (day !== today) used = 0;
    day = today;
  }

  return {
    isSpent(nowMs) {
      turnDay(nowMs);
      return allowed > 0 && used >= allowed;
    },
    count(nowMs) {
      turnDay(nowMs);
      used += 1;
    },
    state(nowMs) {
      turnDay(nowMs);
      return { perDay: allowed, used, resetsAtMs: (toDay(nowMs) + 1) * DAY_MS + resetHourUtc() * HOUR_MS };
    },
    setPerDay(changed) {
      allowed = changed;
    },
    setUsed(changed, nowMs) {
      turnDay(nowMs);
      used = changed;
    },
  };
}
