/** The server's tests compare its answers to the same files, byte for byte. */
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import agents from '../../contract/agents.json';
import alerts from '../../contract/alerts.json';
import error from '../../contract/error.json';
import memberAdded from '../../contract/member-added.json';
import members from '../../contract/members.json';
import signup from '../../contract/signup.json';
import * as schema from '../src/api/schema';

describe('the contract', () => {
  it.each([
    ['agents', schema.agentsAnswer, agents],
    ['alerts', schema.alertsAnswer, alerts],
    ['error', schema.errorAnswer, error],
    ['member-added', schema.memberAddedAnswer, memberAdded],
    ['members', schema.membersAnswer, members],
    ['signup', schema.signupAnswer, signup],
  ] as const)('%s.json is understood completely', (_, shape, example) => {
    expect(v.parse(shape, example)).toEqual(example);
  });

  it('is not understood with a field too many', () => {
    const [alert] = alerts.alerts;
    expect(v.safeParse(schema.alert, { ...alert, org: 'globex' }).success).toBe(false);
  });
});
