import type { Route } from './route.ts';

export interface RouteMatch {
  readonly route: Route;
  /** Values of the path's names, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Finds the route of a path below `/v1/`. The path is taken as it came: `..` is a segment like any other, so a client
 * that lets an id escape its segment is seen to ask for another route.
 */
export function createRouteMatcher(routes: readonly Route[]) {
  const patterns = routes.map((route) => ({ route, names: route.path.split('/') }));

  return (method: string, path: string): RouteMatch | undefined => {
    const segments = path.split('/');
    for (const { route, names } of patterns) {
      if (method !== 'GET' && !(method === 'HEAD' && route.hasHead === true)) continue;
      const params = matchSegments(names, segments);
      if (params !== undefined) return { route, params };
    }
    return undefined;
  };
}

function matchSegments(
  names: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (names.length !== segments.length) return undefined;
  const params: Record<string, string> = {};

  for (const [index, name] of names.entries()) {
    const segment = segments[index] ?? '';
    if (!name.startsWith(':')) {
      if (segment !== name) return undefined;
      continue;
    }
    const value = decode(segment);
    if (value === undefined || value === '') return undefined;
    params[name.slice(1)] = value;
  }
  return params;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A lone % is no path of any route.
    return undefined;
  }
}
