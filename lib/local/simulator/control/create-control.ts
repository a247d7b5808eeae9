import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import type { Clock } from '../../../ports/clock.ts';
import type { Simulator } from '../simulator.ts';
import { SimulatorError } from '../simulator-error.ts';
import { CONTROLS } from './controls.ts';
import { describeSimulator } from './describe-simulator.ts';
import { readBody } from './read-body.ts';
import { VIEWS } from './views.ts';

const PREFIX = '/_simulator/';

interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Answers `/_simulator`: GET tells the state, `POST /_simulator/{control}` with a JSON body acts. Nothing here is counted,
 * limited or delayed. A page of another site cannot use it: a foreign Origin is refused, and so is a body that is not JSON.
 */
export function createControl(simulator: Simulator, clock: Clock) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, body } = await answer(request, simulator, clock);
    response.sendDate = false;
    response.writeHead(status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
    });
    response.end(`${JSON.stringify(body, undefined, 2)}\n`);
  };
}

async function answer(request: IncomingMessage, simulator: Simulator, clock: Clock): Promise<ControlAnswer> {
  if (request.headers.origin !== undefined) return refuse(403, 'origin_not_allowed');
  const [path = ''] = (request.url ?? '').split('?');
  const name = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : '';

  if (request.method === 'GET') return view(name, simulator, clock);
  if (request.method !== 'POST') return refuse(405, 'method_not_allowed');
  if (request.headers['content-type']?.split(';')[0] !== 'application/json')
    return refuse(415, 'json_expected');
  const body = await readBody(request);
  return act(name, body, simulator, clock);
}

function view(name: string, simulator: Simulator, clock: Clock): ControlAnswer {
  if (name === '') return { status: 200, body: describeSimulator(simulator, clock.nowMs()) };
  const [kind = '', ...rest] = name.split('/');
  const shown = Object.hasOwn(VIEWS, kind) ? VIEWS[kind]?.(simulator, rest) : undefined;
  return shown === undefined ? refuse(404, 'not_found') : { status: 200, body: shown };
}

function act(name: string, body: unknown, simulator: Simulator, clock: Clock): ControlAnswer {
  const control = CONTROLS.find((candidate) => candidate.name === name);
  if (control === undefined)
    return refuse(404, 'not_found', `controls: ${CONTROLS.map((c) => c.name).join(', ')}`);
  try {
    return { status: 200, body: { ok: true, ...control.act(simulator, body, clock.nowMs()) } };
  } catch (error) {
    if (error instanceof SimulatorError) return refuse(400, error.code, error.message);
    if (error instanceof z.ZodError) return refuse(400, 'control_input_invalid', z.prettifyError(error));
    throw error;
  }
}

function refuse(status: number, error: string, message?: string): ControlAnswer {
  return { status, body: message === undefined ? { error } : { error, message } };
}
