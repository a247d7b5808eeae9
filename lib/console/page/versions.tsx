import { useMemo, useState } from 'preact/hooks';
import type { Conversation } from '../model.ts';
import { useLoaded } from './api.ts';
import { type Change, compareRecords } from './compare.ts';
import { Text } from './text.tsx';
import { formatMoment, formatVersion, plural } from './words.ts';

/** The archived versions, and what changed between two of them: at first the newest and the one before. */
export function Versions({ path, versions }: { path: string; versions: Conversation['versions'] }) {
  const [newer, setNewer] = useState(versions[0]?.version);
  const older = versions[versions.findIndex(({ version }) => version === newer) + 1]?.version;
  if (versions.length === 0) return <p class="empty muted">No version of it was archived.</p>;
  return (
    <div class="versions">
      <ol class="version-list" aria-label="Versions, newest first">
        {versions.map(({ version, atMs }, index) => (
          <li key={version}>
            <button type="button" aria-pressed={version === newer} onClick={() => setNewer(version)}>
              <span>{formatMoment(atMs ?? version)}</span>
              <small>
                {version}
                {index === 0 && ' · newest'}
              </small>
            </button>
          </li>
        ))}
      </ol>
      <div class="version-changes">
        {newer !== undefined && older === undefined && (
          <p class="muted">The first version that is kept: nothing to compare it with.</p>
        )}
        {newer !== undefined && older !== undefined && <Changes path={path} newer={newer} older={older} />}
      </div>
    </div>
  );
}

function Changes({ path, newer, older }: { path: string; newer: number; older: number }) {
  const now = useLoaded<unknown>(`${path}/versions/${newer}`);
  const before = useLoaded<unknown>(`${path}/versions/${older}`);
  const changes = useMemo(
    () => (now.data && before.data ? compareRecords(before.data, now.data) : undefined),
    [now.data, before.data],
  );
  const error = now.error ?? before.error;
  if (error) return <p class="tone-bad">{error.message}</p>;
  if (!changes) return <p class="muted">Reading both…</p>;
  const content = changes.filter(({ isOfFetch }) => !isOfFetch);
  const ofFetch = changes.filter(({ isOfFetch }) => isOfFetch);
  return (
    <>
      <h2 class="label">
        {plural(content.length, 'change')} from {formatVersion(older)} to {formatVersion(newer)}
      </h2>
      <ChangeList changes={content} />
      {ofFetch.length > 0 && (
        <details>
          <summary class="muted">{plural(ofFetch.length, 'difference')} of the fetch itself</summary>
          <ChangeList changes={ofFetch} />
        </details>
      )}
    </>
  );
}

function ChangeList({ changes }: { changes: readonly Change[] }) {
  return (
    <ul class="changes">
      {changes.map(({ path, before, after }) => (
        <li key={path}>
          <code>
            <Text>{path}</Text>
          </code>
          {before !== undefined && (
            <del>
              <span class="sign" aria-hidden="true">
                −
              </span>{' '}
              <Text>{before}</Text>
            </del>
          )}
          {after !== undefined && (
            <ins>
              <span class="sign" aria-hidden="true">
                +
              </span>{' '}
              <Text>{after}</Text>
            </ins>
          )}
        </li>
      ))}
    </ul>
  );
}
