import type { HookMode } from '../config/config.ts';
import type { Finding } from './finding.ts';

/** Website hooks work, and are the weaker choice. */
export function judgeHookMode(mode: HookMode): Finding {
  const check = 'hook mode';
  if (mode === 'plugin') return { check, state: 'ok', message: 'plugin: signed, and repeated by Crisp' };
  return {
    check,
    state: 'warn',
    message:
      'website: neither signed nor repeated by Crisp; the key in the URL is all that proves its origin',
    remedy: 'use a plugin hook where you can, with CRISP_HOOK_MODE=plugin',
  };
}
