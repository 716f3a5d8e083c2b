/**
 * The shapes of the server's answers. They are checked at run time: a type
 * assertion on JSON is a wish, and a wish shows up as `undefined` on a screen.
 *
 * The examples in `contract/` at the top of the repository bind these shapes
 * to the server's: both test suites read them.
 */
import * as v from 'valibot';

const timestamp = v.pipe(v.string(), v.isoTimestamp());

export const severity = v.picklist(['warning', 'critical']);
export const role = v.picklist(['admin', 'operator', 'viewer', 'agent']);

export const alert = v.strictObject({
  id: v.string(),
  rule: v.string(),
  subject: v.string(),
  severity,
  value: v.number(),
  since: timestamp,
});

export const agent = v.strictObject({
  name: v.string(),
  version: v.string(),
  last_seen: timestamp,
});

export const member = v.strictObject({ id: v.string(), name: v.string(), role });

export const alertsAnswer = v.strictObject({ alerts: v.array(alert) });
export const agentsAnswer = v.strictObject({ agents: v.array(agent) });
export const membersAnswer = v.strictObject({ members: v.array(member) });
export const memberAddedAnswer = v.strictObject({ member, token: v.string() });
export const signupAnswer = v.strictObject({ org: v.string(), token: v.string() });
export const errorAnswer = v.strictObject({
  error: v.strictObject({ code: v.string(), message: v.string() }),
});

export type Severity = v.InferOutput<typeof severity>;
export type Role = v.InferOutput<typeof role>;
export type Alert = v.InferOutput<typeof alert>;
export type Agent = v.InferOutput<typeof agent>;
export type Member = v.InferOutput<typeof member>;
