type SimulatorErrorCode =
  | 'unknown_website'
  | 'unknown_session'
  | 'unknown_message'
  | 'unknown_profile'
  | 'unknown_delivery'
  | 'unknown_switch'
  | 'switch_position_invalid'
  | 'session_exists'
  | 'hook_url_not_loopback'
  | 'control_input_invalid';

/** A test or a person asked the simulator for something it cannot do. Never an answer of the simulated Crisp. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
  readonly code: SimulatorErrorCode;

  constructor(code: SimulatorErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}
