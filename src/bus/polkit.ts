import type { Connection } from './connection.ts';
import { heed } from './heed.ts';

const policyKit1 = 'org.freedesktop.PolicyKit1';

/**
 * Tells when polkit says that its answers may be others now (a rule, a session, an authorization that was given for a
 * while), and when it is another polkit, or none.
 * @throws BusError
 */
export const heedPolkit = (connection: Connection, onChange: () => void): Promise<void> =>
  heed(connection, {
    service: policyKit1,
    path: '/org/freedesktop/PolicyKit1/Authority',
    interface: `${policyKit1}.Authority`,
    member: 'Changed',
    signature: '',
    heard: onChange,
    onOwner: onChange,
  });
