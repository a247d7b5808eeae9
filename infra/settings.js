import { loadDeploySettings } from '../lib/config/load.ts';

// osls loads only .js here; what it needs is computed by the same code that reads the configuration at run time. The
// settings of a stage are `.env.{stage}` beside serverless.yml, and the environment.

async function load({ resolveVariable }) {
  return loadDeploySettings({ stage: await resolveVariable('sls:stage'), folder: process.cwd() });
}

/** The numbers that infra/*.yml call `self:custom.settings.NAME`. */
export async function settings(osls) {
  return (await load(osls)).settings;
}

/** The variables that were given; each function's own defaults stand for the others. */
export async function environment(osls) {
  return (await load(osls)).environment;
}

/** What the stack records of how it was made, for the next deployment to compare itself with. */
export async function recorded(osls) {
  return JSON.stringify((await load(osls)).given);
}

/** Which files of infra/optional/ are part of the template. */
export async function parts(osls) {
  const { alarmEmail, noHooksAlarmHours } = (await load(osls)).settings;
  return {
    alarmEmail: alarmEmail === '' ? 'none' : 'alarm-email',
    noHooksAlarm: noHooksAlarmHours === 0 ? 'none' : 'no-hooks-alarm',
  };
}
