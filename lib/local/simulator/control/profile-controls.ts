import * as z from 'zod';
import { type Control, toControl, toWebsite } from './control.ts';

const text = z.string().exactOptional();
const ProfileBody = z.strictObject({ people_id: z.string(), website_id: text });
const ChangeBody = ProfileBody.extend({
  nickname: text,
  notepad: text,
  segments: z.array(z.string()).exactOptional(),
});

export const PROFILE_CONTROLS: readonly Control[] = [
  toControl(
    'change-profile',
    '{ people_id, website_id?, nickname?, notepad?, segments? }: someone edits a person',
    ChangeBody,
    (simulator, { people_id: peopleId, website_id, nickname, ...change }) => {
      const person = nickname === undefined ? {} : { person: { nickname } };
      const websiteId = toWebsite(simulator, website_id);
      simulator.changeProfile({ websiteId, peopleId }, { ...change, ...person });
      return undefined;
    },
  ),
  toControl(
    'remove-profile',
    '{ people_id, website_id? }: someone deletes a person',
    ProfileBody,
    (simulator, { people_id: peopleId, website_id }) => {
      simulator.removeProfile({ websiteId: toWebsite(simulator, website_id), peopleId });
      return undefined;
    },
  ),
];
