import { describe, expect, test } from 'vitest';
import { toTypedList, toTypedObject, toTypedProfile } from '../../../lib/core/crisp/typed.ts';

const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';

describe('a profile', () => {
  test.each([
    ['of another person', { people_id: '00000000-0000-4000-8000-000000000000', email: 'canary' }],
    ['of a person whose id is no id', { people_id: 7, email: 'canary' }],
    ['of a person whose id is a list', { people_id: [PEOPLE_ID], email: 'canary' }],
  ])('%s is left out, and its id alone is named', (_, profile) => {
    expect(toTypedProfile(profile, PEOPLE_ID)).toEqual({
      value: null,
      oddFields: [{ path: 'profile.people_id', value: profile.people_id }],
    });
  });

  test.each([{}, { people_id: PEOPLE_ID.toUpperCase() }, { people_id: null }])(
    'of the person who was asked for is kept: %j',
    (profile) => {
      expect(toTypedProfile(profile, PEOPLE_ID)).toEqual({ value: profile, oddFields: [] });
    },
  );

  test.each([[[]], ['text'], [7], [true]])('that is none is set aside: %j', (profile) => {
    expect(toTypedProfile(profile, PEOPLE_ID)).toEqual({
      value: null,
      oddFields: [{ path: 'profile', value: profile }],
    });
  });
});

test.each([[[]], ['text'], [7], [false]])('%j in the place of an object is set aside', (data) => {
  expect(toTypedObject('relations', data)).toEqual({
    value: {},
    oddFields: [{ path: 'relations', value: data }],
  });
});

test.each([[{}], ['text'], [7], [false]])('%j in the place of a list is set aside', (data) => {
  expect(toTypedList('pages', data)).toEqual({
    value: undefined,
    oddFields: [{ path: 'pages', value: data }],
  });
});

test.each([undefined, null])('%s is not odd: there is nothing', (data) => {
  expect(toTypedProfile(data, PEOPLE_ID)).toEqual({ value: null, oddFields: [] });
  expect(toTypedObject('relations', data)).toEqual({ value: {}, oddFields: [] });
  expect(toTypedList('pages', data)).toEqual({ value: undefined, oddFields: [] });
});
