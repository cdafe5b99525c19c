import { printable } from '../core/printable.ts';
import { type Complaint, exitStatus, toComplaint } from './complaint.ts';
import { json, type Tool, type Verb } from './verb.ts';

/** The tool's version beside the daemon's. */
export const version: Verb = {
  name: 'version',
  operands: [],
  flags: [json],
  summary: 'print the version of this tool and of the broker that runs',
  details: 'They should be the same: the broker was not restarted since it was upgraded if they differ.',
  async run(tool) {
    const daemon = await daemonVersion(tool);
    const known = typeof daemon === 'string';
    const lines = [
      `rtbroker ${tool.version}`,
      `realtime-brokerd ${known ? printable(daemon) : `unknown: ${daemon.message}`}`,
    ];
    if (known && daemon !== tool.version)
      lines.push("They differ. Restart the broker to have the one installed: 'systemctl restart realtime-broker'.");
    return {
      status: known ? exitStatus.done : daemon.status,
      lines,
      json: { tool: tool.version, daemon: known ? daemon : null },
    };
  },
};

async function daemonVersion(tool: Tool): Promise<string | Complaint> {
  try {
    return (await (await tool.broker()).properties()).text('Version');
  } catch (fault) {
    return toComplaint(fault);
  }
}
