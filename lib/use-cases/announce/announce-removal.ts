import type { SessionRef } from '../../core/ids.ts';
import { buildRemovedRecord } from '../../core/record/build-removed-record.ts';
import { nextVersion } from '../../core/record/next-version.ts';
import type { StoredLatest } from '../../ports/record-archive.ts';
import { type AnnounceDeps, createAnnounceVersion } from './announce-version.ts';

export interface AnnounceRemovalOptions {
  /** Why the conversation counts as removed: a code, e.g. `not_found`. */
  readonly reason: string;
  /** When Crisp was asked for it, epoch ms. */
  readonly startedMs: number;
  /**
   * What `latest` said before that; null: nothing. A run that another one overtook is refused (`record_superseded`): a
   * removal must not pass for newer than a record that was fetched after it. Without it, `latest` is read now.
   */
  readonly replaces?: StoredLatest | null;
}

/** `never-seen`: nothing was ever announced of this session, so there is nobody to tell. */
export type AnnounceRemovalResult =
  | { readonly outcome: 'removed' | 'already-removed'; readonly version: number }
  | { readonly outcome: 'never-seen' };

export type AnnounceRemoval = (
  session: SessionRef,
  options: AnnounceRemovalOptions,
) => Promise<AnnounceRemovalResult>;

/**
 * Announces once that Crisp no longer has a conversation. Should it come back, its next record has a higher version.
 * Resolves only when all is durable; throws what the ports throw.
 */
export function createAnnounceRemoval(deps: AnnounceDeps): AnnounceRemoval {
  const announceVersion = createAnnounceVersion(deps);

  return async (session, { reason, startedMs, replaces }) => {
    const stored = replaces === undefined ? await deps.archive.getLatest(session) : (replaces ?? undefined);
    if (!stored) return { outcome: 'never-seen' };

    const { latest, revision } = stored;
    if (latest.kind === 'conversation.removed' && latest.announced) {
      const { websiteId, sessionId } = session;
      deps.telemetry.emit({ name: 'record-unchanged', websiteId, sessionId, version: latest.version });
      return { outcome: 'already-removed', version: latest.version };
    }

    const next = nextVersion(startedMs, latest.version);
    const record = buildRemovedRecord(session, { version: next, reason });
    return { outcome: 'removed', version: await announceVersion(session, record, revision) };
  };
}
