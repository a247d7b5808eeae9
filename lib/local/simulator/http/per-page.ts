import type { Switches } from '../switches.ts';
import { invalidData, type Reply } from './reply.ts';

// Crisp's reference: per_page from 20 to 50, 20 where it is absent.
const MIN_PER_PAGE = 20;
const MAX_PER_PAGE = 50;

/** The page size that `per_page` asks for, or the refusal. */
export function toPerPage(query: URLSearchParams, switches: Switches): number | Reply {
  const text = query.get('per_page');
  if (text === null) return MIN_PER_PAGE;
  if (!/^\d{1,4}$/.test(text)) return invalidData('per_page is not a number');

  const clamped = Math.min(MAX_PER_PAGE, Math.max(MIN_PER_PAGE, Number(text)));
  if (clamped !== Number(text) && switches.perPageOutOfRange === 'refused') {
    return invalidData(`per_page must be from ${MIN_PER_PAGE} to ${MAX_PER_PAGE}`);
  }
  return clamped;
}
