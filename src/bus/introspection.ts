const doctype = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
`;

const argument = (name: string, type: string, direction: 'in' | 'out') =>
  `      <arg name="${name}" type="${type}" direction="${direction}"/>\n`;

const introspectable = `  <interface name="org.freedesktop.DBus.Introspectable">
    <method name="Introspect">
${argument('xml_data', 's', 'out')}    </method>
  </interface>
`;

const peer = `  <interface name="org.freedesktop.DBus.Peer">
    <method name="Ping"/>
    <method name="GetMachineId">
${argument('machine_uuid', 's', 'out')}    </method>
  </interface>
`;

const getters = `    <method name="Get">
${argument('interface_name', 's', 'in')}${argument('property_name', 's', 'in')}${argument('value', 'v', 'out')}    </method>
    <method name="GetAll">
${argument('interface_name', 's', 'in')}${argument('properties', 'a{sv}', 'out')}    </method>
`;

const setter = `    <method name="Set">
${argument('interface_name', 's', 'in')}${argument('property_name', 's', 'in')}${argument('value', 'v', 'in')}    </method>
    <signal name="PropertiesChanged">
      <arg name="interface_name" type="s"/>
      <arg name="changed_properties" type="a{sv}"/>
      <arg name="invalidated_properties" type="as"/>
    </signal>
`;

/** An object with an interface of its own. @param xml the file in dbus/, a <node> with that interface */
export function describeObject(xml: string, withSet: boolean): string {
  const end = xml.lastIndexOf('</node>');
  const start = xml.indexOf('<node');
  const properties = `  <interface name="org.freedesktop.DBus.Properties">
${getters}${withSet ? setter : ''}  </interface>
`;
  return `${doctype}${xml.slice(start, end)}${properties}${introspectable}${peer}</node>\n`;
}

/** An object that only has others below it. */
export function describeParent(children: readonly string[]): string {
  const nodes = children.map((child) => `  <node name="${child}"/>\n`).join('');
  return `${doctype}<node>\n${introspectable}${peer}${nodes}</node>\n`;
}
