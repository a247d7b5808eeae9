import { VERSION } from '../../core/version.ts';

/** How the pipeline names itself to Crisp. */
export const USER_AGENT = `crisp-enrich/${VERSION}`;
