import { Complaint, exitStatus } from './complaint.ts';
import { type GrantRow, grantJson } from './grant.ts';
import { grantTable, ordered } from './grant-table.ts';
import type { RemoteBroker } from './remote.ts';
import { json, type Verb } from './verb.ts';

/** What was granted, beside what each thread runs as now. */
export const list: Verb = {
  name: 'list',
  operands: [],
  flags: [
    { name: 'all', short: 'a', doc: "everybody's grants" },
    { name: 'user', short: 'u', value: 'USER', doc: 'the grants of this user, by name or number' },
    json,
  ],
  summary: 'list granted threads, beside what they run as now',
  details:
    "Without a flag it lists your own grants, and everybody's if you are root. Others may see everybody's if polkit lets " +
    'them (org.example.RealtimeBroker.inspect). A thread is "active"; "demoted" for a while, because it starved the ' +
    'machine; or "drifted", if somebody else changed its scheduling.',
  async run(tool, { given }) {
    const user = given.get('user');
    const uid = user !== undefined ? tool.users.find(user) : given.has('all') || tool.uid === 0 ? undefined : tool.uid;
    const broker = await tool.broker();
    const all = await broker.grants(uid === tool.uid ? 'own' : 'everybody');
    if (uid !== tool.uid) await requireAll(broker, all, tool.uid);

    const grants = ordered(all.filter((grant) => uid === undefined || grant.uid === uid));
    return {
      status: exitStatus.done,
      lines: grantTable(grants, tool.users, tool.screen),
      json: grants.map((grant) => grantJson(grant, tool.users)),
    };
  },
};

/** The broker lists what one may see and does not say that there is more. */
async function requireAll(broker: RemoteBroker, grants: readonly GrantRow[], own: number): Promise<void> {
  if (own === 0 || grants.some(({ uid }) => uid !== own)) return;
  const count = (await broker.properties()).number('ThreadCount');
  if (count <= grants.length) return;
  throw new Complaint(
    exitStatus.refused,
    `There are ${count} granted threads, and you may see ${grants.length} of your own. ` +
      'Ask as root, or have polkit allow org.example.RealtimeBroker.inspect.',
  );
}
